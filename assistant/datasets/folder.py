"""The dataset folder: ``items``, ``interactions``, ``users`` and ``requests`` as JSON lines, plain or gzipped.

Rows are read as a stream and checked one by one (``rows.py``); what is skipped or mended stands in ``report``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from assistant.datasets import rows
from assistant.datasets.report import Outcome, Report
from assistant.datasets.rows import Fields, InteractionRow, RequestRow, RowError
from assistant.errors import DatasetError
from assistant.types import Item
from memory_store.types import UserRecord

LINE_BYTES = 4 * 1024 * 1024
FILES = ("items", "interactions", "users", "requests", "requests_anonymous")

T = TypeVar("T")


class DatasetFolder:
    """A dataset folder, read as often as needed.

    ``report`` holds what was skipped or mended in each file when it was last read.

    Raises:
        DatasetError: ``path`` is no dataset folder: no directory, no items, or one file in two forms.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.report = Report()
        if not self.path.is_dir():
            raise DatasetError(
                f"{self.path} is not a folder. Give a dataset folder: one with items.jsonl[.gz] and "
                "interactions.jsonl[.gz]; `mrrec convert` writes one from other formats."
            )
        self._files = {name: file for name in FILES if (file := self._find(name))}
        missing = [name for name in ("items", "interactions") if name not in self._files]
        if missing:
            names = " and ".join(f"{name}.jsonl[.gz]" for name in missing)
            raise DatasetError(
                f"{self.path} is not a dataset folder: {names} not found. `mrrec convert` writes such a folder "
                "from Amazon Reviews 2023, Amazon-C4 or an order history."
            )

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    def has(self, name: str) -> bool:
        """Whether the folder has file ``name`` ("users", "requests", ...)."""
        return name in self._files

    def items(self) -> Iterator[Item]:
        """The checked items; of those with one id the first counts."""
        return self._distinct("items", rows.ITEM_FIELDS, lambda fields, _: rows.read_item(fields), lambda i: i.item_id)

    def interactions(self) -> Iterator[InteractionRow]:
        """The checked interactions; an exact repetition counts once. Whether items exist is for the caller to say."""
        read = rows.read_interaction
        return self._distinct("interactions", rows.INTERACTION_FIELDS, read, lambda row: row.behaviour_id)

    def users(self) -> Iterator[UserRecord]:
        """The checked users, none where the folder has no such file."""
        return self._distinct("users", rows.USER_FIELDS, lambda fields, _: rows.read_user(fields), lambda u: u.user_id)

    def requests(self, name: str = "requests") -> Iterator[RequestRow]:
        """The checked requests of file ``name`` ("requests" or "requests_anonymous"), none where it is absent."""
        return self._distinct(name, rows.REQUEST_FIELDS, rows.read_request, lambda row: row.request_id)

    def file_name(self, name: str) -> str:
        """What file ``name`` is called in the report, such as "items.jsonl.gz"."""
        return self._files[name].name if name in self._files else f"{name}.jsonl"

    def content_hash(self) -> str:
        """A hash of what the files hold (not of how they are compressed), to know a folder again."""
        digest = hashlib.blake2b(digest_size=16)
        for name, file in sorted(self._files.items()):
            digest.update(f"\0{name}\0".encode())
            with _open(file) as stream:
                while chunk := _guarded(file, 0, lambda: stream.read(1 << 20)):
                    digest.update(chunk)
        return digest.hexdigest()

    def _find(self, name: str) -> Path | None:
        found = [file for suffix in ("jsonl", "jsonl.gz") if (file := self.path / f"{name}.{suffix}").is_file()]
        if len(found) > 1:
            raise DatasetError(f"{self.path} has both {found[0].name} and {found[1].name}: keep the one that counts.")
        return found[0] if found else None

    def _distinct(
        self, name: str, known: frozenset[str], read: Callable[[Fields, int], T], key: Callable[[T], str]
    ) -> Iterator[T]:
        """The good rows of file ``name``, each ``key`` once."""
        if name not in self._files:
            return
        seen: set[str] = set()
        for line, value in checked_rows(self._files[name], self.report, read, known=known):
            if key(value) in seen:
                self.report.add(self._files[name].name, line, "duplicate")
                continue
            seen.add(key(value))
            yield value


def checked_rows(
    file: Path,
    report: Report,
    read: Callable[[Fields, int], T],
    *,
    rename: Callable[[dict[str, object]], dict[str, object]] | None = None,
    known: frozenset[str] | None = None,
) -> Iterator[tuple[int, T]]:
    """Line number (from 1) and value of every good row of a JSON lines file; blank lines are no rows.

    ``rename`` makes another format's object one with the dataset folder's fields; ``known`` are the fields that need
    no note. Both may be left out.

    Raises:
        DatasetError: the file cannot be read on.
    """
    report.start(file.name)
    for line, raw in read_lines(file):
        if raw is not None and not raw.strip():
            continue
        report.read(file.name)
        try:
            row = parse_object(raw)
            fields = Fields(rename(row) if rename else row)
            value = read(fields, line)
        except RowError as error:
            report.add(file.name, line, str(error))
            continue
        for reason, outcome in fields.mended:
            report.add(file.name, line, reason, cast(Outcome, outcome))
        for unknown in row.keys() - known if known is not None else ():
            shown = unknown[:40].encode("ascii", "backslashreplace").decode()
            report.note_once(file.name, line, f"unknown field {shown!r}: not read")
        yield line, value


def read_requests(file: Path, report: Report) -> list[RequestRow]:
    """The checked requests of a file that stands by itself."""
    return [row for _, row in checked_rows(file, report, rows.read_request, known=rows.REQUEST_FIELDS)]


def parse_object(raw: bytes | None) -> dict[str, object]:
    """A line as a JSON object; None stands for a line that was too long to be kept.

    Raises:
        RowError: it is too long, not UTF-8, not JSON, or not an object.
    """
    if raw is None:
        raise RowError(f"line longer than {LINE_BYTES // 2**20} MiB")
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RowError("not UTF-8") from None
    except (ValueError, RecursionError):
        raise RowError("broken JSON") from None
    if not isinstance(row, dict):
        raise RowError("not a JSON object")
    return row


def read_lines(file: Path) -> Iterator[tuple[int, bytes | None]]:
    """Number (from 1) and bytes of every line of a plain or gzipped file; None for a line over 4 MiB.

    Raises:
        DatasetError: the file cannot be read, or its compression is damaged.
    """
    with _open(file) as stream:
        line = 0
        while raw := _guarded(file, line, lambda: stream.readline(LINE_BYTES)):
            line += 1
            whole = raw.endswith(b"\n") or len(raw) < LINE_BYTES
            while len(raw) == LINE_BYTES and not raw.endswith(b"\n"):
                raw = _guarded(file, line, lambda: stream.readline(LINE_BYTES))
            yield line, raw if whole else None


def _open(file: Path) -> BinaryIO:
    try:
        return cast(BinaryIO, gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")
    except OSError as error:
        raise DatasetError(f"{file} cannot be opened: {error.strerror}.") from error


def _guarded(file: Path, line: int, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (EOFError, OSError, zlib.error) as error:
        where = f"after line {line:,}" if line else "while reading"
        raise DatasetError(f"{file} is damaged {where} ({error}): get or compress it again.") from error
