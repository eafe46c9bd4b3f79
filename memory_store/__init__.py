"""The hierarchical memory: SQLite holds the truth, Chroma indexes it. Knows nothing of the assistant."""
