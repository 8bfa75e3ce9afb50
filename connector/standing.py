"""How an account stands with its platform, in words that outlive the process.

Times are aware datetimes in UTC. No effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

GOOD_ENOUGH = timedelta(seconds=30)  # by which the last success that is written down may be behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What keeps an account from sending, since when, and how long; and when it was last well.

    Args:
        account: its name.
        at: when this was so.
        failures: answers in doubt, or failed connections, in a row.
        trips: openings of the breaker since an answer last came: the pauses grow with them.
        breaker_since, breaker_until: the breaker is open; from `until` on one document may try. None: closed.
        breaker_reason: of the failure that opened it.
        paused_until: the platform asked for silence. None: it did not.
        stopped: why an operator is needed. None: nobody is.
        last_success: when the platform last answered as it should.
    """

    account: str
    at: datetime
    failures: int = 0
    trips: int = 0
    breaker_since: datetime | None = None
    breaker_until: datetime | None = None
    breaker_reason: str | None = None
    paused_until: datetime | None = None
    stopped: str | None = None
    stopped_since: datetime | None = None
    last_success: datetime | None = None

    @property
    def way(self) -> str:
        """In one word, at `at`: free, probe, rate, breaker or stopped."""
        if self.stopped is not None:
            return "stopped"
        if self.paused_until is not None and self.paused_until > self.at:
            return "rate"
        if self.breaker_until is None:
            return "free"
        return "breaker" if self.breaker_until > self.at else "probe"

    @property
    def reason(self) -> str | None:
        """Why it does not send freely."""
        return self.stopped or (self.breaker_reason if self.breaker_since else None)

    @property
    def since(self) -> datetime | None:
        """Since when it does not send freely, where that is known."""
        return self.stopped_since if self.stopped else self.breaker_since

    @property
    def until(self) -> datetime | None:
        """When it goes on by itself, as far as that can be said."""
        if self.stopped is not None:
            return None
        ends = [end for end in (self.paused_until, self.breaker_until) if end is not None and end > self.at]
        return max(ends, default=None)


def is_news(now: Standing, kept: Standing | None) -> bool:
    """Whether it is worth writing down, after what was written last.

    A success alone is told from time to time, so that a busy account is not written down with each document.
    """
    if kept is None:
        return True
    still = replace(kept, at=now.at, last_success=now.last_success)
    if now != still:
        return True
    if now.last_success is None or now.last_success == kept.last_success:
        return False
    return kept.last_success is None or now.last_success - kept.last_success >= GOOD_ENOUGH
