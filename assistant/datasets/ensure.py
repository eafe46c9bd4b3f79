"""The store that an entry point needs: opened if it is whole, built or completed if not, refused if it does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.datasets.importer import CATALOGUE, ImportReport, Progress, embedder_mismatch, import_folder
from assistant.datasets.manifest import Manifest, building
from assistant.errors import StoreError
from assistant.settings import Settings

if TYPE_CHECKING:
    from memory_store.indexing.base import Writer


def ensure_store(settings: Settings, progress: Progress | None = None) -> ImportReport | None:
    """Make sure that ``settings.store`` is whole; None where it was, else the report of what was built.

    A missing store is built from ``settings.dataset``, or from the demo world where that is not set; an unfinished or
    outdated one is completed from where it came from. Memories that no persona needs are embedded later, when they are
    recalled.

    Raises:
        StoreError: the store was built with another embedder, or from other data.
        DatasetError: the data cannot be read.
    """
    from assistant.catalogue.build import is_outdated
    from memory_store.embedding import load_embedder

    found = Manifest.read(settings.store)
    if found and found.embedder != settings.embedder:
        raise StoreError(embedder_mismatch(settings.store, found.embedder, settings.embedder))
    if found and found.finished and not is_outdated(settings.store / CATALOGUE):
        _check_data(found, settings)
        return None
    source = settings.dataset or (Path(found.source) if found else demo_folder(settings.store, progress))
    embedder = load_embedder(settings.embedder)
    writer = load_writer(settings)
    return import_folder(source, settings.store, embedder, writer, index_all=False, progress=progress)


def reembed(settings: Settings, progress: Progress | None = None) -> None:
    """Embed the items and memories of ``settings.store`` with ``settings.embedder``; stopped, it can be run again.

    Raises:
        StoreError: there is no store, or its import was not finished.
    """
    from assistant.catalogue.build import ITEMS, build_catalogue
    from assistant.catalogue.items import Items
    from memory_store.embedding import load_embedder
    from memory_store.store import MemoryStore

    store = settings.store
    found = Manifest.read(store)
    if found is None or not {"people", "memories"} <= set(found.steps):
        raise StoreError(f"The store {store} is missing or unfinished: finish `mrrec import FOLDER --store {store}`.")
    embedder = load_embedder(settings.embedder)
    with building(store):
        manifest = replace(found, embedder=embedder.name, dimension=embedder.dimension).without("catalogue", "index")
        manifest.write(store)
        with closing(Items(store / CATALOGUE / ITEMS)) as items:
            build_catalogue(store / CATALOGUE, items.in_order(), embedder, progress=progress)
        manifest = manifest.done("catalogue")
        manifest.write(store)
        MemoryStore.reembed(store, embedder, progress=_counted(progress)).close()
        manifest.done("index").write(store)


def _counted(progress: Progress | None) -> Callable[[int], None] | None:
    return (lambda done: progress("index", done, 0)) if progress else None


def load_writer(settings: Settings) -> Writer:
    """The memory writer that the settings name; the LLM writer asks the settings' endpoint."""
    if settings.writer == "llm":
        from assistant.prompting import load_prompt
        from memory_store.indexing.chat import ChatClient
        from memory_store.indexing.llm import LLMWriter, WriterPrompts

        names = ("pattern", "profile", "global_a", "global_b")
        prompts = WriterPrompts(**{name: load_prompt(f"memory_{name}") for name in names})
        key = settings.endpoint_key.get_secret_value()
        client = ChatClient(settings.endpoint_url, settings.endpoint_model, key=key, timeout=settings.endpoint_timeout)
        return LLMWriter(client, prompts)
    from memory_store.indexing.extractive import ExtractiveWriter

    return ExtractiveWriter()


def demo_folder(store: Path, progress: Progress | None = None) -> Path:
    """The demo world as a dataset folder beside ``store``, written where this version's is not there yet."""
    from assistant.datasets.demo import SEED, build_demo_world, world_version

    folder = store.parent / f"demo-{SEED}-{world_version()}"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        build_demo_world(draft, progress=_told(progress))
        draft.rename(folder)
    return folder


def _told(progress: Progress | None) -> Callable[[str], None] | None:
    return (lambda text: progress(text, 0, 0)) if progress else None


def _check_data(found: Manifest, settings: Settings) -> None:
    """A finished store opens without reading its data again; that it is of the same folder is enough."""
    if settings.dataset and settings.dataset.resolve() != Path(found.source):
        raise StoreError(
            f"The store {settings.store} holds {found.dataset!r} from {found.source}, not {settings.dataset}: "
            "set MRREC_STORE to another folder, or leave MRREC_DATASET out."
        )
