"""What a route looks like from far: counts, what waits, what people have to see to. Reads only.

Every question is answered from an index: a board asks them twice a minute, of journals with years in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connector.incoming import Delivery, Late
from connector.journal import incoming, sql
from connector.journal.rows import from_row, stamp
from connector.journal.view import JournalView
from connector.model import Job, State
from connector.records import decode

_UNSETTLED = "outcome NOT IN ('accepted', 'answered', 'duplicate') AND resolved IS NULL"
_TOLD = "state IN ('published', 'held', 'done')"
# A bundle has no line of its own: its documents have theirs.
_NO_BUNDLE = "coalesce(json_extract(body, '$.documents'), 0) = 0"
# Called off before it left: nobody has to see to it.
_NOT_CALLED_OFF = """
    NOT (outcome = 'cancelled' AND json_extract(body, '$.attempts') IS NULL
         AND json_extract(body, '$.problems') IS NULL)
"""
TO_DO = f"""
    FROM job INDEXED BY job_to_do
    WHERE route = ? AND {_UNSETTLED} AND {_TOLD} AND {_NO_BUNDLE} AND {_NOT_CALLED_OFF}
"""
LATE = f"""
    SELECT late.body, job.name, job.body
    FROM (
        SELECT delivery.body, delivery.job, delivery.seq {incoming.TO_DO} ORDER BY delivery.seq DESC LIMIT ?
    ) AS late LEFT JOIN job ON job.id = late.job ORDER BY late.seq DESC
"""
BROUGHT = "SELECT kind, count(*) FROM delivery WHERE noted_at >= ? AND route = ? GROUP BY kind"
OPEN_STATES = """
    SELECT state, count(*) FROM job WHERE route = ? AND state NOT IN ('done', 'void') GROUP BY state
"""
LONGEST = """
    SELECT name, body FROM job WHERE seq IN (
        SELECT seq FROM job
        WHERE route = ? AND state NOT IN ('done', 'void') AND state NOT IN ('held', 'unpacked', 'opened')
        ORDER BY seq LIMIT ?
    ) ORDER BY seq
"""
# Named, because SQLite would rather go through all jobs of the route.
ENDS = """
    SELECT outcome, count(*) FROM job INDEXED BY job_concluded
    WHERE concluded_at >= ? AND concluded_at < ? AND route = ? AND outcome IS NOT NULL GROUP BY outcome
"""
# The bundles among them, found by their documents, the last of which ended shortly before.
ENDS_OF_BUNDLES = """
    SELECT outcome, count(*) FROM job
    WHERE id IN (
        SELECT parent FROM job INDEXED BY job_concluded
        WHERE concluded_at >= ? AND concluded_at < ? AND route = ? AND parent IS NOT NULL
    ) AND concluded_at >= ? AND concluded_at < ? AND outcome IS NOT NULL GROUP BY outcome
"""


class RouteOverview(JournalView):
    """A reading connection for dashboards. Satisfies `ports.Overview`."""

    def to_do(self, route: str, limit: int) -> list[Job]:
        """What somebody has to see to, newest first: refused or held, told of, and not settled by anybody."""
        query = f"SELECT name, body {TO_DO} ORDER BY seq DESC LIMIT ?"
        return [from_row(*row) for row in self._rows(query, route, limit)]

    def to_do_count(self, route: str) -> int:
        """How many there are of these in all."""
        return sum(count for (count,) in self._rows(f"SELECT count(*) {TO_DO}", route))

    def late(self, route: str, limit: int) -> list[Late]:
        """Statuses that ask for something and that nobody has settled, newest first."""
        return [
            Late(delivery=decode(Delivery, body), job=from_row(name, about) if about else None)
            for body, name, about in self._rows(LATE, route, limit)
        ]

    def late_count(self, route: str) -> int:
        """How many there are of these in all."""
        return sum(count for (count,) in self._rows(f"SELECT count(*) {incoming.TO_DO}", route))

    def brought(self, route: str, since: datetime) -> dict[str, int]:
        """What came from the platform since a time, by kind ("status", "document")."""
        return dict(self._pairs(BROUGHT, stamp(since.astimezone(UTC)), route))

    def on_their_way(self, route: str) -> dict[State, int]:
        """Jobs that are not at their end, by state."""
        return {State(state): count for state, count in self._rows(OPEN_STATES, route)}

    def longest_waiting(self, route: str, limit: int) -> list[Job]:
        """The oldest documents on their way, oldest first; none that waits for a person."""
        return [from_row(*row) for row in self._rows(LONGEST, route, limit)]

    def ended(self, route: str, start: datetime, until: datetime) -> Counter[str]:
        """How many documents ended in a span of time, by outcome; of a bundle its documents, not itself."""
        span = (stamp(start.astimezone(UTC)), stamp(until.astimezone(UTC)))
        before = stamp(start.astimezone(UTC) - timedelta(days=1))
        ends = Counter(dict(self._pairs(ENDS, *span, route)))
        ends.subtract(dict(self._pairs(ENDS_OF_BUNDLES, before, span[1], route, *span)))
        return +ends

    def paused_since(self, route: str) -> datetime | None:
        """Since when the route has taken nothing because somebody said so; None when it takes files."""
        return next((datetime.fromisoformat(since) for (since,) in self._rows(sql.PAUSED_SINCE, route)), None)

    def _pairs(self, query: str, *values: object) -> Iterator[tuple[str, int]]:
        yield from self._rows(query, *values)
