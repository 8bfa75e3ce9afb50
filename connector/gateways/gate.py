"""One account's gate: places for requests in flight, turns for its rate, and the pace that its answers allow.

The shell around `limits`. Used on the event loop; `pace`, `room` and `snapshot` may be read from any thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiolimiter import AsyncLimiter
from loguru import logger

from connector.gateways import limits
from connector.gateways.limits import Pace, Rules, Way
from connector.gateways.standings import pace_after_restart, standing_of
from connector.model import NotSent, Received, SubmitAnswer
from connector.standing import Standing

PIPELINE = 6  # documents handed over for each place in flight


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How an account stands, for `status`, dashboard and metrics."""

    account: str
    way: str  # "free" | "probe" | "breaker" | "rate" | "stopped"
    reason: str | None  # of a stop
    wait: float  # seconds until something changes by itself
    in_flight: int
    failures: int


class Gate:
    """See the module's text.

    Args:
        account: its name, for the log.
        places: requests in flight at most.
        per_second: requests a second at most, evenly spaced; None: no limit.
        rules: of the breaker.
        clock: monotonic seconds.
        standing: how it stood when it was last written down; None: nobody knows.
    """

    def __init__(
        self,
        account: str,
        *,
        places: int,
        per_second: float | None,
        rules: Rules,
        clock: Callable[[], float] = time.monotonic,
        standing: Standing | None = None,
    ) -> None:
        self.account = account
        self.places = places
        now = datetime.now(UTC)
        # Replaced as a whole, so that other threads may read it.
        self.pace = pace_after_restart(standing, clock=clock(), now=now) if standing else Pace()
        self.last_success = standing.last_success if standing else None
        self.in_flight = 0
        self.closing = False
        self._rules = rules
        self._clock = clock
        self._semaphore = asyncio.Semaphore(places)
        self._limiter = AsyncLimiter(1, 1 / per_second) if per_second else None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a free place among those in flight, and keep it."""
        async with self._semaphore:
            self.in_flight += 1
            try:
                yield
            finally:
                self.in_flight -= 1

    async def turn(self) -> None:
        """Wait until the rate allows one more request."""
        if self._limiter:
            await self._limiter.acquire()

    def admit(self) -> NotSent | None:
        """Let one document through, or say why not. A probe is let through once."""
        if self.closing:
            return NotSent(reason="shutdown")
        now = self._clock()
        match limits.way(self.pace, now):
            case Way.FREE:
                return None
            case Way.PROBE:
                self.pace = limits.probing(self.pace)
                return None
            case Way.PAUSED:
                return NotSent(reason="rate", retry_after=limits.wait(self.pace, now))
            case Way.OPEN:
                return NotSent(reason="breaker")
            case Way.STOPPED:
                return NotSent(reason=self.pace.stopped or "stopped", stops_account=True)

    def note(self, answer: SubmitAnswer) -> None:
        """Learn from the answer to a document that was let through."""
        if isinstance(answer, Received):
            self.last_success = datetime.now(UTC)
        self._become(limits.answered(self.pace, answer, self._rules, self._clock()))

    def give_up(self) -> None:
        """Nobody waits any more for the answer to a document let through; another may be the probe."""
        self.pace = limits.abandoned(self.pace)

    def throttle(self, retry_after: float | None) -> None:
        """The platform asked us to slow down."""
        self._become(limits.throttled(self.pace, retry_after, self._rules, self._clock()))

    def alive(self) -> None:
        """A read was answered."""
        self.last_success = datetime.now(UTC)
        self._become(limits.seen_alive(self.pace, self._rules, self._clock()))

    def stop(self, reason: str) -> None:
        """The account needs an operator."""
        self._become(limits.stopped(self.pace, reason, self._rules, self._clock()))

    def begin_probe(self) -> bool:
        """Whether a stopped account is due to be tried; the caller must then do it and tell `probed`."""
        if not limits.probe_due(self.pace, self._clock()):
            return False
        self.pace = limits.probing(self.pace)
        return True

    def probe_due(self) -> bool:
        return limits.probe_due(self.pace, self._clock())

    def probed(self, good: bool) -> None:
        """What a try of a stopped account found."""
        self._become(limits.probed(self.pace, good, self._rules, self._clock()))

    def room(self) -> int:
        """Documents that one route may have waiting or under way: enough that no place stands idle meanwhile
        answers are written down, and that one transaction writes down several."""
        match limits.way(self.pace, self._clock()):
            case Way.FREE:
                return 0 if self.closing else PIPELINE * self.places
            case Way.PROBE:
                return 0 if self.closing else 1
            case _:
                return 0

    def paused(self) -> float:
        """Seconds for which the platform asked for silence, reads included; 0 when it did not."""
        return max(self.pace.paused_until - self._clock(), 0.0)

    def snapshot(self) -> Snapshot:
        pace, now = self.pace, self._clock()
        return Snapshot(
            account=self.account,
            way=limits.way(pace, now).value,
            reason=pace.stopped,
            wait=limits.wait(pace, now),
            in_flight=self.in_flight,
            failures=pace.failures,
        )

    def standing(self) -> Standing:
        """How it stands, in words that outlive this process."""
        clock, now = self._clock(), datetime.now(UTC)
        return standing_of(self.account, self.pace, clock=clock, now=now, last_success=self.last_success)

    def _become(self, pace: Pace) -> None:
        before, self.pace = self.pace, pace
        if pace.stopped != before.stopped:
            if pace.stopped:
                logger.error("account {}: stopped ({}); an operator is needed", self.account, pace.stopped)
            else:
                logger.info("account {}: lets us in again, trying one document", self.account)
        elif pace.opened_at != before.opened_at:
            if pace.opened_at is None:
                logger.info("account {}: the platform answers again", self.account)
            else:
                pause = pace.open_until - pace.opened_at
                logger.warning(
                    "account {}: platform in trouble, nothing is sent for {:.0f} s", self.account, pause
                )
