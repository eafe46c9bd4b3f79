"""What can go wrong. Each docstring says what it means to the person who sees it."""

from __future__ import annotations


class AssistantError(Exception):
    """Base of all: the message names what was wrong, where, and what to do."""


class DatasetError(AssistantError):
    """A dataset folder cannot be read: a file is missing, or too damaged to go on."""


class StoreError(AssistantError):
    """The store is missing, half built, or built with other settings than the ones asked for."""


class SettingsError(AssistantError):
    """A setting has a value that cannot be used; the message lists those that can."""


class PolicyError(AssistantError):
    """The policy could not write: its server refused or timed out, or its checkpoint does not fit."""


class ProtocolError(AssistantError):
    """What the policy wrote does not follow the trajectory's format; the message says where."""


class ToolError(AssistantError):
    """A tool call cannot be carried out; the policy may try again with other arguments."""
