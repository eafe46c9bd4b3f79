"""A small shop to train in: the items of ``small_world``, and shoppers whose reviews tell which variant they mean.

Every shopper asks for one kind of product in the same few words; only memory tells whether they mean the
fragrance-free shampoo or the lavender one, wide shoes or narrow ones, glass or stoneware.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from tests.small_world import START, YEAR, items, write_rows

TASTES = {
    "shampoo": ("Fragrance-Free", "Lavender", "Citrus"),
    "trail": ("Wide Fit", "Narrow Fit"),
    "mug": ("Stoneware", "Glass"),
}
ASKED = {"shampoo": ("shampoo", "need a shampoo"), "trail": ("trail shoes", "shoes for trails"), "mug": ("mug",)}


def write_training_folder(folder: Path, *, rounds: int = 2) -> Path:
    """The shop as a dataset folder: ``rounds`` shoppers of each combination of tastes, the last of them in dev."""
    shop = items()
    users, bought, asked = [], [], []
    for number, (turn, *tastes) in enumerate(product(range(rounds), *TASTES.values())):
        user_id = f"shopper-{number}"
        users.append({"user_id": user_id, "name": f"Shopper {number}"})
        for kind, taste in zip(TASTES, tastes, strict=True):
            liked = [row for row in shop if str(row["item_id"]).startswith(kind) and taste in str(row["title"])]
            target = liked.pop(number % len(liked))
            for place, row in enumerate(liked[:2]):
                bought.append(_review(user_id, str(row["item_id"]), taste, START + place * YEAR // 10))
            for place, text in enumerate(ASKED[kind]):
                asked.append(
                    {
                        "request_id": f"{user_id}-{kind}-{place}",
                        "user_id": user_id,
                        "request": text,
                        "style": "terse",
                        "target_item_ids": [target["item_id"]],
                        "timestamp": START + 3 * YEAR,
                        "category": target["category"],
                        "split": "dev" if turn == rounds - 1 else "train",
                    }
                )
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"items": shop, "interactions": bought, "users": users, "requests": asked}.items():
        write_rows(folder / f"{name}.jsonl", rows)
    return folder


def _review(user_id: str, item_id: str, taste: str, timestamp: int) -> dict[str, object]:
    return {
        "user_id": user_id,
        "item_id": item_id,
        "rating": 5.0,
        "title": f"{taste} at last",
        "text": f"{taste}, just what I wanted. I always look for {taste.lower()}.",
        "timestamp": timestamp,
    }
