"""When an account may send: the breaker, pauses the platform asks for, and stops that need an operator.

Pure decisions on a small frozen state, with the time (monotonic seconds) as argument. `gate` holds the state
and the places of requests in flight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from connector.model import NotSent, Received, Refused, SubmitAnswer, Unknown

LONGEST = 3600.0  # seconds of any pause
FIRST_THROTTLE = 1.0  # seconds after a first 429 without Retry-After; doubles up to the breaker's pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How soon the breaker opens, and for how long (settings `breaker_failures`, `breaker_pause`)."""

    failures: int = 5
    pause: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What an account's recent answers say about sending more."""

    failures: int = 0  # answers in doubt or failed connections in a row
    trips: int = 0  # openings of the breaker since an answer last came
    opened_at: float | None = None  # the breaker is open since then; None: closed
    open_until: float = 0.0
    cause: str | None = None  # the reason of the latest failure
    probing: bool = False  # one request is finding out whether it may close
    paused_until: float = 0.0  # the platform asked us to wait
    throttles: int = 0  # such requests in a row that did not say for how long
    stopped: str | None = None  # why an operator is needed
    stopped_at: float | None = None
    probe_at: float = 0.0  # when a stopped account is tried again


class Way(StrEnum):
    """Whether a document may go now."""

    FREE = "free"
    PROBE = "probe"  # one may go, and its answer decides
    OPEN = "breaker"
    PAUSED = "rate"
    STOPPED = "stopped"


def way(pace: Pace, now: float) -> Way:
    """Whether a document may go now."""
    if pace.stopped is not None:
        return Way.STOPPED
    if now < pace.paused_until:
        return Way.PAUSED
    if pace.opened_at is None:
        return Way.FREE
    return Way.OPEN if pace.probing or now < pace.open_until else Way.PROBE


def wait(pace: Pace, now: float) -> float:
    """Seconds until something changes by itself, 0 when a document may go now."""
    match way(pace, now):
        case Way.STOPPED:
            return max(pace.probe_at - now, 0.0)
        case Way.PAUSED:
            return pace.paused_until - now
        case Way.OPEN:
            return max(pace.open_until - now, 0.0)
        case _:
            return 0.0


def probing(pace: Pace) -> Pace:
    """One request goes out to find out."""
    return replace(pace, probing=True)


def answered(pace: Pace, answer: SubmitAnswer, rules: Rules, now: float) -> Pace:
    """What the answer to a document changes."""
    match answer:
        case NotSent(reason=reason, stops_account=True):
            return stopped(pace, reason, rules, now)
        case Received() | Refused() | Unknown(reason="already-exists" | "unnamed"):
            return replace(pace, failures=0, trips=0, opened_at=None, probing=False, throttles=0)
        case Unknown(reason=reason) | NotSent(reason="connect" | "timeout" | "token" as reason):
            return replace(failed(pace, rules, now), cause=reason)
        case _:  # throttled, or our own trouble: it says nothing of the platform, and another may probe
            return replace(pace, probing=False)


def abandoned(pace: Pace) -> Pace:
    """A document's answer will never be known here: nothing follows from it."""
    return replace(pace, probing=False) if pace.stopped is None else pace


def failed(pace: Pace, rules: Rules, now: float) -> Pace:
    """One more answer in doubt or failed connection: the breaker opens after a few, or after a probe."""
    failures = pace.failures + 1
    if pace.opened_at is not None and not pace.probing:
        return replace(pace, failures=failures)  # it was under way when the breaker opened
    if failures < rules.failures and not pace.probing:
        return replace(pace, failures=failures)
    pause = min(rules.pause * 2 ** min(pace.trips, 20), LONGEST)
    return replace(
        pace, failures=failures, trips=pace.trips + 1, opened_at=now, open_until=now + pause, probing=False
    )


def seen_alive(pace: Pace, rules: Rules, now: float) -> Pace:
    """A look-up or poll was answered: an open breaker need not wait out more than its first pause."""
    if pace.opened_at is None:
        return pace
    return replace(pace, open_until=min(pace.open_until, max(now, pace.opened_at + rules.pause)))


def throttled(pace: Pace, retry_after: float | None, rules: Rules, now: float) -> Pace:
    """The platform asked us to slow down (429, or 503 with Retry-After), for so many seconds or unsaid."""
    unsaid = min(FIRST_THROTTLE * 2 ** min(pace.throttles, 20), max(rules.pause, FIRST_THROTTLE))
    pause = min(unsaid if retry_after is None else retry_after, LONGEST)
    return replace(pace, paused_until=max(pace.paused_until, now + pause), throttles=pace.throttles + 1)


def stopped(pace: Pace, reason: str, rules: Rules, now: float) -> Pace:
    """An operator is needed. It is tried again from time to time, and not with a document at first."""
    if pace.stopped is not None:  # the others that were under way say the same; once is enough
        return pace
    pause = min(rules.pause * 2 ** min(pace.trips, 20), LONGEST)
    return replace(
        pace, stopped=reason, stopped_at=now, trips=pace.trips + 1, probe_at=now + pause, probing=False
    )


def probe_due(pace: Pace, now: float) -> bool:
    """Whether a stopped account should be tried again now."""
    return pace.stopped is not None and not pace.probing and now >= pace.probe_at


def probed(pace: Pace, good: bool, rules: Rules, now: float) -> Pace:
    """What the probe of a stopped account found."""
    if pace.stopped is None:
        return pace
    open_again = replace(pace, stopped=None, stopped_at=None, probing=False)
    if good:  # one document goes first. `trips` stays: if only documents are refused, the pauses still grow
        return replace(open_again, opened_at=now, open_until=now)
    return replace(stopped(open_again, pace.stopped, rules, now), stopped_at=pace.stopped_at)
