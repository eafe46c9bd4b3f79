"""``mrrec evaluate``: the paper's experiment on a dataset folder, two runs compared, one request looked into."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assistant.cli import read_settings

if TYPE_CHECKING:
    from assistant.settings import Settings

app = typer.Typer(
    help="Measure recommendation and memory on a dataset's requests.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()

Data = Annotated[
    Path | None, typer.Option("--data", help="The dataset folder. [default: MRREC_DATASET or the demo world]")
]
Store = Annotated[Path | None, typer.Option("--store", help="Its store, built where absent. [default: .mrrec/NAME]")]
Split = Annotated[str, typer.Option("--split", help='"train", "dev" or "test".')]
Policy = Annotated[
    str, typer.Option("--policy", help='"rules", "mini", "endpoint", "checkpoint:FOLDER"; several by commas.')
]
Memory = Annotated[str, typer.Option("--memory", help="Memory settings and ablations, by commas.")]
Embedder = Annotated[str | None, typer.Option("--embedder", help='"minilm" or a sentence-transformers model.')]


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Data = None,
    store: Store = None,
    split: Split = "dev",
    policy: Policy = "rules",
    memory: Memory = "none,naive,static,mrrec",
    ablations: Annotated[bool, typer.Option("--ablations", help="Every ablation too, under the first policy.")] = False,
    baselines: Annotated[bool, typer.Option(help="Rankings without a policy too.")] = True,
    embedder: Embedder = None,
    requests: Annotated[str, typer.Option("--requests", help='"requests" or "requests_anonymous".')] = "requests",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="A seeded sample of at most so many.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same report.")] = 0,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Requests that a policy may write for at once.")] = 32,
    judge: Annotated[bool, typer.Option("--judge", help="Have the endpoint's model judge MPC and MRC too.")] = False,
    training: Annotated[Path | None, typer.Option("--training", help="A training log, for reward by step.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew what --out holds.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The run's folder; a run that was stopped goes on.")] = Path(
        "runs/evaluation"
    ),
) -> None:
    """Measure every memory setting on a dataset's requests, and write the report."""
    if context.invoked_subcommand is not None:
        return
    from assistant.evaluation.experiment import Experiment

    experiment = Experiment(
        settings=_settings(data, store, embedder),
        out=out,
        split=split,
        policy=policy,
        memory=memory,
        ablations=ablations,
        baselines=baselines,
        requests=requests,
        limit=limit,
        seed=seed,
        block=batch,
        judge=judge,
        training=training,
        fresh=fresh,
    )
    experiment.conduct(console)


@app.command("compare")
def compare_command(
    one: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    other: Annotated[Path, typer.Argument(help="Another one, of the same requests.")],
) -> None:
    """Compare two runs request by request: other code, memory or policies on the same requests."""
    from rich.table import Table

    from assistant.evaluation.compare import compare_runs, run_differences
    from assistant.evaluation.tables import LABELS, difference, number

    table = Table(title=f"{one} and {other}", title_justify="left")
    for name in ("setting", "metric", "one", "other", "other minus one [95%], p"):
        table.add_column(name)
    for found in compare_runs(one, other):
        change = difference(asdict(found.change))
        table.add_row(found.setting, LABELS[found.metric], number(found.before), number(found.after), change)
    console.print(table)
    for told in run_differences(one, other):
        console.print(told, highlight=False, markup=False)


@app.command("inspect")
def inspect_command(
    request: Annotated[str, typer.Option("--request", help="The request's id.")],
    data: Data = None,
    store: Store = None,
    policy: Policy = "rules",
    memory: Memory = "none,naive,static,mrrec",
    embedder: Embedder = None,
    requests: Annotated[str, typer.Option("--requests", help="The file that it stands in.")] = "requests",
) -> None:
    """Print one request's whole trajectory beside each setting's best five."""
    from assistant.evaluation.experiment import inspect_request

    settings = _settings(data, store, embedder)
    inspect_request(console, settings, request, policy=policy, memory=memory, file=requests)


def _settings(data: Path | None, store: Path | None, embedder: str | None) -> Settings:
    """The settings; a dataset folder that is named has a store of its own unless one is named too."""
    settings = read_settings(dataset=data, store=store, embedder=embedder)
    if data is not None and store is None:
        own = f"{data.resolve().name}-{settings.embedder.replace('/', '-')}" if embedder else data.resolve().name
        settings = settings.model_copy(update={"store": Path(".mrrec") / own})
    return settings
