"""Traces as token ids, with the policy's own tokens marked: what the warm start learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset

from assistant.policy.tokens import END_OF_TURN, ChatTokens, Transcript
from assistant.training.errors import TrainingError
from assistant.training.traces import Trace

IGNORED = -100


def encode(chat: ChatTokens, trace: Trace) -> Transcript:
    """A trace as the transcript that serving would have had, had the policy written it token by token."""
    transcript = Transcript()
    end = chat.tokenizer.get_vocab().get(END_OF_TURN, chat.tokenizer.eos_token_id)
    if end is None:
        raise TrainingError("the tokenizer has neither <|im_end|> nor an end of text: choose an instruct model")
    for place, message in enumerate(trace.messages):
        if message.role != "assistant":
            continue
        chat.read(transcript, trace.messages[:place], tools=trace.tools)
        text = chat.defuse(message.content)
        ids = [*chat.encode(text), int(end)]
        transcript.add_written(text, ids, [0.0] * len(ids), chat.closing_text(int(end)))
    return transcript


class Examples(Dataset[dict[str, list[int]]]):
    """Transcripts as ``input_ids`` and ``labels``: the label of whatever the policy did not write is ignored."""

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self._transcripts = transcripts

    def __len__(self) -> int:
        return len(self._transcripts)

    def __getitem__(self, place: int) -> dict[str, list[int]]:
        one = self._transcripts[place]
        labels = [token if own else IGNORED for token, own in zip(one.ids, one.written, strict=True)]
        return {"input_ids": one.ids, "labels": labels}


@dataclass(frozen=True, slots=True)
class Padded:
    """Collates examples into int64 tensors [rows, longest], padded on the right."""

    pad_id: int

    def __call__(self, examples: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        width = max(len(example["input_ids"]) for example in examples)

        def padded(name: str, filling: int) -> torch.Tensor:
            return torch.tensor([one[name] + [filling] * (width - len(one[name])) for one in examples])

        mask = [[1] * len(one["input_ids"]) + [0] * (width - len(one["input_ids"])) for one in examples]
        return {
            "input_ids": padded("input_ids", self.pad_id),
            "labels": padded("labels", IGNORED),
            "attention_mask": torch.tensor(mask),
        }
