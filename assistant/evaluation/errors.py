"""What makes an experiment untrustworthy; each stops it."""

from __future__ import annotations

from assistant.errors import AssistantError


class EvaluationError(AssistantError):
    """The experiment cannot be run or read as asked; the message says what to change."""


class LeakError(EvaluationError):
    """The answer stands where the system can see it, so that no figure of this experiment would mean anything."""
