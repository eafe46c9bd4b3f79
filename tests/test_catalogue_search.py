"""The catalogue built, killed, rebuilt, opened and searched: real SQLite, bm25s and MiniLM, a few dozen items."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.catalogue import dense
from assistant.catalogue.build import build_catalogue, dense_vectors, lexical_text
from assistant.catalogue.constraints import read_constraints
from assistant.catalogue.filters import is_of_brand, keeps_to, mentions
from assistant.catalogue.lexical import words
from assistant.catalogue.search import WEIGHT, Catalogue
from assistant.errors import DatasetError, StoreError
from assistant.types import Constraints, Item
from memory_store.embedding import Embedder

SHOP = [
    Item("s1", "Plainwell Fragrance-Free Shampoo", "Plainwell", "Beauty", price=9.0, average_rating=4.6,
         features=("No fragrance, no dyes",)),
    Item("s2", "Lavender Shampoo", "Zestival", "Beauty", price=14.0, average_rating=4.1,
         description="Strong fragrance"),
    Item("s3", "Citrus Shampoo with a fresh fragrance", "Zestival", "Beauty", price=22.0, average_rating=3.2),
    Item("s4", "Plainwell Baby Shampoo", None, "Beauty"),
    Item("s5", "Shampoo Bar for Plainwell tins", None, "Beauty", price=5.0, average_rating=4.9),
    Item("w1", "Leather Watch Strap", "Band & Co", "Watches", price=30.0, average_rating=4.0),
    Item("w2", "Faux Leather Watch Strap", "Band & Co", "Watches", price=20.0, average_rating=4.4),
    Item("w3", "Nylon Watch Strap", "Tickwell", "Watches", price=12.0, average_rating=4.8,
         description="The leather-free strap"),
    Item("w4", "Steel Watch Strap", None, "Watches", description="Free of rubber, plastic and leather."),
    Item("k1", "Blue Stoneware Mug", "Claybird", "Kitchen", price=11.0),
    Item("k2", "Black Glass Mug", "Claybird", "Kitchen", price=13.0, average_rating=4.7),
    Item("é1", "Teapot", None, "", price=0.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Catalogue:
    folder = tmp_path_factory.mktemp("catalogue")
    build_catalogue(folder, SHOP, embedder)
    return Catalogue.open(folder, embedder)


def digests(folder: Path) -> dict[str, str]:
    """What every file of the folder holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program may handle it."""


class Mortal:
    """An embedder that dies after so many texts, and notes how many it embedded."""

    def __init__(self, embedder: Embedder, lives: int) -> None:
        self.name, self.dimension, self.embedded = embedder.name, embedder.dimension, 0
        self._embedder, self._lives = embedder, lives

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        self.embedded += len(texts)
        if self.embedded > self._lives:
            raise Killed
        return self._embedder.embed(texts)

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)


# Building


def test_the_same_items_in_any_order_give_the_same_bytes_and_nothing_is_done_twice(
    tmp_path: Path, embedder: Embedder
) -> None:
    steps: list[str] = []
    assert build_catalogue(tmp_path / "a", iter(SHOP), embedder, progress=lambda step, done, total: steps.append(step))
    assert list(dict.fromkeys(steps)) == ["items", "vectors", "words"]
    assert build_catalogue(tmp_path / "b", reversed(SHOP), embedder)
    first, second = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert {name: first[name] for name in first if "sqlite" not in name} == {
        name: second[name] for name in second if "sqlite" not in name
    }
    assert not [name for name in first if "draft" in name or "partial" in name or "progress" in name]
    assert not build_catalogue(tmp_path / "a", reversed(SHOP), Mortal(embedder, 0))
    assert digests(tmp_path / "a") == first


def test_killed_while_embedding_it_goes_on_after_the_last_chunk(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "CHUNK", 4)
    build_catalogue(tmp_path / "whole", SHOP, embedder)
    folder = tmp_path / "killed"
    with pytest.raises(Killed):
        build_catalogue(folder, SHOP, Mortal(embedder, 11))  # 8 items of 3 kinds
    with pytest.raises(StoreError, match="half built"):
        Catalogue.open(folder, embedder)
    again = Mortal(embedder, 1000)
    assert build_catalogue(folder, SHOP, again)
    assert again.embedded == len(SHOP) - 8 + 1
    assert digests(folder) == digests(tmp_path / "whole")


@pytest.mark.parametrize("step", ["_write_lexical", "_write_rows", "replace_text"])
def test_killed_later_it_ends_in_the_same_state(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object) -> None:
        raise Killed

    build_catalogue(tmp_path / "whole", SHOP, embedder)
    folder = tmp_path / "killed"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(f"assistant.catalogue.build.{step}", die)
        build_catalogue(folder, SHOP, embedder)
    build_catalogue(folder, SHOP, Mortal(embedder, 0))
    assert digests(folder) == digests(tmp_path / "whole")


def test_what_an_earlier_run_left_of_other_items_is_not_used(tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(Killed):
        build_catalogue(tmp_path / "a", SHOP, Mortal(embedder, 5))
    changed = [Item("n1", "Something else", category="Beauty"), *SHOP[1:]]
    build_catalogue(tmp_path / "a", changed, embedder)
    build_catalogue(tmp_path / "b", changed, embedder)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    build_catalogue(tmp_path / "a", SHOP[:3], embedder)
    with_less = Catalogue.open(tmp_path / "a", embedder)
    assert with_less.items.count() == 3
    assert set(with_less.search("watch strap").item_ids) == {"s1", "s2", "s3"}


def test_no_items_and_other_embedders_are_refused_in_words(tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(DatasetError, match="No item"):
        build_catalogue(tmp_path / "none", [], embedder)
    with pytest.raises(StoreError, match="run the import"):
        Catalogue.open(tmp_path / "none", embedder)
    build_catalogue(tmp_path / "some", SHOP, embedder)
    other = Mortal(embedder, 0)
    other.name = "another"
    with pytest.raises(StoreError, match="another"):
        Catalogue.open(tmp_path / "some", other)


# Ranking


def test_the_mix_is_what_numpy_says(catalogue: Catalogue, embedder: Embedder) -> None:
    query = "strap of nylon for my watches"
    items = list(catalogue.items.in_order())
    rows = dense_vectors(items, embedder).astype(np.float16).astype(np.float32)
    cosines = rows @ embedder.embed([query])[0]
    counts = np.array([[words(lexical_text(item)).count(word) for word in words(query)] for item in items], dtype=float)
    lengths = np.array([len(words(lexical_text(item))) for item in items])
    found_in = (counts > 0).sum(axis=0)
    weights = np.log(1 + (len(items) - found_in + 0.5) / (found_in + 0.5))
    norms = 0.9 * (1 - 0.5 + 0.5 * lengths / lengths.mean())[:, None]
    lexical = (weights * counts / (counts + norms)).sum(axis=1)
    mixed = (cosines - cosines.mean()) / cosines.std() + WEIGHT * (lexical - lexical.mean()) / lexical.std()
    result = catalogue.search(query)
    order = np.argsort(-mixed, kind="stable")
    assert result.item_ids == tuple(items[row].item_id for row in order)
    np.testing.assert_allclose(result.scores, mixed[order], atol=2e-3)
    assert result.item_ids[0] == "w3"


def test_many_searches_give_the_numbers_of_one(catalogue: Catalogue) -> None:
    queries = ["mug", "shampoo without a smell", "", "strap", "zzzz"] * 30
    for query, ranking in zip(queries[:5], catalogue.search_many(queries, k=7)[-5:], strict=True):
        one = catalogue.search(query, k=7)
        assert ranking.item_ids == one.item_ids
        np.testing.assert_allclose(ranking.scores, one.scores, atol=1e-4)
    assert catalogue.search_many([]) == []
    assert catalogue.search_many(["zzzz"], method="bm25", k=1)[0].scores[0] == 0


def test_cosines_are_exact_and_do_not_depend_on_company(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    matrix = random.standard_normal((3000, 384)).astype(np.float16)
    matrix[0, :4] = [6e-8, -6e-8, 0.0, 65504.0]
    np.save(tmp_path / "vectors.npy", matrix)
    vectors = dense.Vectors(tmp_path / "vectors.npy")
    queries = random.standard_normal((9, 384)).astype(np.float32)
    found = vectors.cosines(queries)
    exact = queries.astype(np.float64) @ matrix.astype(np.float64).T
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-3)
    assert np.array_equal(vectors.cosines(queries[4:5])[0], found[4])
    assert np.array_equal(vectors.cosines(queries, slice(10, 20)), found[:, 10:20])


def test_similar_items_are_of_the_same_category(catalogue: Catalogue) -> None:
    assert catalogue.similar("w1", 2)[0] == "w2"
    assert set(catalogue.similar("w1")) == {"w2", "w3", "w4"}
    assert catalogue.similar("é1") == []
    assert catalogue.similar("nowhere") == []
    alone = {item_id: catalogue.similar(item_id) for item_id in ("w1", "é1", "w2")}
    assert catalogue.similar_many(["w1", "nowhere", "é1", "w2", "w1"]) == alone


# Constraints


def found(catalogue: Catalogue, query: str, **fields: object) -> tuple[set[str], tuple[str, ...], tuple[str, ...]]:
    """Items found for a query under constraints, the filters and what was relaxed."""
    result = catalogue.search(query, constraints=Constraints(**fields))  # type: ignore[arg-type]
    return set(result.item_ids), result.filters, result.relaxed


def test_limits_keep_what_is_known_to_fit(catalogue: Catalogue) -> None:
    assert found(catalogue, "shampoo", price_max=13.0) == ({"s1", "s5", "w3", "k1", "k2"}, ("under $13",), ())
    assert found(catalogue, "shampoo", price_min=12.0, price_max=14.0)[0] == {"s2", "w3", "k2"}
    assert found(catalogue, "strap", category="Watches")[:2] == ({"w1", "w2", "w3", "w4"}, ("in Watches",))
    assert found(catalogue, "strap", minimum_rating=4.4)[0] == {"s1", "s5", "w2", "w3", "k2"}


@pytest.fixture(scope="module")
def two_kinds(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Catalogue:
    """Thirty kettles from $79 down to $21 in steps of two, one of no known price, and thirty tea towels at $3."""
    kettles = [
        Item(f"kettle-{n:02}", f"Steel Kettle {n}", None, "Kitchen", ("Kitchen", "Kettle"), price=79.0 - 2 * n)
        for n in range(30)
    ]
    towels = [
        Item(f"towel-{n:02}", f"Tea Towel for Kettle {n}", None, "Kitchen", ("Kitchen", "Tea towel"), price=3.0)
        for n in range(30)
    ]
    unknown = Item("kettle-99", "Steel Kettle 99", None, "Kitchen", ("Kitchen", "Kettle"))
    folder = tmp_path_factory.mktemp("two-kinds")
    build_catalogue(folder, [*kettles, unknown, *towels], embedder)
    return Catalogue.open(folder, embedder)


def test_a_limit_brings_nothing_of_another_kind(two_kinds: Catalogue) -> None:
    ids, _, relaxed = found(two_kinds, "steel kettle", price_max=30.0)
    assert ids == {f"kettle-{n:02}" for n in range(25, 30)} and not relaxed
    result = two_kinds.search("steel kettle", constraints=Constraints(price_max=10.0), k=5)
    assert "under $10" in result.relaxed
    assert all(item_id.startswith("kettle") for item_id in result.item_ids)


def test_kinds_are_near_as_their_nearest_items_are(two_kinds: Catalogue) -> None:
    assert list(two_kinds.kinds_near("something of steel to boil water in")) == ["Kettle", "Tea towel"]
    near = two_kinds.kinds_near("to dry the cups with")
    assert near["Tea towel"] > near["Kettle"]


def test_lower_prices_come_first_where_they_are_wished_for(two_kinds: Catalogue) -> None:
    plain = two_kinds.search("steel kettle")
    cheap = two_kinds.search("steel kettle", constraints=Constraints(cheap=True))
    assert cheap.filters == ("lower prices first",)
    assert set(cheap.item_ids) == {item_id for item_id in plain.item_ids if item_id.startswith("kettle")}

    def average(item_ids: Sequence[str]) -> float:
        prices = [item.price for item in two_kinds.items.many(item_ids[:10]).values() if item.price is not None]
        return sum(prices) / len(prices)

    assert average(cheap.item_ids) < average(plain.item_ids) - 5


def test_the_name_of_its_kind_draws_an_items_vector(embedder: Embedder) -> None:
    named = Item("a", "Sisal, Two Storeys, Oatmeal", categories=("Pets", "Cat scratching post"))
    bare = Item("b", named.title)
    vectors = dense_vectors([named, bare], embedder)
    near, far = vectors @ embedder.embed(["my cat scratches the sofa"], query=True)[0]
    assert near > far + 0.1
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(vectors[1], embedder.embed([bare.title])[0], atol=1e-5)


def test_an_unknown_price_is_let_in_and_said_only_where_too_few_are_known_to_fit(catalogue: Catalogue) -> None:
    ids, filters, relaxed = found(catalogue, "strap", category="Watches", price_max=25.0)
    assert (ids, filters) == ({"w2", "w3", "w4"}, ("under $25", "in Watches"))
    assert relaxed == ("price unknown for some",)
    result = catalogue.search("steel strap", constraints=Constraints(price_max=25.0, category="Watches"))
    assert result.item_ids[-1] == "w4"


def test_brands_are_read_from_the_field_or_else_the_title(catalogue: Catalogue) -> None:
    ids, filters, relaxed = found(catalogue, "shampoo", brands=("zestival", "plainwell"))
    assert (ids, filters, relaxed) == ({"s1", "s2", "s3", "s4"}, ("by zestival or plainwell",), ())
    assert found(catalogue, "strap", brands=("Band & Co", "Tickwell"))[0] == {"w1", "w2", "w3"}
    assert found(catalogue, "shampoo", excluded_brands=("Plainwell",))[0].isdisjoint({"s1", "s4"})
    assert "s5" in found(catalogue, "shampoo", excluded_brands=("Plainwell",))[0]


def test_words_to_avoid_spare_what_is_free_of_them(catalogue: Catalogue) -> None:
    ids, filters, _ = found(catalogue, "strap", avoided_words=("leather",), category="Watches")
    assert (ids, filters) == ({"w2", "w3", "w4"}, ("in Watches", "not leather"))
    assert found(catalogue, "shampoo", avoided_words=("fragrance",))[0] >= {"s1", "s4", "s5"}
    assert found(catalogue, "shampoo", avoided_words=("fragrance",))[0].isdisjoint({"s2", "s3"})


def test_the_softest_that_stands_in_the_way_is_dropped_and_named(catalogue: Catalogue) -> None:
    ids, filters, relaxed = found(
        catalogue, "strap", category="Watches", avoided_words=("leather",), minimum_rating=5.0
    )
    assert (ids, filters) == ({"w2", "w3", "w4"}, ("in Watches", "not leather"))
    assert relaxed == ("5 stars and up",)
    ids, filters, relaxed = found(catalogue, "mug", brands=("Claybird",), minimum_rating=3.0, price_max=40.0)
    assert relaxed[0] == "by Claybird" and filters == ("under $40", "3 stars and up")
    result = catalogue.search("mug", constraints=Constraints(brands=("Claybird",)))
    assert set(result.item_ids[:2]) == {"k1", "k2"}
    assert (result.filters, result.relaxed) == ((), ("by Claybird",))
    assert len(result.item_ids) == len(SHOP)


def test_what_was_excluded_never_comes_back(catalogue: Catalogue) -> None:
    everything = [item.item_id for item in SHOP]
    result = catalogue.search("mug", exclude=[*everything[:-1], "nowhere"], constraints=Constraints(brands=("Nobody",)))
    assert result.item_ids == ("é1",)
    assert catalogue.search("mug", exclude=everything).item_ids == ()
    assert catalogue.search("mug", k=0).item_ids == ()
    assert len(catalogue.search("mug", k=2).item_ids) == 2


def test_a_category_or_brand_that_the_catalogue_lacks_is_dropped_in_words(catalogue: Catalogue) -> None:
    assert found(catalogue, "mug", category="Boats")[2] == ("in Boats",)
    assert found(catalogue, "mug", brands=("---",))[2] == ("by ---",)
    assert found(catalogue, "mug", brands=("Nobody",))[2] == ("by Nobody",)


@pytest.mark.parametrize(
    ("text", "words_to_avoid", "named"),
    [
        ("genuine leather", "leather", True),
        ("Leathers of Spain", "leather", True),
        ("leatherette", "leather", False),
        ("vegan leather", "leather", False),
        ("PVC and faux-leather", "leather", False),
        ("leather free", "leather", False),
        ("without any parabens, dyes or fragrance", "fragrance", False),
        ("no dyes. Light fragrance", "fragrance", True),
        ("no leather straps, and the buckle is leather", "leather", True),
        ("not the usual straps; genuine leather", "leather", True),
        ("high-fructose corn syrup", "corn syrup", True),
        ("black straps (a+b)*", "(a+b)*", False),
    ],
)
def test_mentions(text: str, words_to_avoid: str, named: bool) -> None:
    assert mentions(Item("a", "Thing", description=text), words_to_avoid) is named


def test_the_names_that_constraints_are_read_with(catalogue: Catalogue) -> None:
    assert catalogue.brands == ("Band & Co", "Claybird", "Plainwell", "Tickwell", "Zestival")
    assert catalogue.categories == ("", "Beauty", "Kitchen", "Watches")
    constraints, text = read_constraints(
        "a strap, not by tickwell, under $25", brands=catalogue.brands, categories=catalogue.categories
    )
    result = catalogue.search(text, constraints=constraints, k=3)
    assert result.filters == ("under $25", "not by Tickwell")
    assert result.item_ids[0] == "w2"


def test_a_brand_behind_for_is_another_makers() -> None:
    assert is_of_brand(Item("a", "Sony WH-1000 Headphones"), "sony")
    assert not is_of_brand(Item("a", "Case for Sony headphones"), "sony")
    assert not is_of_brand(Item("a", "Sony style case", brand="Acme"), "sony")
    assert is_of_brand(Item("a", "Headphones", brand="Sony Electronics Inc."), "SONY")
    assert not is_of_brand(Item("a", "Sonya's thing"), "sony")


@pytest.mark.parametrize(("text", "kept"), [("Scented with lavender", False), ("Fragrance-free, no perfume", True)])
def test_who_avoids_perfume_avoids_scents(text: str, kept: bool) -> None:
    assert keeps_to(Item("a", "Shampoo", description=text), Constraints(avoided_words=("perfumes",))) is kept
