"""The README keeps its word: commands, make targets, settings, files and links that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from assistant.cli import app
from assistant.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_exists() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"\bmrrec ([a-z][a-z-]+)\b", README))
    assert named <= known | {"evaluate"}, named - known


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", README)) <= targets


def test_every_setting_exists() -> None:
    known = {f"MRREC_{name.upper()}" for name in Settings.model_fields} | {"MRREC_STORE"}
    named = {name for found in re.findall(r"MRREC_[A-Z_]+(?:\|[A-Z]+)*", README) for name in _spelt_out(found)}
    assert named <= known, named - known


def _spelt_out(found: str) -> list[str]:
    """MRREC_ENDPOINT_URL|MODEL is two settings."""
    first, *others = found.split("|")
    return [first, *(first.rsplit("_", 1)[0] + "_" + other for other in others)]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_tree_is_the_tree() -> None:
    block = re.search(r"```\n(app\.py .*?)```", README, re.S)
    assert block
    folder = Path()
    for line in block[1].splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if not line.startswith(" "):
            folder = Path(names[0]) if names[0].endswith("/") else Path()
            names = names if folder == Path() else []
        for name in names:
            assert (ROOT / folder / name).exists(), f"{folder / name} is in the README and not in the tree"


def test_every_benchmark_that_is_named_exists() -> None:
    for module in set(re.findall(r"python -m (tests\.[a-z_.]+)", README)):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module
