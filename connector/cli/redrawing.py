"""The same picture again and again, until Ctrl-C: what `--watch` does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import NoReturn

from connector.cli.context import Context


def redraw(context: Context, seconds: float, show: Callable[[], object]) -> NoReturn:
    """Call `show` at once and then every so many seconds.

    On a terminal each picture takes the place of the last; else, and with --json, one follows the other.

    Args:
        show: prints through the context.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C; click makes exit code 130 of it.
    """
    if context.json or context.quiet or not sys.stdout.isatty():
        while True:
            show()
            time.sleep(seconds)
    from rich.live import Live
    from rich.text import Text

    with Live(console=context.console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(Text.from_ansi(context.captured(show)), refresh=True)
            time.sleep(seconds)
