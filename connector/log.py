"""Where log lines go: a JSON file for machines and a readable line on standard error for people.

An event has a stable, dotted, English name; everything else is a field. Values of variables are never printed
with a traceback, because some of them are secrets.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

_PRIORITY = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


def set_up(*, level: str, folder: Path | None, console: bool = True) -> None:
    """Send log lines to a rotated `connector.jsonl` in `folder`, and to standard error.

    A file that is full (20 MB) is compressed, and the ten newest of those are kept.

    Args:
        level: least level of both.
        folder: None for no file.
        console: False keeps standard error for the command's own words.
    """
    logger.remove()
    if console:
        logger.add(sys.stderr, level=level, format=_line, diagnose=False, backtrace=False)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        logger.add(
            folder / "connector.jsonl",
            level=level,
            format=_json,
            rotation="20 MB",
            retention=10,
            compression="gz",
            diagnose=False,
            backtrace=False,
        )


def _json(record: Record) -> str:
    fields = {key: value for key, value in record["extra"].items() if not key.startswith("_")}
    line = {
        "ts": record["time"].isoformat(),
        "level": record["level"].name,
        "event": record["message"],
        **fields,
    }
    if record["exception"] is not None:
        line["error"] = repr(record["exception"].value)
    record["extra"]["_json"] = json.dumps(line, ensure_ascii=False, default=str)
    return "{extra[_json]}\n{exception}" if record["exception"] is not None else "{extra[_json]}\n"


def _line(record: Record) -> str:
    fields = " ".join(
        f"{key}={value}"
        for key, value in record["extra"].items()
        if value is not None and not key.startswith("_")
    )
    record["extra"]["_line"] = fields
    # journald reads the priority from the start of the line (sd-daemon(3)) and has a clock of its own.
    if os.environ.get("JOURNAL_STREAM"):
        return f"<{_PRIORITY.get(record['level'].name, 6)}>" + "{message} {extra[_line]}\n{exception}"
    return "{time:HH:mm:ss} {level: <7} {message} {extra[_line]}\n{exception}"
