"""Products as cards: picture, title, price, rating, the reason with its marks, and what one can do with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from assistant.pictures import draw_item
from assistant.types import Item, Recommendation
from assistant.ui.format import esc, line, number, price, split_marks

VISIBLE = 3
MOST = 10

_THUMB = (
    '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M6.5 9 9.6 3.2c1.3 0 2.1 1 1.9 2.2L11 8h4.2c1 0 1.7.9 '
    '1.5 1.9l-1 5c-.2.7-.8 1.1-1.5 1.1H6.5zM6.5 9H3.5v7h3" fill="none" stroke="currentColor" '
    'stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round"/></svg>'
)


def shelf(
    recommendations: Sequence[Recommendation],
    turn_id: str,
    verdicts: Mapping[str, str],
    recalled: Collection[str],
    *,
    numbered: bool,
) -> str:
    """The cards of one answer: three to see, the rest on demand.

    ``recalled``: the marks that can be shown. ``numbered``: whether a follow-up may call the products by number.
    """
    drawn = [
        card(recommendation, place, turn_id, verdicts.get(recommendation.item.item_id), recalled, numbered=numbered)
        for place, recommendation in enumerate(recommendations[:MOST], start=1)
    ]
    if not drawn:
        return ""
    more = ""
    if len(drawn) > VISIBLE:
        more = (
            f'<details class="more" data-key="more-{esc(turn_id)}"><summary>Show {len(drawn) - VISIBLE} more</summary>'
            f'<ul class="cards">{"".join(drawn[VISIBLE:])}</ul></details>'
        )
    return f'<ul class="cards" aria-label="Products">{"".join(drawn[:VISIBLE])}</ul>{more}'


def card(
    recommendation: Recommendation,
    place: int,
    turn_id: str,
    verdict: str | None,
    recalled: Collection[str],
    *,
    numbered: bool = True,
) -> str:
    """One product, at a place of its answer; ``numbered`` shows the place ("compare 1 and 3") and what asks by it."""
    item = recommendation.item
    reason, inline = split_marks(" ".join(recommendation.reason.split()))
    cited = marks([m for m in dict.fromkeys((*recommendation.cites, *inline)) if m in recalled], turn_id)
    misses = "".join(f"<li>{line(miss, 80)}</li>" for miss in recommendation.misses[:4])
    missing = f'<ul class="misses" aria-label="What it misses">{misses}</ul>' if misses else ""
    title = line(item.title, 300) or "Untitled product"
    picture = draw_item(item.picture, category=item.category, title=item.title)
    number_ = f'<span class="place">{place}</span>' if numbered else ""
    asking = _asking(place) if numbered else ""
    return (
        f'<li class="card"><div class="pic" aria-hidden="true">{picture}</div><div class="card-body">'
        f'<h3 title="{title}" dir="auto">{number_}{title}</h3>'
        f'<p class="facts">{_facts(item)}</p>'
        f'<p class="reason" dir="auto">{held(line(reason, 320), cited)}</p>'
        f'{missing}<div class="actions">{_thumbs(place, turn_id, verdict)}{asking}</div></div></li>'
    )


def plain(recommendation: Recommendation, place: int, note: str = "") -> str:
    """One product to look at only: no marks and nothing to press. ``note`` stands on its picture."""
    item = recommendation.item
    reason, _ = split_marks(" ".join(recommendation.reason.split()))
    title = line(item.title, 300) or "Untitled product"
    picture = draw_item(item.picture, category=item.category, title=item.title)
    badge = f'<span class="note">{line(note, 40)}</span>' if note else ""
    return (
        f'<li class="card"><div class="pic" aria-hidden="true">{picture}</div><div class="card-body">'
        f'<h3 title="{title}" dir="auto"><span class="place">{place}</span>{title}</h3>'
        f'<p class="facts">{_facts(item)}</p><p class="reason" dir="auto">{line(reason, 320)}</p>{badge}</div></li>'
    )


def marks(names: Iterable[str], turn_id: str) -> str:
    """Small marks that light up the memories they name in the panel."""
    return "".join(
        f'<button type="button" class="mark" data-mark="{esc(turn_id)}-{esc(name)}" data-turn="{esc(turn_id)}" '
        f'data-sheet aria-label="Show memory {esc(name[1:])}">{esc(name[1:])}</button>'
        for name in names
    )


def held(text: str, after: str) -> str:
    """``after`` bound to the last word of ``text``, so that no mark begins a line."""
    if not after:
        return text
    head, space, last = text.rpartition(" ")
    return f'{head}{space}<span class="held">{last}{after}</span>'


def rating(value: float | None, count: int | None) -> str:
    """Five stars filled to ``value``, the value in figures and the number of ratings; "" where unknown."""
    if value is None:
        return ""
    value = min(max(value, 0.0), 5.0)
    people = f'<span class="of">({number(count)})</span>' if count else ""
    return (
        f'<span class="rating"><span class="stars" style="--filled:{value / 5:.0%}" role="img" '
        f'aria-label="{value:.1f} of 5 stars"></span>{value:.1f} {people}</span>'
    )


def _facts(item: Item) -> str:
    brand = f'<span class="brand" dir="auto">{line(item.brand, 40)}</span>' if item.brand else ""
    cost = f'<span class="price">{price(item.price)}</span>' if item.price is not None else ""
    unknown = "" if cost else '<span class="quiet">price not listed</span>'
    return brand + cost + unknown + rating(item.average_rating, item.rating_number)


def _thumbs(place: int, turn_id: str, verdict: str | None) -> str:
    def thumb(kind: str, words: str) -> str:
        pressed = "true" if verdict == kind else "false"
        return (
            f'<button type="button" class="thumb {kind}" data-act="judge" data-verdict="{kind}" '
            f'data-turn="{esc(turn_id)}" data-place="{place}" aria-pressed="{pressed}" '
            f'aria-label="{words} product {place}" title="{words}">{_THUMB}</button>'
        )

    return thumb("like", "Like") + thumb("dislike", "Dislike")


def _asking(place: int) -> str:
    return (
        f'<button type="button" class="ask-more" data-say="More like {place}">More like this</button><button '
        f'type="button" data-say="Why {place}?" title="Why this?" aria-label="Why product {place}?">Why?</button>'
    )
