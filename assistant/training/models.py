"""Where a policy's weights and tokenizer begin: a base model, or a small one made from scratch with its own BPE."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, cast

import torch
from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from assistant import protocol
from assistant.policy.base import Message
from assistant.policy.tokens import small_chat_template
from assistant.training.config import ArchitectureConfig, ModelConfig
from assistant.training.errors import TrainingError
from assistant.types import ItemProfile, KindsNear
from memory_store.embedding import Embedder, load_embedder

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
LEAST_PIECE = 3
LONGEST_MEANING = 40
_GAP = "@@@"
_OPENING = "assistant\n"
_VARIABLE = re.compile("|".join(map(re.escape, (_GAP, f"<|im_start|>{_OPENING}", *SPECIAL))))


def start_from(
    config: ModelConfig, folder: Path, texts: Iterable[str], seed: int, embedder: str
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and tokenizer that a run starts from.

    Those made from scratch are kept in ``folder`` and read from it by a run that goes on; ``texts`` teach the
    tokenizer, and ``embedder`` the meanings of its tokens where the architecture asks for them.

    Raises TrainingError where a base cannot be loaded.
    """
    if config.architecture is None:
        return load(cast(str, config.base), config.dtype)
    if not folder.exists():
        tokenizer = train_tokenizer(texts, config.architecture.vocabulary)
        model = make_model(config.architecture, tokenizer, seed)
        if config.architecture.meanings:
            give_meanings(model, tokenizer, load_embedder(embedder))
        draft = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        tokenizer.save_pretrained(draft)
        model.save_pretrained(draft)
        draft.rename(folder)
    return load(str(folder), config.dtype)


def load(where: str, dtype: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, ready to be trained, and its tokenizer, from a folder or the hub. Raises TrainingError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
        model = AutoModelForCausalLM.from_pretrained(where, dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:
        raise TrainingError(f"model.base {where!r} cannot be loaded: {error}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def make_model(architecture: ArchitectureConfig, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """A random model of this architecture, float32, input and output embeddings tied."""
    torch.manual_seed(seed)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": architecture.width,
        "intermediate_size": architecture.feed_forward,
        "num_hidden_layers": architecture.layers,
        "num_attention_heads": architecture.heads,
        "num_key_value_heads": architecture.key_value_heads,
        "max_position_embeddings": architecture.positions,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if architecture.kind == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(**shape))
    return Qwen3ForCausalLM(Qwen3Config(**shape, head_dim=architecture.width // architecture.heads))


def give_meanings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, embedder: Embedder) -> None:
    """Lets tokens that mean alike begin alike: half of each token's random vector gives way to the embedder's vector
    of its text, brought to the model's width by principal components and to the same scale. Bytes stay random."""
    texts = [str(tokenizer.decode([token])).strip() for token in range(len(tokenizer))]
    telling = [token for token, text in enumerate(texts) if 1 < len(text) <= LONGEST_MEANING and "\ufffd" not in text]
    vectors = torch.from_numpy(embedder.embed([texts[token] for token in telling]))
    centred = vectors - vectors.mean(0)
    weights = cast(torch.nn.Embedding, model.get_input_embeddings()).weight
    width = min(weights.shape[1], *centred.shape)
    meanings = torch.zeros(len(telling), weights.shape[1])
    meanings[:, :width] = centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:width].T
    with torch.no_grad():
        scaled = meanings * (weights.std() / meanings.std())
        weights[telling] = (weights[telling] + scaled) / 2**0.5


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE with Qwen2.5's special tokens, to which every fixed piece of a trajectory is one token.

    The instructions of the system prompt, a tool call and the answer's frame say the same in every trajectory: as
    single tokens they cost almost nothing to read, to write and to learn.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(vocabulary - len(fixed_pieces()), 256 + len(SPECIAL)),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in fixed_pieces()])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=small_chat_template(),
        clean_up_tokenization_spaces=False,
    )


def fixed_pieces() -> list[str]:
    """What stands word for word in every trajectory, as the chat template renders it; longest first."""
    pieces = {_OPENING}
    gap = (_GAP, _GAP)
    for tools, weighed, near, bought in product((True, False), ((), gap), ((), gap), ((), gap)):
        kinds = KindsNear(near, bought)
        opened = protocol.open_trajectory(_GAP, weighed=weighed, kinds=kinds, tools=tools)
        said = [
            protocol.PolicyMessage(_GAP, (_GAP,), calls=gap),
            protocol.PolicyMessage(profile=ItemProfile(_GAP, gap)),
            protocol.PolicyMessage(profile=ItemProfile(_GAP)),
            protocol.PolicyMessage(_GAP, (_GAP,), profile=ItemProfile(_GAP, gap)),
        ]
        messages = list(opened)
        for message in said:
            messages += [
                Message("assistant", protocol.write_message(message)),
                Message("tool", _GAP),
                Message("tool", _GAP),
            ]
        plain = [asdict(message) for message in messages]
        listed = [protocol.MEMORY_TOOL] if tools else None
        rendered = _template().render(messages=plain, tools=listed, add_generation_prompt=True)
        pieces.update(_with_space_left(piece) for piece in _VARIABLE.split(rendered))
    return sorted((piece for piece in pieces if len(piece) >= LEAST_PIECE), key=lambda piece: (-len(piece), piece))


def _with_space_left(piece: str) -> str:
    """The piece without the space before a name, which belongs to the name's first token: so it is the same token in a
    list of kinds and in a scenario."""
    return piece.removesuffix(" ") if piece.endswith(": ") else piece


def _template() -> Template:
    return ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"]).from_string(small_chat_template())


def count_parameters(config: ModelConfig) -> int | None:
    """How many weights the model has, without loading them; None where its base is not at hand and not told."""
    try:
        if config.architecture is not None:
            vocabulary = config.architecture.vocabulary
            placeholder = type(
                "Vocabulary", (), {"__len__": lambda _: vocabulary, "eos_token_id": 0, "pad_token_id": 0}
            )
            with torch.device("meta"):
                return make_model(config.architecture, placeholder(), 0).num_parameters()
        with torch.device("meta"):
            shape = AutoConfig.from_pretrained(cast(str, config.base))
            return AutoModelForCausalLM.from_config(shape).num_parameters()
    except (OSError, ValueError):
        return None if config.parameters is None else int(config.parameters * 1e9)
