"""From an account's pace, in monotonic seconds, to its standing, in times of day, and back. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.gateways.limits import LONGEST, Pace
from connector.standing import Standing


def standing_of(
    account: str, pace: Pace, *, clock: float, now: datetime, last_success: datetime | None
) -> Standing:
    """How an account stands.

    Args:
        clock, now: the same moment, in monotonic seconds and as a time of day.
    """

    def at(seconds: float) -> datetime:
        moment = now + timedelta(seconds=seconds - clock)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    is_open = pace.opened_at is not None
    return Standing(
        account=account,
        at=now,
        failures=pace.failures,
        trips=pace.trips,
        breaker_since=at(pace.opened_at) if pace.opened_at is not None else None,
        breaker_until=at(pace.open_until) if is_open else None,
        breaker_reason=pace.cause if is_open else None,
        paused_until=at(pace.paused_until) if pace.paused_until > clock else None,
        stopped=pace.stopped,
        stopped_since=at(pace.stopped_at) if pace.stopped_at is not None else None,
        last_success=last_success,
    )


def pace_after_restart(standing: Standing, *, clock: float, now: datetime) -> Pace:
    """The pace that goes on from a standing.

    An open breaker and a silence that was asked for last on; a restart is not a reason to hurry. A stop is
    forgotten: somebody may have restarted us because the secret is right now, and the first answer tells.
    """

    def left(until: datetime | None) -> float:
        # The clock of the machine may have been set meanwhile.
        return min(max((until - now).total_seconds(), 0.0), LONGEST) if until is not None else 0.0

    pause, silence = left(standing.breaker_until), left(standing.paused_until)
    pace = Pace(paused_until=clock + silence if silence else 0.0)
    if standing.breaker_since is None:
        return pace
    return Pace(
        failures=standing.failures,
        trips=standing.trips,
        opened_at=clock - max((now - standing.breaker_since).total_seconds(), 0.0),
        open_until=clock + pause,
        cause=standing.breaker_reason,
        paused_until=pace.paused_until,
    )
