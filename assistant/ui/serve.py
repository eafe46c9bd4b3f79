"""Starts the page at once, builds the store under it where that is needed, then lets people in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assistant.errors import SettingsError, StoreError
from assistant.settings import Settings
from assistant.ui.desk import Desk
from assistant.ui.door import Door

if TYPE_CHECKING:
    from assistant.turn import Assistant


def serve(settings: Settings) -> None:
    """Serves the page until interrupted.

    Raises what building or opening the store raises, and SettingsError for a port that is taken.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from rich.console import Console

    from assistant.datasets.ensure import ensure_store
    from assistant.datasets.manifest import Manifest
    from assistant.datasets.progress import terminal_progress
    from assistant.opening import open_assistant
    from assistant.ui.page import build_page, launch_options

    console = Console()
    door = Door()
    page = build_page(door)
    try:
        page.launch(server_name=settings.host, server_port=settings.port, prevent_thread_lock=True, **launch_options())
    except OSError as error:
        raise SettingsError(
            f"Port {settings.port} of {settings.host} is taken: set MRREC_PORT to another one."
        ) from error
    address = f"http://{settings.host}:{settings.port}"
    assistant: Assistant | None = None
    try:
        console.print(f"The page is on {address}", highlight=False)
        with terminal_progress(console) as draw:

            def tell(part: str, done: int, total: int) -> None:
                door.tell(part, done, total)
                draw(part, done, total)

            ensure_store(settings, tell)
        assistant = open_assistant(settings)
        if not assistant.memory.users.count():
            raise StoreError(
                f"The store {settings.store} has no people in it: import a data set that has interactions."
            )
        manifest = Manifest.read(settings.store)
        door.desk = Desk(assistant, manifest.dataset if manifest else settings.store.name)
        console.print(f"Ready: open {address} in a browser. Ctrl+C stops it.", highlight=False)
        page.block_thread()
    finally:
        page.close()
        if assistant:
            assistant.close()
