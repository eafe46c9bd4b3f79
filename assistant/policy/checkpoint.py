"""A policy from a transformers causal LM, a folder or a hub name, on GPU or CPU, in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import cached_file

from assistant.errors import PolicyError
from assistant.policy.base import Conversation
from assistant.policy.card import CARD_FILE, PolicyCard
from assistant.policy.generation import Generation, Guide, Sampler
from assistant.policy.structure import Structure, Vocabulary
from assistant.policy.tokens import ChatTokens, TextStream, Transcript

MAX_NEW_TOKENS = 768
MAX_CONTEXT = 8_192
LEAST_ROOM = 64
REMEMBERED = 1_024
SMALL_MODEL = 20_000_000
_LOADING_ERRORS = (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError, StrictDataclassError)


class CheckpointPolicy:
    """Writes with a model held in memory. ``note`` says what a user should know of it ("" when nothing).

    Within a turn nothing is tokenised twice and nothing computed twice: a conversation that continues what this
    policy wrote keeps the ids that were drawn, and ``write`` keeps the KV cache. Threads may write at once.
    ``max_new_tokens`` bounds a message, ``context`` all tokens of a conversation; temperature 0 is greedy, and
    any temperature draws the same tokens for the same ``seed``. ``structured``: whether what it writes is held to
    the trajectory's form and to copies of what it was told (``structure.Structure``).
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        note: str = "",
        max_new_tokens: int = MAX_NEW_TOKENS,
        context: int = MAX_CONTEXT,
        temperature: float = 0.0,
        seed: int = 0,
        batch_size: int = 32,
        structured: bool = False,
    ) -> None:
        self.name = name
        self.note = note
        self.model = model
        self.chat = ChatTokens(tokenizer)
        self.max_new_tokens = max_new_tokens
        self.context = min(context, _positions(model.config) or context)
        self.temperature = temperature
        self.seed = seed
        self.batch_size = batch_size
        stops = self.chat.stop_ids(_configured_stops(model))
        self._sampler = Sampler(model, stop_ids=stops, pad_id=self.chat.pad_id())
        self._stops = stops
        self._vocabulary = Vocabulary(tokenizer) if structured else None
        self._written: OrderedDict[str, Transcript] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        checkpoint: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        max_new_tokens: int = MAX_NEW_TOKENS,
        context: int = MAX_CONTEXT,
        temperature: float = 0.0,
        seed: int = 0,
        structured: str = "auto",
    ) -> CheckpointPolicy:
        """Load a checkpoint folder or hub name.

        ``device``: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1". ``dtype``: "auto" (bfloat16 on a GPU
        and on a CPU that is faster with it, else float32), "float32", "bfloat16". ``structured``: "auto" (as its
        ``policy.json`` says), "on", "off". Raises PolicyError when it cannot
        be read, lacks weights or a chat template, or its ``policy.json`` does not match this program.
        """
        place = _device(device)
        _check_name(checkpoint)
        try:
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
            card = _card_of(checkpoint, tokenizer)
            config = AutoConfig.from_pretrained(checkpoint)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                checkpoint, dtype=_dtype(dtype, place, config), output_loading_info=True
            )
            model, loading = loaded
        except _LOADING_ERRORS as error:
            raise PolicyError(
                f"checkpoint {checkpoint!r} cannot be loaded: {_first_line(error)}. MRREC_CHECKPOINT must name a "
                "folder with config.json, tokenizer files and model.safetensors, or a model of the Hugging Face hub"
            ) from error
        if missing := sorted(loading["missing_keys"]):
            raise PolicyError(
                f"checkpoint {checkpoint!r} lacks {len(missing)} weights (the first: {missing[0]}): it is damaged, or "
                "its config.json belongs to another model"
            )
        return cls(
            model.to(place).eval(),
            tokenizer,
            name=f"checkpoint {Path(checkpoint).name}",
            note="" if card else _no_card(checkpoint),
            structured=structured == "on" or (structured == "auto" and card is not None and card.structured),
            max_new_tokens=max_new_tokens,
            context=context,
            temperature=temperature,
            seed=seed,
        )

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """Stream the next assistant message. Raises PolicyError when the conversation leaves no room for it."""
        transcript = self.transcript(messages, tools=tools)
        drawn, pieces = Generation(), TextStream(self.chat)
        stream = self._sampler.stream(
            transcript.ids,
            max_new_tokens=self._room(transcript),
            temperature=self.temperature,
            seed=self.seed,
            guide=self.guide(messages, tools),
        )
        try:
            for token, logprob in stream:
                drawn.add(token, logprob, self._sampler.stop_ids)
                if not drawn.stopped and (piece := pieces.push(token)):
                    yield piece
        except torch.OutOfMemoryError as error:
            raise self._no_memory() from error
        finally:
            stream.close()
        if rest := pieces.finish():
            yield rest
        self._add(transcript, drawn)

    def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
        """The next assistant message of each conversation, generated together. Raises PolicyError as ``write``."""
        pairs = list(zip(conversations, tools, strict=True))
        transcripts = [self.transcript(messages, tools=offered) for messages, offered in pairs]
        return self.extend(transcripts, guides=[self.guide(messages, offered) for messages, offered in pairs])

    def transcript(self, messages: Conversation, *, tools: bool) -> Transcript:
        """The conversation as token ids, ready to be continued; what this policy wrote in it stands as it was drawn.

        Training reads the ids, the mask (``chosen``) and the log probabilities of a trajectory from it.
        """
        last = max((place for place, message in enumerate(messages) if message.role == "assistant"), default=None)
        transcript = Transcript()
        if last is not None:
            offered = tools or any(message.role == "tool" for message in messages)
            before = self.chat.render(messages[:last], tools=offered) + self.chat.defuse(messages[last].content)
            with self._lock:
                known = self._written.get(before)
            if known is not None and self.chat.render(messages, tools=tools).startswith(before):
                transcript = known.copy()
        self.chat.read(transcript, messages, tools=tools)
        return transcript

    def extend(
        self,
        transcripts: Sequence[Transcript],
        *,
        temperature: float | None = None,
        seed: int | None = None,
        limits: Sequence[int] | None = None,
        guides: Sequence[Guide | None] | None = None,
    ) -> list[str]:
        """Write the next assistant message of each transcript, in place and together; returns their texts.

        A training loop alternates ``chat.read`` (what the tools answered) and this. ``limits`` bound the tokens of
        each message further, ``guides`` hold them to a form. Raises PolicyError when one has no room left.
        """
        rooms = [self._room(transcript) for transcript in transcripts]
        try:
            drawn = self._sampler.batch(
                [transcript.ids for transcript in transcripts],
                max_new_tokens=rooms if limits is None else [min(pair) for pair in zip(rooms, limits, strict=True)],
                temperature=self.temperature if temperature is None else temperature,
                seed=self.seed if seed is None else seed,
                batch_size=self.batch_size,
                guides=guides,
            )
        except torch.OutOfMemoryError as error:
            raise self._no_memory() from error
        return [self._add(transcript, one) for transcript, one in zip(transcripts, drawn, strict=True)]

    def generate_ids(
        self,
        prompt_ids_batch: Sequence[Sequence[int]],
        *,
        max_new_tokens: int | None = None,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[list[int]]:
        """The ids that continue each prompt, the stop token included; batched, padded on the left."""
        limit = self.max_new_tokens if max_new_tokens is None else max_new_tokens
        drawn = self._sampler.batch(
            prompt_ids_batch,
            max_new_tokens=limit,
            temperature=temperature,
            seed=seed,
            batch_size=self.batch_size,
        )
        return [one.ids for one in drawn]

    def weights_changed(self) -> None:
        """Forget what was computed with the old weights; a trainer calls this after each update."""
        self._sampler.shelf.clear()

    def guide(self, messages: Conversation, tools: bool) -> Guide | None:
        """What holds the next message to the trajectory's form; None where this policy writes freely."""
        if self._vocabulary is None:
            return None
        return Structure(self._vocabulary, self._stops, messages, tools=tools)

    def _add(self, transcript: Transcript, drawn: Generation) -> str:
        """Append what was drawn to its transcript and remember it; returns the message's text."""
        closing = self.chat.closing_text(drawn.ids[-1]) if drawn.stopped else ""
        text = self.chat.decode(drawn.ids[:-1] if drawn.stopped else drawn.ids)
        transcript.add_written(text, drawn.ids, drawn.logprobs, closing, drawn.chosen)
        with self._lock:
            self._written[transcript.text] = transcript.copy()
            self._written.move_to_end(transcript.text)
            while len(self._written) > REMEMBERED:
                self._written.popitem(last=False)
        return text

    def _room(self, transcript: Transcript) -> int:
        """How many tokens the next message may have."""
        room = self.context - len(transcript.ids)
        if room < min(self.max_new_tokens, LEAST_ROOM):
            raise PolicyError(
                f"the conversation has {len(transcript.ids)} tokens and {self.name} takes {self.context}, which leaves "
                "no room for an answer: shorten the request, or choose a checkpoint with a longer context"
            )
        return min(self.max_new_tokens, room)

    def _no_memory(self) -> PolicyError:
        return PolicyError(
            f"{self.name} ran out of memory on {self.model.device}: choose a smaller checkpoint, or MRREC_DEVICE=cpu"
        )


def _check_name(checkpoint: str) -> None:
    """Raise PolicyError for what is plainly a path and no checkpoint folder, before anything asks the hub for it."""
    folder = Path(checkpoint)
    looks_like_path = checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1 or folder.exists()
    if not checkpoint or (looks_like_path and not (folder / "config.json").is_file()):
        raise PolicyError(
            f"MRREC_CHECKPOINT={checkpoint!r} is no checkpoint: a folder with config.json, tokenizer files and "
            "model.safetensors is wanted, or the name of a model of the Hugging Face hub"
        )


def _card_of(checkpoint: str, tokenizer: PreTrainedTokenizerBase) -> PolicyCard | None:
    """The checked card of a checkpoint; None where it has none."""
    file = cached_file(
        checkpoint,
        CARD_FILE,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    if file is None:
        return None
    card = PolicyCard.read(Path(file))
    PolicyCard.here(tokenizer).check(card, checkpoint)
    return card


def _no_card(checkpoint: str) -> str:
    return f"{checkpoint} has no {CARD_FILE}: it was not trained for this assistant and may miss its format"


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise PolicyError(f'MRREC_DEVICE={device!r} is no device: choose "auto", "cpu", "cuda" or "cuda:1"') from error
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise PolicyError(
            f"MRREC_DEVICE={device!r}: torch {torch.__version__} sees {torch.cuda.device_count()} GPUs here; choose "
            '"auto" or "cpu", or install the torch build for your GPU'
        )
    return place


def _dtype(dtype: str, device: torch.device, config: PretrainedConfig) -> torch.dtype:
    if dtype in ("float32", "bfloat16"):
        return torch.float32 if dtype == "float32" else torch.bfloat16
    if dtype != "auto":
        raise PolicyError(f'dtype {dtype!r} is not known: choose "auto", "float32" or "bfloat16"')
    if device.type != "cpu":
        return torch.bfloat16
    with torch.device("meta"):
        size = AutoModelForCausalLM.from_config(config).num_parameters()
    return torch.bfloat16 if size > SMALL_MODEL and _bfloat16_is_faster() else torch.float32


def _bfloat16_is_faster() -> bool:
    """Whether this CPU multiplies bfloat16 matrices clearly faster than float32 ones: a few milliseconds' trial."""

    def seconds(dtype: torch.dtype) -> float:
        left, right = torch.ones(256, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype)
        trials = []
        for _ in range(5):
            start = time.perf_counter()
            torch.mm(left, right)
            trials.append(time.perf_counter() - start)
        return min(trials)

    return seconds(torch.bfloat16) < 0.8 * seconds(torch.float32)


def _positions(config: PretrainedConfig) -> int | None:
    """How many tokens the model has positions for; None when its config does not say."""
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def _configured_stops(model: PreTrainedModel) -> list[int]:
    """The end tokens that the model's generation settings name."""
    ends = model.generation_config.eos_token_id if model.generation_config else None
    if ends is None:
        return []
    return [ends] if isinstance(ends, int) else list(ends)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
