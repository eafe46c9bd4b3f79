"""``policy.json`` in a checkpoint folder: what the policy was trained with, checked before it serves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import PolicyError
from assistant.policy.tokens import tokenizer_hash
from assistant.prompting import prompts_hash
from assistant.protocol import PROMPTS, PROTOCOL_VERSION

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CARD_FILE = "policy.json"
_MEANING = {
    "protocol_version": "the trajectory's text format",
    "prompt_hash": "the prompts",
    "tokenizer_hash": "the tokenizer or its chat template",
}


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """What must be the same in training and serving; whether it is served with structured decoding."""

    protocol_version: int
    prompt_hash: str
    tokenizer_hash: str
    structured: bool = False

    @classmethod
    def here(cls, tokenizer: PreTrainedTokenizerBase, *, structured: bool = False) -> PolicyCard:
        """The card of a policy trained by this version of the program with this tokenizer."""
        return cls(PROTOCOL_VERSION, prompts_hash(*PROMPTS), tokenizer_hash(tokenizer), structured)

    @classmethod
    def read(cls, file: Path) -> PolicyCard:
        """The card in a file; keys it does not know are left alone. Raises PolicyError when it cannot be read."""
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            version, prompts, tokenizer = (values[key] for key in _MEANING)
            card = cls(version, prompts, tokenizer, values.get("structured") is True)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise PolicyError(
                f"{file} is not a policy card with {', '.join(_MEANING)} ({error!r}): train the checkpoint again"
            ) from error
        return card

    def write(self, folder: Path) -> None:
        """Write ``policy.json`` into a checkpoint folder."""
        (folder / CARD_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def check(self, trained: PolicyCard, checkpoint: str) -> None:
        """Raise PolicyError naming everything that this program has otherwise than the checkpoint was trained with."""
        mine, theirs = asdict(self), asdict(trained)
        changed = [
            f"{what} ({key}: trained with {theirs[key]}, here {mine[key]})"
            for key, what in _MEANING.items()
            if mine[key] != theirs[key]
        ]
        if changed:
            raise PolicyError(
                f"checkpoint {checkpoint!r} was trained with other than what is installed: {'; '.join(changed)}. "
                "Train it again with this version, or install the version that trained it"
            )
