"""``mrrec demo``: write the demo world, or look at what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.datasets.demo import SEED

app = typer.Typer(no_args_is_help=True, help="The demo world: a shop, its people and their tastes, grown from a seed.")

Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")]


@app.command("build")
def build_command(
    out: Annotated[Path, typer.Argument(help="The dataset folder to write; it must be new or empty.")],
    seed: Seed = SEED,
    shoppers: Annotated[
        int | None,
        typer.Option("--shoppers", min=1, help="A world to train in: so many shoppers, all of them in train."),
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often each shopper asks two to four requests.")
    ] = 1,
) -> None:
    """Write the demo world as a dataset folder, for `mrrec import` or for reading."""
    from assistant.datasets.demo import build_demo_world

    build_demo_world(out, seed=seed, shoppers=shoppers, rounds=rounds, progress=lambda text: typer.echo(f"{text} ..."))
    typer.echo(f"Written to {out}. Next: mrrec import {out}")


@app.command("describe")
def describe_command(
    seed: Seed = SEED,
    plot: Annotated[Path | None, typer.Option("--plot", help="Also draw it, as a .png or .svg file.")] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="How many items and lives to show.")] = 3,
) -> None:
    """Show what is in the demo world: counts, sample items, sample lives, and a plot if asked."""
    from assistant.datasets.demo.describe import describe, draw
    from assistant.datasets.demo.world import grow_world

    world = grow_world(seed)
    for line in describe(world, samples=samples):
        typer.echo(line)
    if plot is not None:
        draw(world, plot)
        typer.echo(f"Drawn to {plot}.")
