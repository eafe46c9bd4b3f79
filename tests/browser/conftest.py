"""A real Chromium, and the page served on a free port: by a scripted assistant, or by the real one."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from assistant.ui.desk import Desk
from assistant.ui.door import Door
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore
from tests import doubles

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000

Open = Callable[..., "Page"]


@dataclass
class Site:
    """A served page. ``outside`` collects requests to any other host, ``errors`` what the script throws."""

    address: str
    assistant: doubles.ScriptedAssistant | None
    outside: list[str]
    errors: list[str]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("MRREC_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium: install it (apt install chromium), or name one by MRREC_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(door: Door, port: int | None = None) -> Iterator[str]:
    """The page behind a door on a free port; gives its address."""
    from assistant.ui.page import build_page, launch_options

    page = build_page(door)
    page.launch(server_port=port or free_port(), prevent_thread_lock=True, **launch_options())
    try:
        yield page.local_url
    finally:
        page.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Site]:
    memory = MemoryStore.open(tmp_path_factory.mktemp("page"), embedder)
    doubles.fill_store(memory)
    assistant = doubles.ScriptedAssistant(memory)
    with served(Door(Desk(assistant, "test store"))) as address:  # type: ignore[arg-type]
        yield Site(address, assistant, [], [])
    memory.close()


@pytest.fixture
def site(scripted: Site) -> Iterator[Site]:
    """The page over a scripted assistant that answers well and at once; the test may change that."""
    assistant = scripted.assistant
    assert assistant is not None
    assistant.script, assistant.hold_before = doubles.answer_well, None
    assistant.released.clear()
    scripted.outside.clear()
    scripted.errors.clear()
    yield scripted
    assistant.released.set()
    assert scripted.outside == []
    assert scripted.errors == []


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """Opens a site in a tab of its own: ``visit(site, "?user=mara", width=390)``."""
    contexts = []

    def open_tab(site: Site, query: str = "?user=mara", width: int = 1440, height: int = 900, **more: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **more)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        host = site.address.rstrip("/")
        page.on("request", lambda sent: None if _inside(sent.url, host) else site.outside.append(sent.url))
        page.on("pageerror", lambda error: site.errors.append(str(error)))
        page.goto(f"{host}/{query}")
        return page

    yield open_tab
    for context in contexts:
        context.close()


def _inside(url: str, host: str) -> bool:
    return url.startswith((host, "data:", "blob:", "about:"))
