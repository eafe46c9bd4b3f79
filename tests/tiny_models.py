"""Tiny random causal LMs with a trained tokenizer and a chat template, for tests: a few hundred kilobytes each."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from assistant.policy.tokens import small_chat_template

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<tool_call>", "</tool_call>"]
SENTENCES = [
    "I need trail shoes for wet ground with a good grip and a wide fit.",
    "A fragrance-free shampoo for a dog with sensitive skin, under $15.",
    "<scenario>Trail shoes for wet ground</scenario>\n<aspects>grip; width; weight</aspects>",
    '<tool_call>\n{"name": "memory_retrieval_tool", "arguments": {"aspect": "grip"}}\n</tool_call>',
    '{"ideal_item_profile": "light trail shoes, wide fit", "useful_memory_ids": ["m1", "m2"]}',
    "<tool_response>\ngrip\nm1 [pattern] Shoes: prefers wide fit; praised in 3 reviews.\n</tool_response>",
    "system user assistant tool You help a shopper find the right product. What buyers weigh:",
]


def tiny_tokenizer(chat_template: str | None = None, vocabulary: int = 500) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on a few sentences, with Qwen2.5's special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_tokens(MARKS)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=chat_template or small_chat_template(),
    )


def tiny_model(tokenizer: PreTrainedTokenizerFast, *, seed: int = 0, positions: int = 1024) -> Qwen2ForCausalLM:
    """A random Qwen2.5 of 2 layers, 64 wide, in float32."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    return Qwen2ForCausalLM(config).eval()


def save_tiny_checkpoint(folder: Path, *, chat_template: str | None = None, seed: int = 0) -> Path:
    """A checkpoint folder of a tiny random model, without ``policy.json``."""
    tokenizer = tiny_tokenizer(chat_template)
    tokenizer.save_pretrained(folder)
    tiny_model(tokenizer, seed=seed).save_pretrained(folder)
    return folder
