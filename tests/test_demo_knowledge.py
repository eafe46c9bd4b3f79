"""The demo world's knowledge: what ships is well formed and broad, and the checker sees what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.datasets.demo import check
from assistant.datasets.demo.knowledge import DEPARTMENTS, Knowledge
from assistant.datasets.demo.phrases import load_phrases
from assistant.datasets.demo.reading import KNOWLEDGE_FOLDER, load_knowledge, read_knowledge
from assistant.errors import DatasetError

EXEMPLAR = KNOWLEDGE_FOLDER / "beauty-and-personal-care.toml"

# Well-known brands that no invented brand may be called; those that are no everyday words may stand in no text either.
_NAMES = """
adidas aldi alfa-romeo amazon amd anker apple armani asics asus audi aveeno barbie bic birkenstock blackberry bmw bosch
bose braun brita bvlgari calvin-klein canon carhartt cartier casio cerave cetaphil chanel chevrolet chrysler citroen
clinique clorox coca-cola colgate converse crayola crocs cuisinart dell dewalt dior disney doritos dove dyson electrolux
energizer epson ford fender fiskars fitbit fossil garmin gap garnier gerber gibson gillette google gopro graco gucci
hasbro heinz hermes hershey hilton honda hp hisense huawei huggies hyundai ikea instax intel jeep jbl kellogg kia kindle
kitchenaid kleenex kodak kraft lacoste lego lenovo levi lexus lg logitech loreal lululemon makita marmite mattel
maybelline mazda mercedes microsoft milka miele moleskine monopoly motorola nerf nescafe nespresso nestle netflix nike
nikon nintendo nissan nivea nokia nutella olay oreo osram oxo pampers panasonic pantene pepsi peugeot philips playmobil
playstation porsche prada pringles pyrex quaker ravensburger rayban razer reebok renault revlon ritz rolex rubbermaid
ryobi samsung sandisk sanrio sennheiser sharpie shimano siemens skechers skoda sony spotify stabilo staedtler stanley
starbucks steinway subaru suzuki swarovski swatch tefal tesla thermos timberland toshiba toyota tupperware uniqlo vans
vaseline velcro versace vicks visa vitamix volkswagen volvo walmart whirlpool wilson xbox xiaomi yamaha yeti zara zippo
"""
FAMOUS = _NAMES.split()
EVERYDAY = {
    *("apple", "amazon", "bic", "dove", "fender", "ford", "fossil", "gap", "gerber", "gibson", "kindle", "kraft"),
    *("monopoly", "quaker", "razer", "ritz", "stanley", "thermos", "vans", "visa", "wilson", "whirlpool", "hermes"),
    *("hilton", "fiskars", "hp", "lg", "levi", "converse", "swatch"),
}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def test_the_shop_is_broad(knowledge: Knowledge) -> None:
    departments = knowledge.departments()
    assert sorted(departments) == sorted(DEPARTMENTS)
    assert len(knowledge.kinds) >= 150
    assert len({brand.name for kind in knowledge.kinds.values() for brand in kind.brands}) >= 200


def test_every_trait_forces_something_in_several_departments(knowledge: Knowledge) -> None:
    for trait in knowledge.traits:
        where = {
            kind.department
            for kind in knowledge.kinds.values()
            for attribute in kind.attributes.values()
            for value in attribute.values.values()
            if trait in value.suits
        }
        assert len(where) >= 2, trait


def test_no_brand_is_a_real_one(knowledge: Knowledge) -> None:
    brands = {brand.name for kind in knowledge.kinds.values() for brand in kind.brands}
    famous = {name.replace("-", " ") for name in FAMOUS}
    assert not {brand for brand in brands if brand.lower() in famous}
    for brand in brands:
        assert not (famous - EVERYDAY) & set(re.findall(r"[a-z]+", brand.lower())), brand


@pytest.mark.parametrize("path", sorted(KNOWLEDGE_FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_no_text_names_a_real_brand(path: Path) -> None:
    words = set(re.findall(r"[a-z]+", path.read_text(encoding="utf-8").lower().replace("kindle store", "")))
    assert not words & (set(FAMOUS) - EVERYDAY)


def test_a_value_that_hides_in_another_is_refused(tmp_path: Path) -> None:
    lines = _problems(tmp_path, '[attribute.scent."citrus"]', '[attribute.scent."lavender citrus"]')
    assert any("'lavender' occurs within 'lavender citrus'" in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('department = "Beauty and Personal Care"', 'department = "Beauty"', "'Beauty' is not one of"),
        ('voice = "clinical"', 'voice = "loud"', "voice must be one of"),
        ('suits = ["quiet", "night-owl"]', 'suits = ["silence"]', "'silence' is no trait"),
        ("{brand} {noun} with {balm_flavour}", "{brand} {noun} with {flavour}", "'flavour' is unknown"),
        ('shape = "hair-dryer"', 'shape = "xylograph"', "shape 'xylograph' is not drawn"),
        ("price = [32, 0.55]", "price = [32]", "price must be"),
        ("Softens in body heat", "Softens in [body|heat", "bracket that is not a choice"),
        ("doesn't scorch", "doesn't scorch.", "must not end with a full stop"),
        ('colour = "#a3243b"', 'colour = "red"', "not written #rrggbb"),
        ("popular = 1.6", "popularity = 1.6", "unknown field 'popularity'"),
        ("the turbo is brilliant on thick hair", "brilliant on thick hair", ""),
        ('label = "Noise"', "label = Noise", "not readable as TOML"),
    ],
)
def test_the_checker_names_the_place_and_the_fault(tmp_path: Path, old: str, new: str, said: str) -> None:
    lines = _problems(tmp_path, old, new)
    assert any(said in line for line in lines) if said else not lines


def test_loading_refuses_faulty_knowledge(tmp_path: Path) -> None:
    _problems(tmp_path, "price = [32, 0.55]", "price = [32]")
    with pytest.raises(DatasetError, match="hair dryer: price must be"):
        load_knowledge(tmp_path)


def test_check_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert check.main([str(EXEMPLAR)]) == 0
    assert "0 problems" in capsys.readouterr().out
    broken = tmp_path / EXEMPLAR.name
    broken.write_text("department = ", encoding="utf-8")
    assert check.main([str(broken)]) == 1


def test_phrases_have_the_sections_that_are_used() -> None:
    phrases = load_phrases()
    assert {"voice", "title", "filler", "opening", "middle", "closing", "gift", "request"} <= set(phrases)
    assert set(phrases["voice"]["names"]) == set(phrases["opening"])


def _problems(folder: Path, old: str, new: str) -> list[str]:
    text = EXEMPLAR.read_text(encoding="utf-8")
    assert old in text
    (folder / EXEMPLAR.name).write_text(text.replace(old, new), encoding="utf-8")
    return read_knowledge(folder)[1].lines
