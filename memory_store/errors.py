"""What can go wrong with the memory. Each docstring says what it means to the person who sees it."""

from __future__ import annotations


class MemoryStoreError(Exception):
    """Base of all: the message names what was wrong, where, and what to do."""


class StoreMismatch(MemoryStoreError):
    """The store was built with another embedder than the one asked for: its vectors cannot be compared."""


class StoreTooNew(MemoryStoreError):
    """The store was written by a newer version of this software than the one that is opening it."""


class StoreBusy(MemoryStoreError):
    """Another process owns the store's vector index; only one at a time may write it."""


class UnknownUser(MemoryStoreError):
    """No such user is in the store."""


class UnknownSession(MemoryStoreError):
    """No such conversation of this user; that it may be somebody else's is not told apart."""
