"""What works today and may not tomorrow, for `connector doctor`; nothing of it keeps us from starting."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.mounts import is_remote, kind_of
from connector.settings import Settings

LEAST_FREE = 2 * 1024**3  # bytes
LEAST_SHARE = 0.05  # of the disk
MOST_SKEW = 120.0  # seconds: tokens and certificates are judged by the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """One thing to see to in time.

    Args:
        kind: key of its sentence, below `cli.doctor`.
        about: what it is about: a folder, a route, an account.
        facts: what the sentence needs.
    """

    kind: str
    about: str
    facts: dict[str, str]


def cautions(settings: Settings, least: int | None = None) -> Iterator[Caution]:
    """Everything about this machine; each disk is told of once.

    Args:
        least: bytes that should be free on each disk; by default 2 GiB, or a twentieth of a small one.
    """
    told: set[int] = set()
    places = [("state_dir", settings.state_dir)]
    places += [(f'route "{route.name}"', route.outbox_dir) for route in settings.route]
    for about, folder in places:
        try:
            device = folder.stat().st_dev
        except OSError:  # `checks` says so
            continue
        if device not in told:
            told.add(device)
            yield from _room(about, folder, least)
    for route in settings.route:
        kind = kind_of(route.inbox_dir)
        if is_remote(kind):
            seconds = f"{route.scan_seconds:g}"
            facts = {"kind": kind, "seconds": seconds}
            yield Caution(kind="scanned", about=f'route "{route.name}"', facts=facts)


def skewed(account: str, ahead: float | None) -> Iterator[Caution]:
    """Whether this machine's clock and the platform's are too far apart.

    Args:
        ahead: seconds that ours is ahead of theirs; None: nobody knows.
    """
    if ahead is not None and abs(ahead) > MOST_SKEW:
        kind = "clock-ahead" if ahead > 0 else "clock-behind"
        yield Caution(kind=kind, about=f"account {account}", facts={"seconds": f"{abs(ahead):.0f}"})


def _room(about: str, folder: Path, least: int | None) -> Iterator[Caution]:
    usage = shutil.disk_usage(folder)
    if usage.free < (least or min(LEAST_FREE, usage.total * LEAST_SHARE)):
        free = f"{usage.free / 1024**2:.0f}"
        yield Caution(kind="little-room", about=about, facts={"folder": str(folder), "mb": free})
