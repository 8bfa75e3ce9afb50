"""One route's inbox: a scan each cycle, the settle rules for what it finds, and a queue of what to claim.

Nothing here touches a file. What the operator sees as "taken" happens in the journey's claim.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from loguru import logger

from connector import controls, names
from connector.controls import Request
from connector.inbox import scan
from connector.inbox.ignore import NameFilter
from connector.inbox.settle import Settled, SettleRules, Watched, is_due, seen, settled
from connector.model import Drop
from connector.ports import Clock


class Inbox:
    """Satisfies `ports.Drops`. Used by one thread; `waiting` may be read by others.

    Args:
        folder: the inbox.
        names: which names count.
        rules: when a file is whole.
        depth: levels of sub-folders.
        local: whether the kernel can tell who has a file open.
        scan_seconds: least time between two scans that nobody asked for.
    """

    def __init__(
        self,
        folder: Path,
        names: NameFilter,
        rules: SettleRules,
        clock: Clock,
        *,
        depth: int,
        local: bool,
        scan_seconds: float,
    ) -> None:
        self._folder, self._names, self._rules, self._clock = folder, names, rules, clock
        self._depth, self._local, self._scan_seconds = depth, local, scan_seconds
        self._watched: dict[bytes, Watched] = {}
        self._refused: set[bytes] = set()  # not regular files: told once, left where they are
        self._locked: set[bytes] = set()  # cannot be opened now; told once, tried at each scan
        self._ready: deque[Drop] = deque()
        self._queued: set[bytes] = set()
        self._handed = 0  # given out by the latest `ready`, perhaps not written down as claimed yet
        self._next_scan = 0.0
        self._controls: dict[bytes, float] = {}  # files that tell us something: since when they are there
        self._rung = threading.Event()
        self._wake: Callable[[], None] = lambda: None

    def on_ring(self, wake: Callable[[], None]) -> None:
        """Whom to wake when the bell rings."""
        self._wake = wake

    def ring(self) -> None:
        """Something may have changed: scan at the next chance. From any thread."""
        self._rung.set()
        self._wake()

    @property
    def waiting(self) -> int:
        """How many files are seen and not known to be claimed yet, unanswered requests included."""
        asked = sum(controls.cancelled_by(name) is not None for name in list(self._controls))
        return len(self._watched) + len(self._locked) + len(self._ready) + self._handed + asked

    @property
    def is_paused(self) -> bool:
        """Whether somebody wants nothing to be taken, as the latest scan saw it."""
        return any(map(controls.is_pause, self._controls))

    def requests(self) -> tuple[Request, ...]:
        """Files that ask for another one not to go, as the latest scan saw them."""
        if not self.is_scanned:
            self._hear(self._read()[1], self._clock.monotonic())
        old = self._clock.monotonic() - 2 * self._rules.quiet - self._scan_seconds
        found = [(name, controls.cancelled_by(name), since) for name, since in list(self._controls.items())]
        return tuple(
            Request(name=name, target=target, is_old=since < old) for name, target, since in found if target
        )

    @property
    def is_settling(self) -> bool:
        """Whether a file is young enough that it may only need its quiet time."""
        now, patience = self._clock.monotonic(), 2 * self._rules.quiet + self._scan_seconds + 1.0
        if self.is_paused:
            return False
        return bool(self._ready) or any(
            now < watched.first_seen + patience for watched in list(self._watched.values())
        )

    @property
    def is_scanned(self) -> bool:
        """Whether the folder has been read at least once."""
        return self._next_scan > 0.0

    def pause(self) -> float:
        """Seconds until there is a reason to look again."""
        now = self._clock.monotonic()
        due = [watched.last_look + self._rules.interval for watched in self._watched.values()]
        return max(0.01, min([self._next_scan, *due]) - now)

    def ready(self, limit: int) -> list[Drop]:
        now = self._clock.monotonic()
        self._handed = 0
        if not self._ready or self.is_paused:  # only another scan sees the end of a pause
            # With files to hand out already, another scan of a large inbox would only cost time.
            if self._rung.is_set() or now >= self._next_scan:
                self._rung.clear()
                self._scan(now)
                self._next_scan = now + self._scan_seconds
            self._look_again(now)
        drops = self._given(limit)
        self._queued.difference_update(drop.name for drop in drops)
        self._handed = len(drops)
        return drops

    def give_back(self, drop: Drop) -> None:
        self._watched.pop(drop.name, None)
        self._next_scan = 0.0

    # ------------------------------------------------------------------ inside
    # One time stands for all the looks of a round: files seen together settle together, and in order.
    def _scan(self, now: float) -> None:
        present, told = self._read()
        self._hear(told, now)
        for gone in self._watched.keys() - present:
            del self._watched[gone]
        self._refused &= present
        self._locked &= present
        for name in present - self._watched.keys() - self._refused - self._queued:
            self._look(name, now)

    def _read(self) -> tuple[set[bytes], set[bytes]]:
        """What lies in the folder: documents, and files that tell us something."""
        told: set[bytes] = set()
        return set(scan.names_below(self._folder, self._names, self._depth, told)), told

    def _hear(self, told: set[bytes], now: float) -> None:
        self._controls = {name: self._controls.get(name, now) for name in told}

    def _given(self, limit: int) -> list[Drop]:
        """The next drops; in a pause only those that are to be cancelled."""
        if not self.is_paused:
            return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        wanted = {request.target for request in self.requests()}
        drops = [drop for drop in self._ready if drop.name in wanted][:limit]
        for drop in drops:
            self._ready.remove(drop)
        return drops

    def _look_again(self, now: float) -> None:
        for name in [name for name, watched in self._watched.items() if is_due(watched, self._rules, now)]:
            self._look(name, now)
        whole = [
            (watched.sample.signature[1], name)
            for name, watched in list(self._watched.items())
            if self._is_whole(name, watched, now)
        ]
        for _, name in sorted(whole):  # oldest first
            signature = self._watched.pop(name).sample.signature
            self._ready.append(Drop(name=name, size=signature[0], signature=signature))
            self._queued.add(name)

    def _look(self, name: bytes, now: float) -> None:
        path = self._folder / os.fsdecode(name)
        before = self._watched.get(name)
        try:
            sample = scan.look(path, ask_for_writer=self._local and before is not None and before.samples > 1)
        except FileNotFoundError:
            self._watched.pop(name, None)  # somebody took it back (A17)
            return
        except OSError as error:
            # Locked by its writer, or not ours to read: it stays, and each scan looks again (S01, S07).
            self._watched.pop(name, None)
            if name not in self._locked:
                logger.warning("inbox.cannot-open", file=names.display(name), error=str(error))
            self._locked.add(name)
            return
        self._locked.discard(name)
        if sample is None:
            logger.warning("inbox.not-a-file", file=names.display(name))
            self._watched.pop(name, None)
            self._refused.add(name)
            return
        self._watched[name] = seen(before, sample, now)

    def _is_whole(self, name: bytes, watched: Watched, now: float) -> bool:
        state = settled(watched, self._rules, now)
        if state is Settled.NEVER and not watched.told:
            self._watched[name] = replace(watched, told=True)
            logger.warning("inbox.never-settles", file=names.display(name), size=watched.sample.size)
        return state is Settled.WHOLE
