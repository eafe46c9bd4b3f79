"""What can go wrong in training."""

from __future__ import annotations

from assistant.errors import AssistantError


class TrainingError(AssistantError):
    """A training run cannot start or go on; the message says what to change."""
