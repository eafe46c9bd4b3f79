"""Rollouts by vLLM inside the training processes: the same ids in, the same ids out, only faster on GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from assistant.policy.base import Conversation
from assistant.policy.generation import Guide
from assistant.policy.tokens import ChatTokens, Transcript


class VllmGenerator:
    """Continues transcripts by TRL's vLLM backend in colocate mode, a whole engine for each process.

    ``backend`` is the trainer's ``vllm_generation``, whose weights the trainer keeps in step. Seeds are vLLM's own.
    """

    def __init__(self, backend: Any, tokenizer: PreTrainedTokenizerBase) -> None:
        self.chat = ChatTokens(tokenizer)
        self._backend = backend
        self._stops = self.chat.stop_ids()

    def guide(self, messages: Conversation, tools: bool) -> None:
        """None: what vLLM writes is not held to the trajectory's form."""

    def extend(
        self,
        transcripts: Sequence[Transcript],
        *,
        temperature: float | None = None,
        seed: int | None = None,
        limits: Sequence[int] | None = None,
        guides: Sequence[Guide | None] | None = None,
    ) -> list[str]:
        """See ``rollout.Generator``. A message longer than its limit is cut there."""
        before = self._backend.temperature, self._backend.max_completion_length
        if temperature is not None:
            self._backend.temperature = temperature
        if limits is not None:
            self._backend.max_completion_length = max(limits)
        try:
            prompts = [transcript.ids for transcript in transcripts]
            _, drawn, logprobs, _ = self._backend.generate(prompts=prompts, images=None, num_generations=1)
        finally:
            self._backend.temperature, self._backend.max_completion_length = before
        cuts = limits or [len(ids) for ids in drawn]
        return [
            self._add(transcript, ids[:cut], [float(one[0] or 0.0) for one in chances[:cut]])
            for transcript, ids, chances, cut in zip(transcripts, drawn, logprobs, cuts, strict=True)
        ]

    def _add(self, transcript: Transcript, ids: list[int], logprobs: list[float]) -> str:
        stopped = bool(ids) and ids[-1] in self._stops
        text = self.chat.decode(ids[:-1] if stopped else ids)
        transcript.add_written(text, ids, logprobs, self.chat.closing_text(ids[-1]) if stopped else "")
        return text
