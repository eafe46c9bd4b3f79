"""The catalogue: items, search, constraints."""
