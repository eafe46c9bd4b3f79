"""python app.py: the assistant's page on http://127.0.0.1:7860. Settings are read from ``MRREC_*``."""

from __future__ import annotations

from assistant.cli import failing_clearly, read_settings


def main() -> None:
    """Starts the page; the first start builds the store. Ctrl+C stops it."""
    with failing_clearly():
        from assistant.ui.serve import serve

        serve(read_settings())


if __name__ == "__main__":
    main()
