"""The house holds: imports point one way, heavy libraries stay in their rooms, files keep to one subject."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([ROOT / "app.py", *(ROOT / "assistant").rglob("*.py"), *(ROOT / "memory_store").rglob("*.py")])
LONGEST = 400

# library -> the only places that may import it (prefixes of paths below the root)
ROOMS = {
    "gradio": ("assistant/ui/", "app.py"),
    "langgraph": ("assistant/turn.py",),
    "chromadb": ("memory_store/vectors.py",),
    "trl": ("assistant/training/",),
    "bm25s": ("assistant/catalogue/",),
    "Stemmer": ("assistant/catalogue/",),
}
# place -> what it may not import
FORBIDDEN = {
    "memory_store/": ("assistant",),
    "assistant/protocol.py": ("assistant.turn", "assistant.ui", "assistant.catalogue", "memory_store"),
    "assistant/types.py": ("assistant", "memory_store"),
    "assistant/errors.py": ("assistant", "memory_store"),
    "assistant/policy/": ("assistant.turn", "assistant.ui", "assistant.tools", "assistant.catalogue"),
    "assistant/catalogue/": ("assistant.turn", "assistant.ui", "assistant.policy", "assistant.dialogue"),
    "assistant/turn.py": ("assistant.ui", "assistant.evaluation", "assistant.training", "assistant.datasets"),
    "assistant/datasets/": ("assistant.turn", "assistant.ui", "assistant.evaluation", "assistant.training"),
    "assistant/evaluation/": ("assistant.ui", "assistant.training"),
    "assistant/training/": ("assistant.ui",),
    "assistant/pictures/": ("assistant.turn", "assistant.ui", "memory_store"),
}
ENTRY_POINTS = {"app.py", "assistant/cli.py"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_keeps_to_its_room(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    modules = set(imports(path))
    for library, rooms in ROOMS.items():
        if any(within(module, library) for module in modules):
            assert place.startswith(rooms), f"{place} imports {library}, which belongs in {rooms}"
    for prefix, packages in FORBIDDEN.items():
        if place.startswith(prefix):
            found = [module for module in modules for package in packages if within(module, package)]
            assert not found, f"{place} may not import {found}"
    if place not in ENTRY_POINTS:
        for package in ("assistant.training", "assistant.ui"):
            if not place.startswith(package.replace(".", "/") + "/"):
                assert not any(within(module, package) for module in modules), f"{place} may not import {package}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("statement", ["import assistant", "import memory_store", "import assistant.cli"])
def test_what_is_light_stays_light(statement: str) -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "gradio", "chromadb", "langgraph", "trl")
    code = f"{statement}; import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_nothing_of_this_machine_is_in_the_tree() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    suspicious = ("/work" + "/", "/root" + "/", "/opt/" + "wheels")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".css", ".js", ""} and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not any(word in text for word in suspicious), f"{name} names a path of a machine"
