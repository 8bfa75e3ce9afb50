"""When a file is whole: a pure record of what was seen of it, on a clock that never jumps.

The age that counts is the time since *we* first saw this size and these times: what the file says of itself
may be years old or in the future (T01), and a share's clock is not ours (T02).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

SAMPLES = 3  # equal looks needed; two can be one stale answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one look at a file saw."""

    signature: tuple[int, ...]  # size, mtime_ns, ctime_ns, inode
    being_written: bool = False

    @property
    def size(self) -> int:
        return self.signature[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRules:
    """Seconds, all of them on the monotonic clock."""

    quiet: float
    empty_wait: float = 600.0
    max_settle: float = 6 * 3600.0

    @property
    def interval(self) -> float:
        """Between two looks that count."""
        return self.quiet / (SAMPLES - 1)


class Settled(Enum):
    NOT_YET = auto()
    WHOLE = auto()
    NEVER = auto()  # it has changed, or stayed in somebody's hands, for too long: tell, and go on watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What we have seen of one file so far."""

    first_seen: float
    since: float  # when the present signature was first seen
    last_look: float
    sample: Sample
    samples: int = 1
    told: bool = False  # its never settling has been reported


def seen(before: Watched | None, sample: Sample, now: float) -> Watched:
    """The record after one more look."""
    if before is None:
        return Watched(first_seen=now, since=now, last_look=now, sample=sample)
    if sample.being_written or sample.signature != before.sample.signature:
        return replace(before, since=now, last_look=now, sample=sample, samples=1)
    return replace(before, last_look=now, sample=sample, samples=before.samples + 1)


def is_due(watched: Watched, rules: SettleRules, now: float) -> bool:
    """Whether it is time for another look."""
    return now >= watched.last_look + rules.interval


def settled(watched: Watched, rules: SettleRules, now: float) -> Settled:
    """Whether the file may be taken."""
    quiet = rules.empty_wait if watched.sample.size == 0 else rules.quiet  # A12
    steady = not watched.sample.being_written and watched.samples >= SAMPLES and now >= watched.since + quiet
    if steady:
        return Settled.WHOLE
    return Settled.NEVER if now >= watched.first_seen + rules.max_settle else Settled.NOT_YET
