"""A page of memory that worker, zygote and every life share: what must outlive a process that was killed."""

from __future__ import annotations

import json
import mmap
import struct
from datetime import UTC, datetime
from typing import Any

from tests.crash.spec import Point

_CLOCK, _DEEDS, _TAKEN, _LOGGED, _REPORTED = 0, 8, 16, 24, 32  # offsets of the numbers
_LOG, _REPORT, _SIZE = 64, 192 * 1024, 256 * 1024
_START = 1_790_000_000.0  # seconds since 1970; only for the time before a run has begun


class Shared:
    """Numbers and two texts in memory that a `fork` does not copy."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _SIZE)
        self.clear(_START)

    def clear(self, now: float) -> None:
        """As before a run.

        Args:
            now: seconds since 1970.
        """
        self.now = now
        self.deeds = self.taken = 0
        self.turn()

    def turn(self) -> None:
        """As before another life of the same run."""
        self._set(_LOGGED, 0)
        self._set(_REPORTED, 0)

    # ------------------------------------------------------------------ numbers
    @property
    def now(self) -> float:
        """The time of the run, in seconds since 1970. It only moves when somebody moves it."""
        return float(struct.unpack_from("d", self._page, _CLOCK)[0])

    @now.setter
    def now(self, value: float) -> None:
        struct.pack_into("d", self._page, _CLOCK, value)

    @property
    def deeds(self) -> int:
        """Bit n: the n-th deed of the shape's writer is done."""
        return self._get(_DEEDS)

    @deeds.setter
    def deeds(self, value: int) -> None:
        self._set(_DEEDS, value)

    @property
    def taken(self) -> int:
        """How many result files were taken away."""
        return self._get(_TAKEN)

    @taken.setter
    def taken(self, value: int) -> None:
        self._set(_TAKEN, value)

    def _get(self, offset: int) -> int:
        return int(struct.unpack_from("q", self._page, offset)[0])

    def _set(self, offset: int, value: int) -> None:
        struct.pack_into("q", self._page, offset, value)

    # ------------------------------------------------------------------ texts
    def log(self, label: str, nth: int, *, loose: bool) -> None:
        """A life passes a point."""
        line = f"{label}#{nth}{'!' if loose else ''}\n".encode()
        end = self._get(_LOGGED)
        if _LOG + end + len(line) > _REPORT:
            raise RuntimeError("a life passes more points than there is room for")
        self._page[_LOG + end : _LOG + end + len(line)] = line
        self._set(_LOGGED, end + len(line))

    def passed(self) -> tuple[tuple[Point, bool], ...]:
        """The points that the life passed."""
        lines = self._page[_LOG : _LOG + self._get(_LOGGED)].decode().splitlines()
        return tuple((Point.read(line.removesuffix("!")), line.endswith("!")) for line in lines)

    def report(self, words: dict[str, Any]) -> None:
        """A life says how it ended."""
        data = json.dumps(words).encode()[: _SIZE - _REPORT]
        self._page[_REPORT : _REPORT + len(data)] = data
        self._set(_REPORTED, len(data))

    def reported(self) -> dict[str, Any]:
        """What the life said at its end; empty when it could not."""
        data = self._page[_REPORT : _REPORT + self._get(_REPORTED)]
        found: dict[str, Any] = json.loads(data) if data else {}
        return found


class RunClock:
    """Satisfies `ports.Clock`: the time of the run. A wait costs nothing: somebody moves the hands."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._shared.now, UTC)

    def monotonic(self) -> float:
        return self._shared.now
