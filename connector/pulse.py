"""What the running service says of itself, in one small file that anybody may read at any time.

`<state_dir>/pulse.json` is replaced every few seconds. The journal tells what was done; the pulse tells
whether anybody is still doing it, and what keeps him from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connector.records import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePulse:
    """One thread of the service."""

    name: str  # "ventes/sending", "pa/follow"
    silent: float  # seconds since it last began a round
    trouble: str | None = None  # why its last round failed


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPulse:
    """One account, as the gateway sees it."""

    name: str
    way: str  # "free" | "probe" | "breaker" | "rate" | "stopped"
    reason: str | None = None  # of a stop
    wait: float = 0.0  # seconds until something changes by itself
    in_flight: int = 0  # deposits under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The whole service at one moment."""

    at: datetime
    started_at: datetime
    pid: int
    lanes: tuple[LanePulse, ...] = ()
    accounts: tuple[AccountPulse, ...] = ()
    in_inbox: dict[str, int] | None = None  # route → files seen and not taken yet


def beat(path: Path, pulse: Pulse) -> None:
    """Replace the file. Raises OSError; a reader never sees half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(encode(Pulse, pulse), "utf-8")
    fresh.replace(path)


def last_beat(path: Path) -> Pulse | None:
    """What the service said last; None when it never ran, or the file is not one of ours."""
    try:
        return decode(Pulse, path.read_bytes())
    except (OSError, ValueError):
        return None
