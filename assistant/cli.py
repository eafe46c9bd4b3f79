"""``mrrec``: every command a few lines over what does the work; nothing heavy is imported before it is needed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from assistant.datasets.report import Report
    from assistant.settings import Settings

app = typer.Typer(
    name="mrrec",
    help="A shopping assistant that remembers and reasons. Settings are read from MRREC_*; options go before them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
convert_app = typer.Typer(no_args_is_help=True)
app.add_typer(convert_app, name="convert", help="Write a dataset folder from another format.")

console = Console()

Store = Annotated[Path | None, typer.Option("--store", help="The store folder. [default: MRREC_STORE or .mrrec/store]")]
Embedder = Annotated[
    str | None, typer.Option("--embedder", help='"minilm", or a sentence-transformers model by name or folder.')
]
Writer = Annotated[str | None, typer.Option("--writer", help='What writes the memories: "extractive" or "llm".')]
Policy = Annotated[str | None, typer.Option("--policy", help='"rules", "mini", "checkpoint" or "endpoint".')]
Out = Annotated[Path, typer.Option("--out", help="The dataset folder to write; it must be new or empty.")]


@app.command("import")
def import_command(
    folder: Annotated[Path, typer.Argument(help="A dataset folder: items, interactions, perhaps users and requests.")],
    store: Store = None,
    embedder: Embedder = None,
    writer: Writer = None,
) -> None:
    """Build a store from a dataset folder. Stopped at any point and started again, it goes on."""
    with failing_clearly():
        from assistant.datasets.ensure import load_writer
        from assistant.datasets.importer import import_folder
        from assistant.datasets.progress import terminal_progress
        from memory_store.embedding import load_embedder

        settings = read_settings(store=store, embedder=embedder, writer=writer)
        chosen = load_writer(settings)
        try:
            with terminal_progress(console) as progress:
                report = import_folder(
                    folder, settings.store, load_embedder(settings.embedder), chosen, progress=progress
                )
        finally:
            if chosen.spent:
                console.print(f"The writer asked its model: {chosen.spent}.", highlight=False)
        show_report(report.rows)
        console.print(
            f"{settings.store}: {report.items:,} items, {report.users:,} users, {report.behaviours:,} purchases, "
            f"{report.entries:,} memories, "
            + (f"in {report.seconds:.0f} s." if report.changed else "complete already; nothing was changed."),
            highlight=False,
        )


@convert_app.command("amazon-reviews")
def convert_amazon_reviews_command(
    meta: Annotated[list[Path], typer.Option("--meta", help="Metadata, .jsonl or .jsonl.gz; give it once a file.")],
    reviews: Annotated[list[Path], typer.Option("--reviews", help="Reviews; give it once a file.")],
    out: Out,
    requests: Annotated[
        Path | None, typer.Option("--requests", help="A requests.jsonl[.gz] to take over and keep histories clear of.")
    ] = None,
    min_reviews: Annotated[int, typer.Option("--min-reviews", min=1, help="Leave out users with fewer.")] = 1,
) -> None:
    """From Amazon Reviews 2023. With --requests, nothing at or after a user's first request is kept."""
    with failing_clearly():
        from assistant.datasets.amazon_reviews import convert_amazon_reviews

        show_report(convert_amazon_reviews(meta, reviews, out, requests=requests, min_reviews=min_reviews))
        tell_written(out)


@convert_app.command("amazon-c4")
def convert_amazon_c4_command(
    queries: Annotated[Path, typer.Option("--queries", help="test.csv")],
    meta: Annotated[Path, typer.Option("--meta", help="sampled_item_metadata_1M.jsonl")],
    out: Out,
    reviews: Annotated[
        list[Path] | None, typer.Option("--reviews", help="Amazon Reviews 2023 files for histories; once a file.")
    ] = None,
) -> None:
    """From Amazon-C4. Histories end before a user's first request; the reviews behind requests are left out."""
    with failing_clearly():
        from assistant.datasets.amazon_c4 import convert_amazon_c4

        show_report(convert_amazon_c4(queries, meta, out, reviews=reviews or ()))
        tell_written(out)


@convert_app.command("orders-csv")
def convert_orders_csv_command(
    file: Annotated[Path, typer.Argument(help="Retail.OrderHistory.1.csv from Amazon's “Request my data”.")],
    out: Out,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", help="A dataset folder whose items to choose from as well.")
    ] = None,
) -> None:
    """From your own order history. Addresses, names, order numbers and payments are not read."""
    with failing_clearly():
        from assistant.datasets.orders_csv import convert_orders_csv

        show_report(convert_orders_csv(file, out, catalogue=catalogue))
        tell_written(out)


@app.command("chat")
def chat_command(
    user: Annotated[str, typer.Option("--user", help="Who is talking: a user id of the store.")],
    store: Store = None,
    policy: Policy = None,
) -> None:
    """Talk with the assistant in the terminal."""
    with failing_clearly():
        from assistant.opening import open_assistant
        from assistant.terminal import chat

        settings = prepared(store=store, policy=policy)
        chat(open_assistant(settings), user, console)


@app.command("serve")
def serve_command(store: Store = None, policy: Policy = None) -> None:
    """Open the page in the browser: the same as python app.py."""
    with failing_clearly():
        from assistant.ui.serve import serve

        serve(read_settings(store=store, policy=policy))


def prepared(**options: object) -> Settings:
    """The settings, with their store built or completed where it was not."""
    from assistant.datasets.ensure import ensure_store
    from assistant.datasets.progress import terminal_progress

    settings = read_settings(**options)
    with terminal_progress(console) as progress:
        ensure_store(settings, progress)
    return settings


def delegate(name: str, module: str, summary: str) -> None:
    """Make ``name`` a command whose arguments go to the typer app of ``module``, imported only when it is called."""

    @app.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def command(context: typer.Context) -> None:
        with failing_clearly():
            importlib.import_module(module).app(args=context.args, prog_name=f"mrrec {name}")


delegate("memory", "assistant.memory_cli", "Show, search or rebuild what is remembered.")
delegate("evaluate", "assistant.evaluation.cli", "Measure recommendation and memory on a dataset's requests.")
delegate("train", "assistant.training.cli", "Train a policy: expert traces, warm start, multi-turn GRPO.")
delegate("demo", "assistant.datasets.demo.cli", "Write the demo world as a dataset folder.")


@app.command("reembed")
def reembed_command(store: Store = None, embedder: Embedder = None) -> None:
    """Embed a store's items and memories again, with another embedder."""
    with failing_clearly():
        from assistant.datasets.ensure import reembed
        from assistant.datasets.progress import terminal_progress

        settings = read_settings(store=store, embedder=embedder)
        with terminal_progress(console) as progress:
            reembed(settings, progress)
        console.print(f"{settings.store} is embedded with {settings.embedder!r}.", highlight=False)


def read_settings(**options: object) -> Settings:
    """The settings from ``MRREC_*``, with the options that were given on the command line over them."""
    from pydantic import ValidationError

    from assistant.errors import SettingsError
    from assistant.settings import Settings

    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise SettingsError(f"{name} (MRREC_{name.upper()}): {first['msg']}, not {first['input']!r}.") from error


def show_report(report: Report) -> None:
    """What was skipped or mended, as a table; nothing where nothing was."""
    if report.problems:
        console.print(report.table())


def tell_written(out: Path) -> None:
    """Say where the dataset folder is and what to do with it."""
    console.print(f"Written to {out}. Next: mrrec import {out}", highlight=False)


@contextmanager
def failing_clearly() -> Iterator[None]:
    """Errors that are meant for the person go to stderr as one message, with exit status 1; others are bugs."""
    from assistant.errors import AssistantError
    from memory_store.errors import MemoryStoreError
    from memory_store.indexing.base import WriterError

    try:
        yield
    except (AssistantError, MemoryStoreError, WriterError) as error:
        Console(stderr=True).print(f"[bold red]mrrec:[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Started again, it goes on from here.")
        sys.exit(130)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    app()
