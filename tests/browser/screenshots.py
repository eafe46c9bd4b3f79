"""Pictures of the page for the README, taken from a built store of the demo world.

``python -m tests.browser.screenshots STORE OUT`` copies the store, serves the page over it, asks what the pictures
show, and writes PNGs of at most ``MOST_BYTES`` each into OUT. Only a store of the demo world is taken: its people are
invented.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from assistant.opening import open_assistant
from assistant.settings import Settings
from assistant.turn import Assistant
from assistant.ui.desk import Desk
from assistant.ui.door import Door
from tests.browser.conftest import FLAGS, NAMES, PATIENCE, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_BYTES = 300_000
REQUEST = "running shoes"
ASKING = ("Mara", "Bea", "Emeka")


def ask(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.keyboard.press("Enter")
    page.locator("#live .ask", has_text=words).wait_for()
    page.locator("#live .turn:not(.running) .turn-tools").wait_for()


def desk(page: Page) -> None:
    """An answer, its steps closed, one memory lit up and its source open."""
    ask(page, "cat litter")
    page.locator("#now .memory.used .source summary").first.click()
    page.locator("#live .card").first.get_by_role("button", name="Show memory").first.hover()


def phone(page: Page) -> None:
    """The same answer at the width of a phone."""
    ask(page, "cat litter")


def reasoning(page: Page) -> None:
    """The steps of an answer, opened, and what buyers weigh."""
    ask(page, REQUEST)
    page.locator("#live .reasoning > summary").click()
    page.get_by_role("tab", name="Buyers weigh").click()


def compare(page: Page) -> None:
    """One request under four memory settings."""
    page.get_by_label("The request").fill(REQUEST)
    page.keyboard.press("Enter")
    page.locator(".contest[data-done=true]").wait_for()


def three_people(page: Page) -> None:
    """Three people who ask the same."""
    page.get_by_text("Who asks").click()
    for box in page.locator(".pick").all():
        box.locator("input").set_checked(box.inner_text().strip() in ASKING)
    compare(page)


PICTURES: tuple[tuple[str, str, tuple[int, int], str, Callable[[Page], None]], ...] = (
    ("desk", "Bea", (1440, 900), "light", desk),
    ("phone", "Bea", (390, 844), "dark", phone),
    ("reasoning", "Mara", (1440, 900), "dark", reasoning),
    ("compare", "Mara&view=compare", (1440, 1000), "light", compare),
    ("three-people", "Mara&view=compare", (1440, 1000), "light", three_people),
)


def take(assistant: Assistant, browser: Browser, out: Path) -> None:
    people = {user.name.split()[0]: user.user_id for user in assistant.memory.users.personas()}
    if not set(ASKING) <= set(people):
        raise SystemExit(f"The store lacks {', '.join(ASKING)}: build it from the demo world (mrrec demo build).")
    with served(Door(Desk(assistant, "demo world"))) as address:
        for name, who, (width, height), scheme, act in PICTURES:
            first, _, rest = who.partition("&")
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"{address.rstrip('/')}/?user={people[first]}&{rest}")
            page.locator("#contest-form" if rest else ".opener").first.wait_for()
            act(page)
            page.wait_for_timeout(800)
            path = out / f"{name}.png"
            path.write_bytes(small(page.screenshot()))
            print(f"{path} {path.stat().st_size:,} bytes")
            context.close()


def small(picture: bytes) -> bytes:
    """The picture in the 256 colours that suit it best, fewer where it would be larger than ``MOST_BYTES``."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    for colours in (256, 128, 64):
        written = BytesIO()
        image.quantize(colours, kmeans=4, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
        if written.tell() <= MOST_BYTES:
            break
    return written.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    path = os.environ.get("MRREC_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        sys.exit("no Chromium: install it (apt install chromium), or name one by MRREC_CHROMIUM")
    from playwright.sync_api import sync_playwright

    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Path(shutil.copytree(asked.store, Path(folder) / "store"))
        assistant = open_assistant(Settings(store=store))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            take(assistant, browser, asked.out)
        finally:
            browser.close()
            assistant.close()


if __name__ == "__main__":
    main()
