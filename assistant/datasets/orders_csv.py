"""A shopper's own order history (Amazon "Request my data", and older exports) to a dataset folder of one user, "you".

Only what is bought, when and for how much is read. Names, addresses, order numbers, payments and every other column
never leave the file.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from assistant.datasets.folder import DatasetFolder
from assistant.datasets.report import Outcome, Report
from assistant.datasets.rows import Fields, InteractionRow, RowError, read_interaction, read_item
from assistant.datasets.writing import FolderWriter
from assistant.errors import DatasetError
from assistant.types import Item
from memory_store.types import UserRecord

USER_ID = "you"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("product name", "title", "item name", "product title", "description"),
    "item_id": ("asin", "asin/isbn", "asin isbn", "asin/isbn (product code)", "item id"),
    "date": ("order date", "purchase date", "date"),
    "price": ("unit price", "purchase price per unit", "item price", "price", "list price per unit"),
    "category": ("category", "department", "product category"),
    "brand": ("brand", "manufacturer"),
    "website": ("website",),
    "status": ("order status",),
}
_DATES = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y.%m.%d")
_MONTH_FIRST, _DAY_FIRST = ("%m/%d/%Y", "%m/%d/%y"), ("%d/%m/%Y", "%d/%m/%y")
_AMOUNT = re.compile(r"\d[\d.,'\s]*")


@dataclass(frozen=True, slots=True)
class _Order:
    item: Item
    interaction: InteractionRow


def convert_orders_csv(file: Path, out: Path, *, catalogue: Path | None = None) -> Report:
    """Write the dataset folder ``out`` from an order history.

    ``catalogue`` is a dataset folder whose items are added, so that there is more to find than what was bought.

    Raises:
        DatasetError: the file is missing or has no product names or dates, or ``out`` is not empty.
    """
    shop = DatasetFolder(catalogue) if catalogue else None
    report = Report()
    distinct = {order.interaction.behaviour_id: order for order in _orders(file, report)}
    orders = sorted(distinct.values(), key=lambda order: order.interaction.timestamp or 0)
    if not orders:
        raise DatasetError(f"{file} holds no usable order. Give Retail.OrderHistory.1.csv, unzipped.")
    history = [order.interaction for order in orders]
    writer = FolderWriter(out)
    writer.write("items", _items({order.item.item_id: order.item for order in orders}, shop, report))
    writer.write("interactions", history)
    writer.write("users", [_you(history)])
    return report


def _items(bought: Mapping[str, Item], shop: DatasetFolder | None, report: Report) -> Iterator[Item]:
    """The shop's items, then what was bought elsewhere."""
    known: set[str] = set()
    for item in shop.items() if shop else ():
        known.add(item.item_id)
        yield item
    if shop:
        for problem in shop.report.problems:
            report.add(problem.file, 0, problem.reason, problem.outcome, count=problem.count)
    yield from (item for item_id, item in bought.items() if item_id not in known)


def _you(orders: Iterable[InteractionRow]) -> UserRecord:
    times = sorted(row.timestamp for row in orders if row.timestamp is not None)
    since = f" since {datetime.fromtimestamp(times[0] / 1000, UTC).year}" if times else ""
    return UserRecord(USER_ID, "You", bio=f"{len(times):,} purchases{since}, from your order history", persona=True)


def _orders(file: Path, report: Report) -> Iterator[_Order]:
    """The usable orders of ``file``, one a product and order date."""
    report.start(file.name)
    rows = csv.reader(_decode(file, report).splitlines(keepends=True), delimiter=_delimiter(file))
    try:
        columns = _columns(file, next(rows, []))
        for cells in rows:
            if not any(cells):
                continue
            report.read(file.name)
            row = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
            try:
                yield _order(row, file.name, rows.line_num, report)
            except RowError as error:
                report.add(file.name, rows.line_num, str(error))
    except csv.Error as error:
        raise DatasetError(f"{file} is not a readable csv file: line {rows.line_num}: {error}.") from error


def _order(row: Mapping[str, str], file: str, line: int, report: Report) -> _Order:
    if row.get("status", "").lower() in ("cancelled", "canceled"):
        raise RowError("cancelled order")
    title = row.get("title", "")
    if title.lower() in ("", "not available", "n/a"):
        raise RowError("title: missing")
    item_id = row.get("item_id") or "own-" + hashlib.blake2b(title.lower().encode(), digest_size=6).hexdigest()
    fields = Fields(
        {
            "item_id": item_id,
            "title": title,
            "brand": row.get("brand") or None,
            "category": row.get("category", "").replace("_", " ").capitalize() or "Orders",
            "price": _amount(row.get("price", "")),
        }
    )
    item = read_item(fields)
    bought = {"user_id": USER_ID, "item_id": item_id, "timestamp": _time(row.get("date", ""), row.get("website", ""))}
    interaction = read_interaction(Fields(bought), line)
    for reason, outcome in fields.mended:
        report.add(file, line, reason, cast(Outcome, outcome))
    return _Order(item, interaction)


def _columns(file: Path, header: list[str]) -> dict[str, int]:
    """Where each column that is read stands; the first known spelling counts."""
    names = {re.sub(r"\s+", " ", cell).strip().lower(): at for at, cell in reversed(list(enumerate(header)))}
    found = {
        field: names[spelling]
        for field, spellings in COLUMNS.items()
        if (spelling := next((s for s in spellings if s in names), None))
    }
    if missing := [field for field in ("title", "date") if field not in found]:
        wanted = "; ".join(f"{field}: {', '.join(COLUMNS[field])}" for field in missing)
        raise DatasetError(f"{file} has no column for the {' and '.join(missing)} (looked for {wanted}).")
    return found


def _decode(file: Path, report: Report) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error.strerror}. Give the csv file itself, unzipped.") from error
    try:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return raw.decode("utf-16")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        report.add(file.name, 0, "not UTF-8: read as Windows-1252", "noted")
        return raw.decode("cp1252", errors="replace")


def _delimiter(file: Path) -> str:
    """The one of comma, semicolon and tab that the first line has most of."""
    with file.open("rb") as stream:
        head = stream.readline(1 << 16).replace(b"\0", b"").decode("latin-1")
    return max(",;\t", key=head.count)


def _time(date: str, website: str) -> int:
    """``date`` as milliseconds (UTC). 03/04/2021 is the 4th of March, or the 3rd of April on a site outside the US."""
    try:
        moment = datetime.fromisoformat(date.replace(" UTC", "+00:00"))
    except ValueError:
        slashed = (*_MONTH_FIRST, *_DAY_FIRST) if _is_american(website) else (*_DAY_FIRST, *_MONTH_FIRST)
        moment = _first_fit(date, (*slashed, *_DATES))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _is_american(website: str) -> bool:
    return website.strip().lower() in ("", "amazon.com", "www.amazon.com")


def _first_fit(date: str, formats: Iterable[str]) -> datetime:
    for form in formats:
        try:
            return datetime.strptime(date.strip(), form)
        except ValueError:
            continue
    raise RowError("date: not understood" if date else "date: missing")


def _amount(text: str) -> float | None:
    """Amounts such as "$1,234.50", "1.234,50 €" and "'12.99'" as numbers; None where there is none."""
    found = _AMOUNT.search(text)
    if not found:
        return None
    digits = re.sub(r"[\s']", "", found.group()).rstrip(".,")
    whole, mark, cents = digits.rpartition("," if digits.rfind(",") > digits.rfind(".") else ".")
    if not mark or (len(cents) == 3 and mark == ","):
        return float(re.sub(r"[.,]", "", digits))
    return float(re.sub(r"[.,]", "", whole) + "." + cents)
