"""One request looked into: its whole trajectory under a setting, and what every setting put first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.datasets.rows import RequestRow
from assistant.evaluation.errors import EvaluationError
from assistant.evaluation.metrics import ranks_of
from assistant.evaluation.run import TOP, Arm, Players
from assistant.evaluation.world import World
from assistant.turn import Trajectory

TITLE = 60


@dataclass(frozen=True, slots=True)
class Look:
    """A request under one setting."""

    arm: Arm
    trajectory: Trajectory


def find_request(requests: Sequence[RequestRow], request_id: str) -> RequestRow:
    """The request of that id. Raises EvaluationError where there is none."""
    for request in requests:
        if request.request_id == request_id:
            return request
    raise EvaluationError(
        f"no request {request_id!r}: the first ones are {', '.join(r.request_id for r in requests[:5])}."
    )


def look(players: Players, arms: Sequence[Arm], request: RequestRow) -> list[Look]:
    """The request answered under every setting. Raises AssistantError."""
    return [Look(arm, players.trajectory(arm.setting, request, arm.policy)) for arm in arms]


def show(console: Console, world: World, request: RequestRow, looks: Sequence[Look]) -> None:
    """Prints the trajectory of the last setting (the richest memory comes last), then each setting's best items."""
    titles = _titles(world, [*request.target_item_ids, *(i for each in looks for i in each.trajectory.ranking[:TOP])])
    console.print(Text(f"{request.request_id} ({request.style}, {request.category}) of {request.user_id}", "bold"))
    console.print(Text(f"“{request.request}”"))
    for target in request.target_item_ids:
        console.print(Text(f"target {target}: {titles.get(target, 'not in the catalogue')}"))
    shown = looks[-1]
    console.print(Text(f"\nThe trajectory under {shown.arm.name}, by {shown.arm.policy.name}", "bold"))
    for message in shown.trajectory.messages:
        console.print(Text(f"{message.role}", "dim"))
        console.print(Text(f"{message.content}\n"))
    console.print(_table(request, looks, titles))


def _table(request: RequestRow, looks: Sequence[Look], titles: dict[str, str]) -> Table:
    table = Table(title=f"The best {TOP} under each setting", title_justify="left", show_lines=True)
    for name in ("setting", "rank of the target", "memory tokens", "ideal item profile", "first items"):
        table.add_column(name)
    for each in looks:
        trajectory = each.trajectory
        ranks = ranks_of(trajectory.ranking, request.target_item_ids)
        first = [
            f"{place}. {'» ' if item in request.target_item_ids else ''}{titles[item][:TITLE]}"
            for place, item in enumerate(trajectory.ranking[:TOP], 1)
        ]
        table.add_row(
            each.arm.name,
            str(ranks[0]) if ranks else "–",
            str(trajectory.memory_tokens),
            Text(trajectory.profile.text),
            Text("\n".join(first)),
        )
    return table


def _titles(world: World, item_ids: Sequence[str]) -> dict[str, str]:
    return {item_id: item.title for item_id, item in world.catalogue.items.many(list(dict.fromkeys(item_ids))).items()}
