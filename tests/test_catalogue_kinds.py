"""The kind of product that a request names: found by its head, and ranked first."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue.build import build_catalogue
from assistant.catalogue.kinds import other_names
from assistant.catalogue.lexical import words
from assistant.catalogue.search import Catalogue
from assistant.types import Item
from memory_store.embedding import Embedder


@pytest.fixture(scope="module")
def blankets_and_yarn(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Catalogue:
    """Forty baby blankets of soft wool, and four yarns, one of them wool and without lanolin."""
    titles = [(f"Soft wool baby blanket {n}", "Blanket") for n in range(40)]
    titles += [("Cotton yarn", "Yarn"), ("Acrylic yarn", "Yarn"), ("Silk yarn", "Yarn"), ("Yarn, wool", "Yarn")]
    items = [
        Item(f"{n:02}", title, None, "Crafts", ("Crafts", kind), features=("Lanolin-free",) if n == 43 else ())
        for n, (title, kind) in enumerate(titles)
    ]
    folder = tmp_path_factory.mktemp("blankets")
    build_catalogue(folder, items, embedder)
    return Catalogue.open(folder, embedder)


def test_the_kind_that_is_named_comes_before_what_it_is_for(blankets_and_yarn: Catalogue) -> None:
    assert blankets_and_yarn.kind_named("Looking for some wool yarn for a baby blanket.") == "Yarn"
    assert blankets_and_yarn.kind_named("dye free yarn") == "Yarn"
    assert blankets_and_yarn.kind_named("soft yarn, women's") == "Yarn"
    assert blankets_and_yarn.kind_named("a baby blanket size 2 extra large in blue") == "Blanket"
    assert blankets_and_yarn.kind_named("something to knit") is None
    asked = "yarn for a baby blanket"
    yarns = {"40", "41", "42", "43"}
    found = blankets_and_yarn.search(asked).item_ids
    assert found[0] in yarns and len(yarns & set(found[:4])) >= 3
    assert not yarns & set(blankets_and_yarn.search("baby blanket of yarn").item_ids[:20])
    assert blankets_and_yarn.search(f"wool {asked}").item_ids[0] == "43"
    [ranking] = blankets_and_yarn.search_many([asked])
    assert ranking.item_ids == found


def test_a_kind_is_found_by_the_other_names_that_its_titles_give_it(tmp_path: Path, embedder: Embedder) -> None:
    makers = ("Hale Green", "Ory Red", "Tamm Soft", "Bex Grey")
    titled = [(f"{maker} {noun}, size 4", kind) for maker in makers for noun, kind in (
        ("Rain Boots", "Wellington boots"), ("Wellies", "Wellington boots"), ("Boots", "Wellington boots"),
        ("Boots", "Hiking boots"), ("Torch", "Flashlight"), ("Hand Cream 75 ml", "Hand cream"),
    )]  # fmt: skip
    titled += [("Ory Torch Holder, clip-on", "Hiking boots"), ("Plain Sock", "Shoes")] * 3
    assert other_names(titled, {"Shoes"}) == {
        "Flashlight": (),
        "Hand cream": (),
        "Hiking boots": ("Holder",),
        "Shoes": (),
        "Wellington boots": ("Rain Boots", "Wellies"),
    }
    items = [Item(f"{n:02}", title, None, "Shoes", ("Shoes", kind)) for n, (title, kind) in enumerate(titled)]
    build_catalogue(tmp_path, items, embedder)
    catalogue = Catalogue.open(tmp_path, embedder)
    assert catalogue.kind_named("wide rain boots for women") == "Wellington boots"
    assert catalogue.kind_named("boots for the rain") is None
    names = [catalogue.items.many([item])[item].kind() for item in catalogue.search("a rain boot").item_ids[:12]]
    assert names == ["Wellington boots"] * 12


def test_what_is_free_of_something_does_not_say_it() -> None:
    assert words("Wheel-free case with wheels") == [*words("wheel-free"), "case", "wheel"]
    assert words("gluten free pasta") == [*words("gluten-free"), "gluten", "free", "pasta"]
    assert not set(words("gluten-free")) & {"gluten", "free"}
    assert words("Bare tool, no batteries") == [*words("bare tool"), *words("battery-free")]
    assert words("free from parabens") == words("without paraben") == words("Paraben-Free")
    assert words("no more-than-needed") == words("more-than-needed")


def test_words_are_cut_to_their_stems() -> None:
    assert words("cooling sheets") == words("a cool sheet")
    assert words("does not need ironing")[-1] == words("non-iron")[-1]
