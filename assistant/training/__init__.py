"""The training pipeline: traces, supervised warm start, GRPO."""
