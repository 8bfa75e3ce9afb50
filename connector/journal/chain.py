"""The hash chain over the journal's history: any later change of a line breaks every line after it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

GENESIS = "0" * 64


def canonical(body: dict[str, Any]) -> str:
    """One spelling of a JSON object, whatever the order its members were set in."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: str, seq: int, at: str, job: str, kind: str, body: str) -> str:
    """Hex SHA-256 of one event, bound to the one before it."""
    line = "\n".join((previous, str(seq), at, job, kind, body))
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


def first_break(events: Iterable[tuple[int, str, str, str, str, str]]) -> int | None:
    """The number of the first event that does not follow from the one before it; None when all do."""
    previous, expected = GENESIS, 1
    for seq, at, job, kind, body, recorded in events:
        if seq != expected or recorded != link(previous, seq, at, job, kind, body):
            return seq
        previous, expected = recorded, expected + 1
    return None
