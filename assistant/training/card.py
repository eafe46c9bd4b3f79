"""The model card: what the served folder was made from and with, and what it reached, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.datasets.manifest import write_json
from assistant.evaluation.world import sources_hash
from assistant.training.config import RunConfig

CARD, RUN = "README.md", "training.json"
LIBRARIES = ("torch", "transformers", "trl", "peft")


def write_card(
    config: RunConfig,
    folder: Path,
    shops: Sequence[Mapping[str, object]],
    figures: Mapping[str, Any],
    curves: Sequence[str],
) -> None:
    """Writes ``README.md`` for people and ``training.json`` (the same as data) into the checkpoint folder."""
    run = {
        "name": config.name,
        "code": {"mrrec": version("mrrec"), "sources": sources_hash()},
        "libraries": {name: version(name) for name in LIBRARIES},
        "data": list(shops),
        "settings": _public(config),
        "figures": dict(figures),
    }
    write_json(folder / RUN, run)
    (folder / CARD).write_text(_text(run, curves), encoding="utf-8")


def _public(config: RunConfig) -> dict[str, Any]:
    """The settings without the places on this machine, which mean nothing on another."""
    settings = config.model_dump(mode="json", exclude={"work", "output"})
    for world in settings["worlds"]:
        world.pop("store")
        world["data"] = Path(world["data"]).name if world["data"] else "demo world"
    if settings["traces"]["practice"]:
        settings["traces"]["practice"] = Path(settings["traces"]["practice"]).name
    if settings["model"]["base"]:
        settings["model"]["base"] = _name(settings["model"]["base"])
    return settings


def _name(base: str) -> str:
    return Path(base).name if Path(base).exists() else base


def _text(run: Mapping[str, Any], curves: Sequence[str]) -> str:
    model, figures, code = run["settings"]["model"], run["figures"], run["code"]
    made = f"from {model['base']}" if model["base"] else "from scratch, with a tokenizer of its own"
    lines = [
        f"# {run['name']}",
        "",
        f"A policy for MR.Rec, trained {made}: it reads a shopper's request, names what matters, asks the memory, and "
        "writes the profile of the ideal product, which ranks the catalogue.",
        "",
        "```",
        "MRREC_POLICY=checkpoint MRREC_CHECKPOINT=this/folder mrrec serve",
        "```",
        "",
        "`policy.json` says which prompts, protocol and tokenizer it was trained with; others refuse it.",
        "",
        "## Figures",
        "",
        *_table(figures),
        "",
        *(f"![{name}]({name})" for name in curves),
        "",
        "## Data",
        "",
        *(_shop(shop) for shop in run["data"]),
        "",
        "## Made with",
        "",
        f"mrrec {code['mrrec']} (sources {code['sources']}), "
        + ", ".join(f"{name} {number}" for name, number in run["libraries"].items())
        + ". The settings, from which `mrrec train all` makes it again:",
        "",
        "```json",
        json.dumps(run["settings"], indent=1, ensure_ascii=False),
        "```",
        "",
    ]
    return "\n".join(lines)


def _shop(shop: Mapping[str, object]) -> str:
    return (
        f"- {shop['dataset']}: content hash `{shop['content_hash']}`, {shop['items']} items, {shop['memories']} "
        f"memories written by {shop['writer']}, {shop['train_requests']} train and {shop['dev_requests']} dev requests."
    )


def _table(figures: Mapping[str, Any]) -> list[str]:
    rows = ["| stage | figure | value |", "|---|---|---|"]
    for stage, told in figures.items():
        for name, value in told.items():
            parts = value.items() if isinstance(value, dict) else [("", value)]
            rows += [f"| {stage} | {' '.join(filter(None, (name, part)))} | {_shown(each)} |" for part, each in parts]
    return rows


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value in (None, "") else str(value)
