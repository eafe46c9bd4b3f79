"""A small shop for tests: three kinds of product in every variant, and three shoppers with plain tastes.

Ada buys fragrance-free shampoo by Plainwell, Bo strong lavender by Zestival, Bo's sister was given a mug, Cy has bought
nothing yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product
from pathlib import Path

ADA, BO, CY = "ada", "bo", "cy"
YEAR = 365 * 24 * 3600 * 1000
START = 1_600_000_000_000

_KINDS = {
    "shampoo": (
        "Beauty",
        ["Fragrance-Free", "Lavender", "Citrus"],
        ["Dry Hair", "Curly Hair"],
        ["Plainwell", "Zestival"],
    ),
    "trail shoes": ("Sports", ["Wide Fit", "Narrow Fit"], ["Waterproof", "Breathable"], ["Northtrail", "Fellrun"]),
    "mug": ("Kitchen", ["Stoneware", "Glass"], ["Blue", "Black"], ["Claybird", "Harbourware"]),
}


def items() -> list[dict[str, object]]:
    """Every variant of every kind, 28 items, with prices from 8 dollars up."""
    rows: list[dict[str, object]] = []
    for kind, (category, firsts, seconds, brands) in _KINDS.items():
        for number, (brand, first, second) in enumerate(product(brands, firsts, seconds)):
            rows.append(
                {
                    "item_id": f"{kind.split()[0]}-{number}",
                    "title": f"{brand} {first} {kind.title()} for {second}"
                    if kind == "shampoo"
                    else f"{brand} {second} {first} {kind.title()}",
                    "brand": brand,
                    "category": category,
                    "categories": [category, kind.title()],
                    "price": 8.0 + 3 * number,
                    "average_rating": 3.5 + (number % 4) * 0.4,
                    "rating_number": 20 + 30 * number,
                    "features": [
                        f"{first} formula" if kind == "shampoo" else f"{first} design",
                        f"Made for {second.lower()}",
                    ],
                    "description": f"A {kind} by {brand}.",
                }
            )
    return rows


def interactions() -> list[dict[str, object]]:
    """Ada's and Bo's purchases, with reviews that say what they like."""
    ada = [
        ("shampoo-0", 5, "Finally fragrance-free", "No smell at all, finally a fragrance-free shampoo that means it."),
        ("shampoo-1", 5, "Again", "Fragrance-free and kind to my scalp."),
        ("shampoo-8", 1, "Headache", "The lavender is so strong it gave me a headache. Sending it back."),
        ("trail-0", 5, "Room for my toes", "Wide fit at last, and waterproof in the bog."),
        ("trail-4", 4, "Good", "Wide fit, my feet are happy."),
    ]
    bo = [
        ("shampoo-8", 5, "Lovely lavender", "I love the lavender, the whole bathroom smells of it."),
        ("shampoo-9", 5, "Lavender again", "More lavender please."),
        ("mug-1", 4, "ok", "Bought as a gift for my sister, she was pleased."),
    ]
    rows = [(ADA, *row) for row in ada] + [(BO, *row) for row in bo]
    return [
        {
            "user_id": user,
            "item_id": item,
            "rating": float(rating),
            "title": title,
            "text": text,
            "timestamp": START + number * YEAR // 10,
        }
        for number, (user, item, rating, title, text) in enumerate(rows)
    ]


def users() -> list[dict[str, object]]:
    return [
        {
            "user_id": ADA,
            "name": "Ada Fenn",
            "bio": "Sensitive scalp, wide feet.",
            "persona": True,
            "openers": ["shampoo", "trail shoes", "a mug"],
        },
        {"user_id": BO, "name": "Bo Lind", "bio": "Lavender everywhere.", "persona": True, "openers": ["shampoo"]},
        {"user_id": CY, "name": "Cy Marsh", "bio": "New here.", "persona": True, "openers": []},
    ]


def requests() -> list[dict[str, object]]:
    """Ada and Bo ask for the very same thing, and each means another item."""
    rows = [("r-ada", ADA, "shampoo", "terse", "shampoo-6"), ("r-bo", BO, "need a shampoo", "sentence", "shampoo-2")]
    return [
        {
            "request_id": request_id,
            "user_id": user,
            "request": text,
            "style": style,
            "target_item_ids": [target],
            "timestamp": START + 3 * YEAR,
            "category": "Beauty",
            "split": "dev",
        }
        for request_id, user, text, style, target in rows
    ]


def write_folder(folder: Path) -> Path:
    """The small shop as a dataset folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"items": items(), "interactions": interactions(), "users": users(), "requests": requests()}
    for name, rows in tables.items():
        write_rows(folder / f"{name}.jsonl", rows)
    return folder


def write_rows(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
