"""The threads that carry a route's stages, and how they pace themselves.

Each lane owns the jobs in certain states and is the only one to move them, so lanes never disagree:

    intake   claimed, spooled, opened, vetted    claim → spool → heed → inspect → unpack → gather
    sending  valid, asking, sending, unknown     reconcile → call off → enquire → send → ask
    closing  unpacked, concluded, ready, published    clear → sum up → stage → publish → archive
    follow   received                            one lane for an account, whatever its routes

What comes from the platform is an account's until it is sorted (follow: fetch → sort out), then a route's
(closing: prepare → deliver).
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from loguru import logger

from connector import bundle_journey, control_journey, directory_journey, journey, reception
from connector.errors import ConnectorError
from connector.model import State
from connector.ports import FlowJournal
from connector.reception import Reception
from connector.world import World

IDLE = 1.0  # seconds between two looks for jobs whose time has come, when nobody rings
QUESTION_PAUSE = 0.1  # seconds between two looks for answers of a directory
LONGEST_BACK_OFF = 60.0  # seconds
STEADY_OVERLAP = 5.0  # seconds asked again behind the cursor in an ordinary poll
DEEP_EVERY = 600.0  # seconds between two polls with the whole overlap


class Lane(threading.Thread):
    """One thread that does the same work again and again, until told to stop.

    Trouble with a share or a platform makes it wait and say so; a bug ends it, and `crashed` tells.

    Args:
        work: does a round, and returns how many jobs it moved.
        pause: seconds to wait after a round that moved none, unless somebody rings.
        moved: called after a round that moved some.
        last: called once at the end, after the last round.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], int],
        *,
        pause: Callable[[], float] = lambda: IDLE,
        moved: Callable[[], None] = lambda: None,
        last: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._pause, self._moved, self._last = work, pause, moved, last
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self.trouble: str | None = None
        self.crashed: BaseException | None = None
        self.beat = time.monotonic()
        self.in_round = False
        self.last_moved = time.monotonic()

    def ring(self) -> None:
        """There may be work. From any thread."""
        self._bell.set()

    def stop(self) -> None:
        """End after the round under way."""
        self._stopping.set()
        self._bell.set()

    def run(self) -> None:
        back_off = 1.0
        try:
            while not self._stopping.is_set():
                self.beat = time.monotonic()
                self.in_round = True
                try:
                    moved = self._work()
                except (ConnectorError, OSError) as error:
                    self.in_round = False
                    self._complain(error)
                    self._wait(back_off)
                    back_off = min(back_off * 2, LONGEST_BACK_OFF)
                    continue
                if self.trouble:
                    logger.info("lane.recovered", lane=self.name)
                self.trouble, back_off, self.in_round = None, 1.0, False
                if moved:
                    self.last_moved = time.monotonic()
                    self._moved()
                else:
                    self._wait(self._pause())
            self._last()
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the service must end, and say why
            logger.exception("lane.crashed", lane=self.name)
            self.crashed = error

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._bell.wait(seconds)
        self._bell.clear()

    def _complain(self, error: Exception) -> None:
        if str(error) != self.trouble:  # the same words every minute would only bury the rest
            logger.warning("lane.trouble", lane=self.name, error=str(error))
        self.trouble = str(error)


class Follower:
    """The work of a follow lane: polls, often while something of the account waits for an answer, and takes
    in what the platform has for us.

    Args:
        waiting: whether an answer is awaited.
        expecting: whether there may be other news: statuses of what was sent, suppliers' invoices.
        office: where incoming flows are taken in.
        every: least seconds between two polls while an answer is awaited.
        seldom: least seconds between two polls for other news.
        overlap: seconds that a deep poll asks again behind the cursor.
    """

    def __init__(
        self,
        journal: FlowJournal,
        worlds: Sequence[World],
        waiting: Callable[[], bool],
        expecting: Callable[[], bool],
        office: Reception,
        *,
        every: float,
        seldom: float,
        overlap: float,
    ) -> None:
        self._journal, self._worlds, self._office = journal, worlds, office
        self._waiting, self._expecting = waiting, expecting
        self._every, self._seldom, self._overlap = every, seldom, overlap
        self._polled = -math.inf
        self._has_polled = False
        self._next_deep = 0.0

    def __call__(self) -> int:
        try:
            moved = self._poll() if time.monotonic() >= self._next_poll() else 0
        except ConnectorError:
            self._take_in()  # what was listed before need not wait for the next list
            raise
        return moved + self._take_in()

    @property
    def has_asked(self) -> bool:
        """Whether the platform was asked at least once, with or without success, if there is reason to."""
        return self._has_polled or not (self._waiting() or self._expecting())

    def hurry(self) -> None:
        """Poll in the next round: there are said to be news. From any thread."""
        self._polled = -math.inf

    def pause(self) -> float:
        return min(max(self._next_poll() - time.monotonic(), 0.02), IDLE)

    def _next_poll(self) -> float:
        if self._waiting():
            return self._polled + self._every
        return self._polled + self._seldom if self._expecting() else math.inf

    def _poll(self) -> int:
        self._polled = now = time.monotonic()
        deep = now >= self._next_deep
        overlap = self._overlap if deep else min(self._overlap, STEADY_OVERLAP)
        office = self._office
        try:
            moved = journey.follow(office.platform, office.account, self._journal, self._worlds, overlap)
        finally:
            self._has_polled = True  # not before the end: what a poll lists is then written down
        if deep:
            self._next_deep = now + DEEP_EVERY
        return moved

    def _take_in(self) -> int:
        return reception.fetch(self._office) + reception.sort_out(self._office)


class Stopwatch:
    """How long each stage was at work, in seconds: for the log at the end of a run, and for benchmarks."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def round(self, *stages: Callable[[World], int]) -> Callable[[World], int]:
        """One round of these stages on a world, timed stage by stage; each name belongs to one lane."""

        def work(world: World) -> int:
            moved = 0
            for stage in stages:
                started = time.monotonic()
                moved += stage(world)
                self.seconds[stage.__name__] += time.monotonic() - started
            return moved

        return work


INTAKE = (
    journey.claim,
    journey.spool,
    control_journey.heed,
    journey.inspect,
    bundle_journey.unpack,
    bundle_journey.gather,
)
SENDING = (
    journey.reconcile,
    control_journey.call_off,
    directory_journey.enquire,
    journey.send,
    directory_journey.ask,
)
CLOSING = (
    control_journey.clear,
    bundle_journey.sum_up,
    journey.stage,
    journey.publish,
    journey.archive,
    reception.prepare,
    reception.deliver,
)


def sending_pause(world: World) -> float:
    """Seconds between two rounds of a sending lane that moved nothing."""
    if world.courier.under_way():
        return 0.0  # it waits for answers itself
    return QUESTION_PAUSE if world.enquiry is not None and world.enquiry.under_way() else IDLE


def drain(world: World, grace: float) -> None:
    """Write down the answers that are still to come, for at most `grace` seconds (P10)."""
    deadline = time.monotonic() + grace
    while (world.courier.under_way() or world.unwritten) and time.monotonic() < deadline:
        journey.collect(world, 0.2)


def unsettled(states: dict[State, int]) -> int:
    """How many jobs are still on their way, those held for an operator apart."""
    return sum(count for state, count in states.items() if state is not State.HELD)
