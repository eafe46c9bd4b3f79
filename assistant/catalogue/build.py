"""Builds a catalogue folder: items, vectors, BM25. Stopped anywhere and started again it ends in the same state."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.catalogue.dense import progress_file, replace_text, write_vectors
from assistant.catalogue.filters import brand_key
from assistant.catalogue.items import Items, as_row
from assistant.catalogue.kinds import other_names
from assistant.catalogue.lexical import write_index
from assistant.errors import DatasetError
from assistant.types import Item

if TYPE_CHECKING:
    from memory_store.embedding import Embedder

FORMAT = 7
ITEMS, VECTORS, LEXICAL, ROWS, MANIFEST = "items.sqlite", "vectors.npy", "bm25", "rows.npy", "catalogue.json"

KIND = 0.25
"""How far the name of an item's kind draws its vector; the most that leaves the real data's train requests unharmed."""

Progress = Callable[[str, int, int], None]
"""Called with the step ("items", "vectors", "words"), what is done and the total (0 while unknown)."""


def build_catalogue(
    folder: Path, items: Iterable[Item], embedder: Embedder, *, progress: Progress | None = None
) -> bool:
    """Builds the catalogue of exactly these items in ``folder``; returns False where it already stood so.

    The order of rows is (category, item id). ``catalogue.json`` is written last: without it the folder does not open.
    Raises DatasetError where there is no item at all.
    """
    tell = progress or (lambda step, done, total: None)
    folder.mkdir(parents=True, exist_ok=True)
    draft = _write_items(folder, items, tell)
    manifest = _describe(draft, embedder)
    if _read_manifest(folder) == manifest:
        draft.close()
        (folder / _draft(ITEMS)).unlink()
        progress_file(folder / VECTORS).unlink(missing_ok=True)
        return False
    (folder / MANIFEST).unlink(missing_ok=True)
    count = draft.count()
    write_vectors(
        folder / VECTORS,
        draft.in_order(),
        count,
        embedder.dimension,
        lambda chunk: dense_vectors(chunk, embedder),
        fingerprint=str(manifest["fingerprint"]),
        progress=lambda done: tell("vectors", done, count),
    )
    tell("words", 0, count)
    _write_lexical(folder, draft)
    _write_rows(folder, draft, manifest["kinds"])
    draft.close()
    os.replace(folder / _draft(ITEMS), folder / ITEMS)
    replace_text(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    progress_file(folder / VECTORS).unlink()
    tell("words", count, count)
    return True


def dense_text(item: Item) -> str:
    """What the item's own vector is made of: title and brand.

    On the real data's train requests the title alone ranks better than the whole metadata (and is embedded five times
    as fast): the rest of the text, which many items lack, draws the vectors apart. BM25 reads it.
    """
    return f"{item.title} {item.brand}" if item.brand and item.brand.lower() not in item.title.lower() else item.title


def dense_vectors(items: Sequence[Item], embedder: Embedder) -> np.ndarray:
    """The items' unit vectors: each its own, drawn a little to the name of its kind (``KIND``).

    So "my cat scratches the sofa" finds the cat scratchers whose titles are all material and size. A kind in the same
    text as the title ranks the real data worse, since most items there have none.
    """
    kinds = list(dict.fromkeys(filter(None, (item.kind() for item in items))))
    vectors = embedder.embed([*map(dense_text, items), *kinds])
    own, names = vectors[: len(items)].copy(), dict(zip(kinds, vectors[len(items) :], strict=True))
    for vector, item in zip(own, items, strict=True):
        if kind := item.kind():
            vector += KIND * names[kind]
    return own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)


def lexical_text(item: Item) -> str:
    """What BM25 reads of the item: all its metadata, the title twice."""
    return f"{item.title} {item.text()}"


def _draft(name: str) -> str:
    return f"draft-{name}"


def _write_items(folder: Path, items: Iterable[Item], tell: Progress) -> Items:
    for suffix in ("", "-journal"):
        (folder / (_draft(ITEMS) + suffix)).unlink(missing_ok=True)
    draft = Items(folder / _draft(ITEMS))
    draft.add_many(items)
    count = draft.count()
    if not count:
        draft.close()
        raise DatasetError(
            f"No item to build the catalogue {folder} from: the data set's items file has no usable row."
        )
    tell("items", count, count)
    return draft


def _describe(items: Items, embedder: Embedder) -> dict[str, Any]:
    digest = hashlib.sha256(f"{FORMAT} {embedder.name} {embedder.dimension}".encode())
    brands: dict[str, str] = {}

    def titled() -> Iterator[tuple[str, str]]:
        for item in items.in_order():
            digest.update(json.dumps(as_row(item), ensure_ascii=False).encode("utf-8", "surrogatepass"))
            if item.brand and brand_key(item.brand):
                brands.setdefault(brand_key(item.brand), item.brand)
            yield item.title, item.kind()

    kinds = other_names(titled(), items.categories())
    return {
        "format": FORMAT,
        "fingerprint": digest.hexdigest(),
        "embedder": embedder.name,
        "dimension": embedder.dimension,
        "items": items.count(),
        "categories": items.categories(),
        "brands": dict(sorted(brands.items())),
        "kinds": {kind: list(names) for kind, names in kinds.items()},
    }


def is_outdated(folder: Path) -> bool:
    """Whether the catalogue was built in another format than this program reads: it is to be built again."""
    manifest = _read_manifest(folder)
    return manifest is not None and manifest["format"] != FORMAT


def _read_manifest(folder: Path) -> dict[str, object] | None:
    path = folder / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _write_lexical(folder: Path, items: Items) -> None:
    draft = folder / _draft(LEXICAL)
    shutil.rmtree(draft, ignore_errors=True)
    write_index(draft, (lexical_text(item) for item in items.in_order()))
    shutil.rmtree(folder / LEXICAL, ignore_errors=True)
    os.replace(draft, folder / LEXICAL)


def _write_rows(folder: Path, items: Items, kinds: Iterable[str]) -> None:
    """What filters need of every row without SQLite: id, price, rating (NaN unknown), numbers of brand and kind."""
    numbers = {kind: number for number, kind in enumerate(kinds)}
    rows = [
        (item.item_id.encode(), item.price, item.average_rating, brand_key(item.brand or ""), numbers[item.kind()])
        for item in items.in_order()
    ]
    brands = {key: number for number, key in enumerate(sorted({row[3] for row in rows} - {""}))}
    width = max(len(row[0]) for row in rows)
    columns = [("item_id", f"S{width}"), ("price", "f8"), ("rating", "f4"), ("brand", "i4"), ("kind", "i4")]
    table = np.empty(len(rows), dtype=columns)
    for at, (item_id, price, rating, brand, kind) in enumerate(rows):
        table[at] = (
            item_id,
            np.nan if price is None else price,
            np.nan if rating is None else rating,
            brands.get(brand, -1),
            kind,
        )
    np.save(folder / _draft(ROWS), table)
    os.replace(folder / _draft(ROWS), folder / ROWS)
