"""``mrrec train``: traces, sft, grpo, or all of them, from one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from assistant.cli import failing_clearly

app = typer.Typer(
    help="Train a policy: expert traces, warm start, multi-turn GRPO. Stopped at any point, it goes on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()

Config = Annotated[Path, typer.Option("--config", help='The run\'s YAML file, or one that ships: "mini", "toy", …')]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command("traces")
def traces_command(config: Config, dry_run: DryRun = False) -> None:
    """Search for expert trajectories of the train requests, by the real reward under the real ranker."""
    _run(config, ("traces",), dry_run)


@app.command("sft")
def sft_command(config: Config, dry_run: DryRun = False) -> None:
    """The supervised warm start on the traces."""
    _run(config, ("sft",), dry_run)


@app.command("grpo")
def grpo_command(config: Config, dry_run: DryRun = False) -> None:
    """Multi-turn GRPO from the warm start."""
    _run(config, ("grpo",), dry_run)


@app.command("all")
def all_command(config: Config, dry_run: DryRun = False) -> None:
    """All stages, one after the other."""
    _run(config, ("traces", "sft", "grpo"), dry_run)


def _run(file: Path, stages: tuple[str, ...], dry_run: bool) -> None:
    from assistant.training.config import load_config

    with failing_clearly():
        config = load_config(file)
        if dry_run:
            from assistant.training.plan import plan

            table = Table("", "estimate", title=f"{config.name}: the plan")
            for row in plan(config):
                table.add_row(row.what, row.value)
            console.print(table)
            return
        from assistant.training.stages import run_stages

        figures = run_stages(config, stages, console)
        _tell(figures)


def _tell(figures: Mapping[str, Any]) -> None:
    for stage, told in figures.items():
        parts = [
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in told.items()
        ]
        console.print(f"[bold]{stage}[/]: {', '.join(parts)}", highlight=False)


def main() -> None:
    """For ``accelerate launch -m assistant.training.cli grpo --config FILE``."""
    app()


if __name__ == "__main__":
    main()
