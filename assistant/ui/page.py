"""The page: which block stands where, and which action fills it. What is in the blocks, other modules draw."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.ui.desk import Desk, Payload, Screen, Tab
from assistant.ui.door import Door
from assistant.ui.theme import theme

BUILDING_TICK = 0.5
HERE = Path(__file__).parent
BLOCKS = (
    "person",
    "conversations",
    "foot",
    "bar",
    "history",
    "live",
    "notice",
    "announce",
    "now",
    "controls",
    "all",
    "weigh",
    "dialog",
    "people",
    "contest",
    "columns",
    "place",
)
COMPOSER = """
<p id="own-notice" class="notice" role="alert" hidden></p>
<p id="editing" hidden>Editing your last message. <button type="button" data-cancel-edit>Cancel</button></p>
<form id="composer" data-composer>
  <textarea name="text" rows="1" dir="auto" placeholder="What are you looking for?" aria-label="Your message"
    autocomplete="off" enterkeyhint="send"></textarea>
  <button type="submit" class="send" aria-label="Send" title="Send"><svg viewBox="0 0 20 20" aria-hidden="true">
    <path d="M10 16V4.5M5 9.5l5-5 5 5" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
    stroke-linejoin="round"/></svg></button>
  <button type="button" class="stop" data-act="stop" aria-label="Stop" title="Stop"><svg viewBox="0 0 20 20"
    aria-hidden="true"><rect x="5.5" y="5.5" width="9" height="9" rx="1.5" fill="currentColor"/></svg></button>
</form>
"""
TABS = """
<div class="panel-head"><h2>Memory</h2><button type="button" class="icon only-narrow" data-close
  aria-label="Close memory">✕</button></div>
<div class="tabs" role="tablist" aria-label="Memory">
  <button type="button" role="tab" id="tab-now" data-tab="now" aria-controls="panel-now">This answer</button>
  <button type="button" role="tab" id="tab-all" data-tab="all" aria-controls="panel-all">All I remember</button>
  <button type="button" role="tab" id="tab-weigh" data-tab="weigh" aria-controls="panel-weigh">Buyers weigh</button>
</div>
"""
COMPARE = """
<div class="compare-head"><button type="button" class="aside" data-leave>← Back to the conversation</button>
<h1>The same request, side by side</h1>
<p class="quiet">Each column answers on its own. What only one of them shows is marked “Only here”.</p></div>
"""


def build_page(door: Door) -> gr.Blocks:
    """The page behind a door that may open later. Serve it with ``launch_options()``."""
    with gr.Blocks(title="MR.Rec", analytics_enabled=False, fill_width=True) as page:
        tab = gr.State(None)
        blocks: dict[str, gr.HTML] = {}

        def block(name: str, *classes: str) -> None:
            blocks[name] = gr.HTML(
                "", elem_id=name, elem_classes=["block-html", *classes], apply_default_css=False, js_on_load=None
            )

        block("bar")
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="left"):
                block("person")
                block("conversations")
                block("foot")
            with gr.Column(elem_id="middle"):
                with gr.Column(elem_id="scroll"):
                    block("history")
                    block("live")
                with gr.Column(elem_id="ask"):
                    block("notice")
                    gr.HTML(COMPOSER, apply_default_css=False, js_on_load=None)
            with gr.Column(elem_id="right"):
                gr.HTML(TABS, elem_id="tabs", apply_default_css=False, js_on_load=None)
                with gr.Column(elem_id="panel-now"):
                    block("now")
                with gr.Column(elem_id="panel-all"):
                    block("controls")
                    block("all")
                with gr.Column(elem_id="panel-weigh"):
                    block("weigh")
        with gr.Column(elem_id="switch"), gr.Column(elem_id="switch-card"):
            block("dialog")
            block("people")
        with gr.Column(elem_id="compare"):
            gr.HTML(COMPARE, apply_default_css=False, js_on_load=None)
            block("contest")
            block("columns")
        block("announce")
        block("place")
        bridge = gr.HTML("", elem_id="bridge", js_on_load=(HERE / "page.js").read_text(encoding="utf-8"))
        _wire(page, door, tab, blocks, bridge)
    return page


def _wire(page: gr.Blocks, door: Door, tab: gr.State, blocks: dict[str, gr.HTML], bridge: gr.HTML) -> None:
    outputs = [tab, *(blocks[name] for name in BLOCKS)]

    def load(request: gr.Request) -> Iterator[list[object]]:
        while door.desk is None:
            yield _update(None, door.screen())
            time.sleep(BUILDING_TICK)
        address = request.query_params
        place = door.desk.open(address.get("user", ""), address.get("session", ""))
        yield from _updates(place, door.desk.arrive(place))

    def go(known: Tab | None, event: gr.EventData) -> Iterator[list[object]]:
        desk, place = _entered(door, known, event._data)
        yield from _updates(place, desk.go(place, event._data))

    def say(known: Tab | None, event: gr.EventData) -> Iterator[list[object]]:
        desk, place = _entered(door, known, event._data)
        yield from _updates(place, desk.say(place, event._data))

    def act(known: Tab | None, event: gr.EventData) -> list[object]:
        desk, place = _entered(door, known, event._data)
        return _update(place, desk.act(place, event._data))

    def compare(known: Tab | None, event: gr.EventData) -> Iterator[list[object]]:
        desk, place = _entered(door, known, event._data)
        yield from _updates(place, desk.compare(place, event._data))

    quiet: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
    page.load(load, None, outputs, **quiet)
    bridge.go(go, tab, outputs, trigger_mode="multiple", **quiet)
    bridge.say(say, tab, outputs, trigger_mode="multiple", **quiet)
    bridge.compare(compare, tab, outputs, trigger_mode="multiple", **quiet)
    bridge.act(act, tab, outputs, trigger_mode="multiple", **quiet)


def _entered(door: Door, known: Tab | None, payload: Payload) -> tuple[Desk, Tab]:
    """The desk, and the tab: rebuilt from its address when the server was restarted under an open page."""
    if door.desk is None:
        raise gr.Error("I am still setting up. The page opens by itself when I am done.")
    return door.desk, known or door.desk.open(str(payload.get("at_user") or ""), str(payload.get("at_session") or ""))


def _updates(tab: Tab, screens: Iterator[Screen]) -> Iterator[list[object]]:
    """One update a screen, and an empty one: Gradio sends the last one again when a stream ends, by then perhaps to a
    tab that has gone elsewhere."""
    for screen in screens:
        yield _update(tab, screen)
    yield _update(tab, {})


def _update(tab: Tab | None, screen: Screen) -> list[object]:
    return [tab, *(screen.get(name, gr.skip()) for name in BLOCKS)]


def launch_options() -> dict[str, Any]:
    """What ``gr.Blocks.launch`` needs for this page: its looks, and no outside request.

    The style goes in whole, by the head: Gradio's ``css`` rewrites selectors and drops container queries.
    """
    style = "".join((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "compare.css"))
    return {
        "theme": theme(),
        "head": f"<style>{style}</style>",
        "ssr_mode": False,
        "share": False,
        "footer_links": [],
        "quiet": True,
    }
