"""Token generation from a transformers causal LM: one prompt with the KV cache kept between calls, or many at once."""

from __future__ import annotations

import copy
import inspect
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from transformers import DynamicCache, PreTrainedModel


class Guide(Protocol):
    """What may be drawn: asked before each token for the ids that may come and whether they differ in what is said,
    and told which one came."""

    def allowed(self) -> frozenset[int]: ...

    def chooses(self) -> bool: ...

    def push(self, token: int) -> None: ...


@dataclass(slots=True)
class Generation:
    """What was generated: ``ids`` (the stop token included), the log probability each had when it was drawn, whether
    it was a choice, and whether a stop token ended it (else the limit did)."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)
    stopped: bool = False

    def add(self, token: int, logprob: float, stops: frozenset[int], chosen: bool = True) -> None:
        self.ids.append(token)
        self.logprobs.append(logprob)
        self.chosen.append(chosen)
        self.stopped = token in stops


@dataclass(slots=True)
class _Kept:
    """A KV cache and the ids that it holds."""

    ids: list[int]
    cache: DynamicCache


class Shelf:
    """The KV caches of the last conversations. A cache is taken off while it is written to, so threads may share."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: list[_Kept] = []
        self._lock = threading.Lock()

    def take(self, ids: Sequence[int]) -> _Kept | None:
        """A cache of the longest kept prefix of ``ids``, at least the last id left out; None where none is kept.

        A conversation that goes on gets its own cache; one that only begins alike gets a copy of the beginning.
        """
        with self._lock:
            lengths = [min(_common(kept.ids, ids), len(ids) - 1) for kept in self._kept]
            if not lengths or max(lengths) == 0:
                return None
            best = lengths.index(max(lengths))
            goes_on = lengths[best] == len(self._kept[best].ids)
            kept = self._kept.pop(best) if goes_on else copy.deepcopy(self._kept[best])
        if surplus := len(kept.ids) - lengths[best]:
            kept.cache.crop(-surplus)
            del kept.ids[-surplus:]
        return kept

    def put(self, kept: _Kept) -> None:
        """Keep a cache, and let go of the one longest unused. Caches that cannot be cropped are not kept."""
        if not kept.cache.is_croppable:
            return
        with self._lock:
            self._kept.append(kept)
            del self._kept[: -self._size]

    def clear(self) -> None:
        """Let go of all: the model's weights changed."""
        with self._lock:
            self._kept.clear()


class Sampler:
    """Draws tokens from a model. ``shelf`` holds KV caches between calls of ``stream``."""

    def __init__(self, model: PreTrainedModel, *, stop_ids: frozenset[int], pad_id: int, caches: int = 4) -> None:
        self.model = model
        self.stop_ids = stop_ids
        self.shelf = Shelf(caches)
        self._pad_id = pad_id
        keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._options: dict[str, object] = {"use_cache": True} | ({"logits_to_keep": 1} if keeps else {})

    def stream(
        self,
        prompt: Sequence[int],
        *,
        max_new_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        guide: Guide | None = None,
    ) -> Generator[tuple[int, float], None, None]:
        """Each token as it is drawn, with its log probability, the stop token included. Temperature 0 is greedy.

        With a ``guide`` the probability is that among the tokens it allows, and a token without alternative is not
        computed at all.
        """
        kept = self.shelf.take(prompt) or _Kept([], self._new_cache())
        noise = self._noise(seed)
        fresh = list(prompt[len(kept.ids) :])
        try:
            for _ in range(max_new_tokens):
                allowed = guide.allowed() if guide else None
                if allowed and len(allowed) == 1:
                    token, logprob = next(iter(allowed)), 0.0
                    fresh.append(token)
                else:
                    logits = self._forward(torch.tensor([fresh]), kept.cache)
                    kept.ids += fresh
                    fresh, logprobs = _draw(_within(logits, [allowed]), temperature, noise)
                    token, logprob = fresh[0], logprobs[0]
                if guide:
                    guide.push(token)
                yield token, logprob
                if token in self.stop_ids:
                    break
        finally:
            if kept.ids and kept.cache.get_seq_length() == len(kept.ids):
                self.shelf.put(kept)

    def batch(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        max_new_tokens: int | Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
        batch_size: int = 32,
        guides: Sequence[Guide | None] | None = None,
    ) -> list[Generation]:
        """A generation for each prompt, in their order; ``max_new_tokens`` and ``guides`` may differ by prompt.
        Prompts of like length run together, padded on the left. The same arguments give the same tokens."""
        limits = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else list(max_new_tokens)
        results = [Generation() for _ in prompts]
        order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), list(prompts[row])))
        noise = self._noise(seed)
        with _evaluating(self.model):
            for start in range(0, len(order), batch_size):
                rows = [row for row in order[start : start + batch_size] if limits[row] > 0]
                self._fill(rows, prompts, limits, results, guides or [None] * len(prompts), temperature, noise)
        return results

    def _fill(
        self,
        rows: list[int],
        prompts: Sequence[Sequence[int]],
        limits: Sequence[int],
        results: Sequence[Generation],
        guides: Sequence[Guide | None],
        temperature: float,
        noise: torch.Generator,
    ) -> None:
        """Generate for these rows together; a row leaves the batch when it is finished."""
        if not rows:
            return
        logits, cache, mask = self._prefill([prompts[row] for row in rows])
        while True:
            allowed = [guide.allowed() if (guide := guides[row]) else None for row in rows]
            tokens, logprobs = _draw(_within(logits, allowed), temperature, noise)
            for row, token, logprob in zip(rows, tokens, logprobs, strict=True):
                guide = guides[row]
                results[row].add(token, logprob, self.stop_ids, guide is None or guide.chooses())
                if guide:
                    guide.push(token)
            going = [
                place
                for place, row in enumerate(rows)
                if not results[row].stopped and len(results[row].ids) < limits[row]
            ]
            if not going:
                return
            if len(going) < len(rows):
                rows, mask = [rows[place] for place in going], mask[going]
                cache.batch_select_indices(torch.tensor(going, device=self.model.device))
            mask = torch.cat([mask, mask.new_ones(len(going), 1)], dim=1)
            logits = self._forward(torch.tensor([[tokens[place]] for place in going]), cache, mask)

    def _prefill(self, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, DynamicCache, torch.Tensor]:
        """Logits, cache and attention mask after the prompts, a row each. A prompt that comes several times (a
        group of rollouts) is computed once."""
        places: dict[tuple[int, ...], int] = {}
        owners = [places.setdefault(tuple(prompt), len(places)) for prompt in prompts]
        width = max(map(len, places))
        ids = torch.tensor([[self._pad_id] * (width - len(prompt)) + list(prompt) for prompt in places])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in places])
        cache = self._new_cache()
        logits = self._forward(ids, cache, mask)
        if len(places) == len(owners):
            return logits, cache, mask
        cache.batch_select_indices(torch.tensor(owners, device=self.model.device))
        return logits[owners], cache, mask[owners]

    @torch.inference_mode()
    def _forward(self, ids: torch.Tensor, cache: DynamicCache, mask: torch.Tensor | None = None) -> torch.Tensor:
        """The next token's logits, float32 [rows, vocabulary], after ``ids`` [rows, new] in addition to the cache."""
        device = self.model.device
        masking = {}
        if mask is not None:
            positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            masking = {"attention_mask": mask.to(device), "position_ids": positions.to(device)}
        output = self.model(input_ids=ids.to(device), past_key_values=cache, **masking, **self._options)
        return output.logits[:, -1].float()

    def _new_cache(self) -> DynamicCache:
        return DynamicCache(config=self.model.config)

    def _noise(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.model.device).manual_seed(seed)


def _draw(logits: torch.Tensor, temperature: float, noise: torch.Generator) -> tuple[list[int], list[float]]:
    """A token a row, and its log probability at this temperature (at 1 when greedy)."""
    logprobs = torch.log_softmax(logits / temperature if temperature > 0 else logits, dim=-1)
    if temperature > 0:
        tokens = torch.multinomial(logprobs.exp(), 1, generator=noise)
    else:
        tokens = logprobs.argmax(dim=-1, keepdim=True)
    return tokens[:, 0].tolist(), logprobs.gather(1, tokens)[:, 0].tolist()


def _within(logits: torch.Tensor, allowed: Sequence[frozenset[int] | None]) -> torch.Tensor:
    """The logits [rows, vocabulary] with every token that its row does not allow made impossible."""
    if not any(allowed):
        return logits
    barred = torch.zeros_like(logits, dtype=torch.bool)
    for row, tokens in enumerate(allowed):
        if tokens is not None:
            barred[row] = True
            barred[row, list(tokens)] = False
    return logits.masked_fill(barred, float("-inf"))


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """The length of the common prefix."""
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return place
    return min(len(left), len(right))


@contextmanager
def _evaluating(model: PreTrainedModel) -> Iterator[None]:
    """The model without dropout, and afterwards as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
