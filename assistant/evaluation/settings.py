"""What is compared: the memory settings, their ablations, and baselines that need no policy (PAPER, "The figures")."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.catalogue.search import Method
from assistant.errors import SettingsError
from assistant.turn import TurnOptions
from memory_store.types import Level

BaselineText = Literal["request", "naive", "oracle"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to use memory. ``shuffled`` lends each user another user's memory."""

    name: str
    says: str
    options: TurnOptions
    shuffled: bool = False

    def for_user(self, user_id: str, lenders: Mapping[str, str]) -> TurnOptions:
        """The options of this user's turn; ``lenders`` says whose memory each user is lent."""
        return replace(self.options, memory_of=lenders[user_id]) if self.shuffled and user_id else self.options


@dataclass(frozen=True, slots=True)
class Baseline:
    """A ranking without a policy: what text ranks the catalogue, and by which method."""

    name: str
    says: str
    text: BaselineText
    method: Method


MEMORY = {
    setting.name: setting
    for setting in (
        Setting("none", "no memory of the shopper", TurnOptions(memory="none")),
        Setting("naive", "the last 10 interactions in the prompt", TurnOptions(memory="naive")),
        Setting("static", "one written summary in the prompt", TurnOptions(memory="static")),
        Setting("mrrec", "hierarchical memory, one retrieval an aspect", TurnOptions()),
    )
}

ABLATIONS = {
    setting.name: setting
    for setting in (
        Setting("no_local", "mrrec without local memory", TurnOptions(levels=frozenset())),
        Setting("no_global", "mrrec without global memory", TurnOptions(use_global=False)),
        Setting("behaviour_only", "mrrec with behaviours only", TurnOptions(levels=frozenset({Level.BEHAVIOUR}))),
        Setting("pattern_only", "mrrec with patterns only", TurnOptions(levels=frozenset({Level.PATTERN}))),
        Setting("profile_only", "mrrec with the profile only", TurnOptions(levels=frozenset({Level.PROFILE}))),
        Setting("by_request", "mrrec retrieving by the request, not by aspects", TurnOptions(by_request=True)),
        Setting("shuffled", "mrrec with another user's memory", TurnOptions(), shuffled=True),
    )
}

BASELINES = {
    baseline.name: baseline
    for baseline in (
        Baseline("request_dense", "the request alone, by cosine", "request", "dense"),
        Baseline("request_bm25", "the request alone, by BM25", "request", "bm25"),
        Baseline("request_mix", "the request alone, by the mix of both", "request", "mix"),
        Baseline("request_naive", "the request and the last 10 titles, by the mix", "naive", "mix"),
        Baseline("oracle", "a profile written from the true taste, by the mix", "oracle", "mix"),
    )
}


def choose_settings(names: Iterable[str], *, ablations: bool = False) -> list[Setting]:
    """The settings of those names, in a fixed order. Raises SettingsError that lists the choices."""
    known = MEMORY | ABLATIONS
    wanted = {name.strip() for name in names if name.strip()} | (set(ABLATIONS) if ablations else set())
    if unknown := sorted(wanted - set(known)):
        raise SettingsError(f"--memory: {', '.join(unknown)} is no memory setting: choose from {', '.join(known)}")
    if not wanted:
        raise SettingsError(f"--memory names no setting: choose from {', '.join(known)}")
    return [setting for name, setting in known.items() if name in wanted]


def derangement(user_ids: Sequence[str], seed: int) -> dict[str, str]:
    """Whose memory each user is lent: a seeded permutation that leaves nobody their own.

    Raises SettingsError where there is only one user.
    """
    users = sorted(set(user_ids))
    if len(users) == 1:
        raise SettingsError("the shuffled setting needs the requests of two users or more")
    random.Random(seed).shuffle(users)
    return dict(zip(users, [*users[1:], *users[:1]], strict=True))
