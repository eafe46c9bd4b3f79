"""The writers of memory: what turns behaviours into entries."""
