"""Text for people: escaped, bounded, and formatted for reading. Everything the page shows passes through here."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime

ELLIPSIS = "…"
_BIDI_CONTROLS = {ord(c): None for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"}
_MARK = re.compile(r"\[(m\d{1,3})\]")
_MARKED = re.compile(r"((?<!\S)\S{1,40}?|)((?:\s*\[m\d{1,3}\])+)([.,;:]*)")
_SPACES = re.compile(r"[ \t\f\v\r\u00a0]+")


def clean(text: str, limit: int = 400) -> str:
    """``text`` without control and direction-changing characters, at most ``limit`` characters, cut at a word."""
    text = text[: 4 * limit].translate(_BIDI_CONTROLS)
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    text = _SPACES.sub(" ", text).strip()
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.6 else cut).rstrip(" ,.;:-") + ELLIPSIS


def esc(text: str | None, limit: int = 400) -> str:
    """Untrusted text made safe inside HTML elements and double-quoted attributes."""
    return html.escape(clean(text or "", limit), quote=True)


def line(text: str | None, limit: int = 400) -> str:
    """As ``esc``, on one line."""
    return html.escape(" ".join(clean(text or "", limit).split()), quote=True)


def paragraphs(text: str, limit: int = 4000, *, mark: Callable[[str], str] | None = None) -> str:
    """Untrusted prose as HTML: blank lines part paragraphs, lines that start with a dash become a list.

    ``mark`` draws what stands for an inline mark ("[m3]"), bound to the word before it; without it the marks are left
    out.
    """

    def drawn(row: str) -> str:
        return _MARKED.sub(bound, esc(row, limit))

    def bound(found: re.Match[str]) -> str:
        word, names, stop = found.groups()
        marks = "".join(map(mark, _MARK.findall(names))) if mark else ""
        return f'<span class="held">{word}{marks}{stop}</span>' if marks else word + stop

    blocks = []
    for block in re.split(r"\n\s*\n", clean(text, limit)):
        rows = [row.strip() for row in block.split("\n") if row.strip()]
        for bulleted, group in _runs(rows):
            if bulleted:
                items = "".join(f'<li dir="auto">{drawn(row[2:])}</li>' for row in group)
                blocks.append(f"<ul>{items}</ul>")
            else:
                blocks.append('<p dir="auto">' + "<br>".join(map(drawn, group)) + "</p>")
    return "".join(blocks)


def _runs(rows: list[str]) -> list[tuple[bool, list[str]]]:
    runs: list[tuple[bool, list[str]]] = []
    for row in rows:
        bulleted = row[:2] in ("- ", "* ", "• ")
        if runs and runs[-1][0] == bulleted:
            runs[-1][1].append(row)
        else:
            runs.append((bulleted, [row]))
    return runs


def split_marks(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without its inline marks ("[m3]"), and the marks in the order they stood."""
    marks = tuple(dict.fromkeys(_MARK.findall(text)))
    return re.sub(r"\s*" + _MARK.pattern, "", text), marks


def price(value: float | None) -> str:
    """ "$12.50", "$20", "$1,299"; "" where unknown."""
    if value is None:
        return ""
    return f"${value:,.0f}" if value == int(value) else f"${value:,.2f}"


def number(value: int) -> str:
    """ "12,429"."""
    return f"{value:,}"


def plural(value: int, one: str, many: str | None = None) -> str:
    """ "1 memory", "4 memories"."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def listed(words: tuple[str, ...], last: str = "and") -> str:
    """ "grip, width and weight"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def seconds(value: float) -> str:
    """ "0.8 s", "12 s", "2 min 5 s"; what is too short to notice is "<0.1 s" (for ``esc``)."""
    if value < 0.1:
        return "<0.1 s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def month(timestamp: int | None) -> str:
    """ "March 2021" for milliseconds since the epoch; "" where unknown or out of range."""
    moment = _moment(timestamp)
    return f"{moment:%B} {moment.year}" if moment else ""


def full_date(timestamp: int | None) -> str:
    """ "14 March 2021"; "" where unknown or out of range."""
    moment = _moment(timestamp)
    return f"{moment.day} {moment:%B} {moment.year}" if moment else ""


def day(timestamp: int, today: date) -> str:
    """The day of a conversation as people say it: "Today", "Yesterday", "12 March", "12 March 2023"."""
    moment = _moment(timestamp)
    if moment is None:
        return "Earlier"
    then = moment.astimezone().date()
    days = (today - then).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return f"{then.day} {then:%B}" + ("" if then.year == today.year else f" {then.year}")


def _moment(timestamp: int | None) -> datetime | None:
    if timestamp is None:
        return None
    try:
        return datetime.fromtimestamp(timestamp / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
