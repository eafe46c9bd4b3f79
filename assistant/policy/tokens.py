"""Between messages and token ids. What a policy wrote keeps the ids that it wrote: it is never tokenised again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from assistant.errors import PolicyError
from assistant.policy.base import Conversation, encodable
from assistant.protocol import MEMORY_TOOL

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

END_OF_TURN = "<|im_end|>"
_PROBE = 'Trail shoes, 2 pairs (wide)\n<tool_call>\n{"name": "é 鞋 👟"}\n</tool_call>'


@lru_cache
def small_chat_template() -> str:
    """The chat template of the small policies trained here: Qwen2.5's turns and tool calls, a shorter tool list."""
    return (files("assistant.policy") / "chat_template.jinja").read_text(encoding="utf-8")


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """A short hash of what decides the token ids of a conversation: vocabulary, chat template, how text is split."""
    vocabulary = sorted(tokenizer.get_vocab().items())
    parts = [vocabulary, tokenizer.chat_template, tokenizer.encode(_PROBE, add_special_tokens=False)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(slots=True)
class Transcript:
    """The tokens of one trajectory as it grows: ``ids`` [n], and for each whether the policy wrote it, whether it had
    a choice there (structured decoding leaves it none inside a copy; told in batches only), and the log probability it
    had when drawn (0 for what was given to the policy). ``text`` is what the ids stand for."""

    text: str = ""
    ids: list[int] = field(default_factory=list)
    written: list[bool] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    closing: str = ""

    def copy(self) -> Transcript:
        """A transcript with the same past, that may grow another way."""
        return replace(
            self,
            ids=list(self.ids),
            written=list(self.written),
            chosen=list(self.chosen),
            logprobs=list(self.logprobs),
        )

    def add_given(self, text: str, ids: Sequence[int]) -> None:
        """Append what the policy was given: instructions, requests, tool results."""
        self.text += self.closing + text
        self.closing = ""
        self.ids += ids
        self.written += [False] * len(ids)
        self.chosen += [False] * len(ids)
        self.logprobs += [0.0] * len(ids)

    def add_written(
        self,
        text: str,
        ids: Sequence[int],
        logprobs: Sequence[float],
        closing: str,
        chosen: Sequence[bool] | None = None,
    ) -> None:
        """Append what the policy wrote. ``closing`` is the stop token's text when it ended the message itself;
        without ``chosen`` every token was its choice."""
        self.text += text
        self.closing = closing
        self.ids += ids
        self.written += [True] * len(ids)
        self.chosen += [True] * len(ids) if chosen is None else chosen
        self.logprobs += logprobs

    @property
    def prompt_length(self) -> int:
        """How many ids precede the policy's first own: the prompt of a rollout; what follows is its completion."""
        return self.written.index(True) if True in self.written else len(self.ids)


class ChatTokens:
    """A tokenizer with its chat template. Raises PolicyError when the tokenizer has none."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.chat_template:
            raise PolicyError(
                f"the tokenizer of {tokenizer.name_or_path!r} has no chat template: choose an instruct model"
            )
        self.tokenizer = tokenizer
        specials = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
        found = sorted((re.escape(text) for text in specials if len(text) > 1), key=len, reverse=True)
        self._special = re.compile("|".join(found)) if found else None

    def stop_ids(self, more: Sequence[int] = ()) -> frozenset[int]:
        """The tokens that end a message: the tokenizer's end of text, ``<|im_end|>``, and ``more``."""
        ends = {self.tokenizer.eos_token_id, self.tokenizer.get_vocab().get(END_OF_TURN), *more}
        return frozenset(token for token in ends if token is not None)

    def pad_id(self) -> int:
        """A token for the left of shorter prompts; masked, so any does."""
        return self.tokenizer.pad_token_id or 0

    def render(self, messages: Conversation, *, tools: bool) -> str:
        """The conversation as the text that the model continues.

        The tool is listed when it may be called, and stays listed once it was, so that a turn's text only grows.
        Special tokens spelt out in a message are data, and made harmless. Raises PolicyError when the template
        does not take these messages.
        """
        offered = tools or any(message.role == "tool" for message in messages)
        plain = [{"role": message.role, "content": self.defuse(message.content)} for message in messages]
        try:
            text = self.tokenizer.apply_chat_template(
                plain, tools=[MEMORY_TOOL] if offered else None, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as error:
            raise PolicyError(f"the checkpoint's chat template refuses this conversation: {error}") from error
        if not isinstance(text, str):
            raise PolicyError("the checkpoint's chat template gave no text")
        return text

    def defuse(self, text: str) -> str:
        """The text with every special token's spelling broken by a space, and in a form that can be encoded."""
        text = encodable(text)
        if self._special is None:
            return text
        return self._special.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)

    def encode(self, text: str) -> list[int]:
        """The ids of rendered text; special tokens in it are special."""
        return self.tokenizer.encode(text, add_special_tokens=False)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids without special tokens."""
        text = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text if isinstance(text, str) else "".join(text)

    def closing_text(self, token: int) -> str:
        """The spelling of a stop token, as the chat template writes it."""
        return str(self.tokenizer.convert_ids_to_tokens(token))

    def read(self, transcript: Transcript, messages: Conversation, *, tools: bool) -> None:
        """Bring a transcript up to a conversation that continues it, tokenising only what is new.

        Raises PolicyError when the conversation does not continue it: a message was changed, or the chat template
        rewrites earlier turns.
        """
        text = self.render(messages, tools=tools)
        past = transcript.text + transcript.closing
        if text.startswith(past):
            rest = text[len(past) :]
        elif text.startswith(transcript.text):
            transcript.closing, rest = "", text[len(transcript.text) :]
        else:
            raise PolicyError("the conversation does not continue what was written: its text changed on the way")
        transcript.add_given(rest, self.encode(rest))


class TextStream:
    """Turns ids into text as they come, holding back the bytes of a character that is not complete."""

    def __init__(self, chat: ChatTokens) -> None:
        self._chat = chat
        self._ids: list[int] = []
        self._sent = 0

    def push(self, token: int) -> str:
        """The text that this token completes; empty when it completes none."""
        self._ids.append(token)
        return self._take(self._chat.decode(self._ids).rstrip("\ufffd"))

    def finish(self) -> str:
        """What was held back."""
        return self._take(self._chat.decode(self._ids))

    def _take(self, text: str) -> str:
        piece = text[self._sent :]
        self._sent = max(self._sent, len(text))
        return piece
