"""The history by days, for reports: which events belong to a day, and how their list is numbered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from operator import attrgetter

from connector.incoming import Delivery
from connector.journal.rows import from_row, stamp
from connector.journal.view import JournalView
from connector.records import decode
from connector.reports import Arrival, DaySpan, Entry, Exchange, exchanges_of

_KINDS = "'sending', 'unknown', 'received', 'concluded', 'published', 'held', 'valid'"
LAST_DAY = "SELECT day, after, until, line, lines FROM reported WHERE route = ? ORDER BY until DESC LIMIT 1"
ONE_DAY = "SELECT day, after, until, line, lines FROM reported WHERE route = ? AND day = ?"
DAYS = "SELECT day, after, until, line, lines FROM reported WHERE route = ? AND day LIKE ? ORDER BY day"
FIRST_AFTER = """
    SELECT event.seq, event.at FROM event
    LEFT JOIN job ON job.id = event.job LEFT JOIN delivery ON delivery.id = event.job
    WHERE event.seq > ? AND coalesce(job.route, delivery.route) = ? ORDER BY event.seq LIMIT 1
"""
# The last event of a day: the one before the first of a later one. A clock that was put back in between does
# not matter, because every event lies between two of these.
FIRST_LATER = "SELECT seq FROM event WHERE seq > ? AND at >= ? ORDER BY seq LIMIT 1"
LAST = "SELECT max(seq) FROM event"
ENTRIES = f"""
    SELECT event.seq, event.at, event.kind, event.body, event.hash, job.name, job.body
    FROM event JOIN job ON job.id = event.job
    WHERE event.seq > ? AND event.seq <= ? AND job.route = ? AND event.kind IN ({_KINDS}) ORDER BY event.seq
"""
ARRIVALS = """
    SELECT event.seq, event.at, event.hash, delivery.body, job.name, job.body
    FROM event JOIN delivery ON delivery.id = json_extract(event.body, '$.delivery')
    LEFT JOIN job ON job.id = delivery.job
    WHERE event.seq > ? AND event.seq <= ? AND delivery.route = ? AND event.kind IN ('status', 'document')
    ORDER BY event.seq
"""
KIND_BEFORE = f"""
    SELECT kind FROM event WHERE job = ? AND seq <= ? AND kind IN ({_KINDS}) ORDER BY seq DESC LIMIT 1
"""


class Annals(JournalView):
    """A reading connection for reports."""

    def next_day(self, route: str, today: date, zone: tzinfo) -> DaySpan | None:
        """The first day that is over, has events of the route, and has not been reported; None when all have.

        Args:
            today: where the company is; it is not over.
            zone: of its midnights.
        """
        last = next(self._spans(LAST_DAY, route), None)
        after, line = (last.until, last.line + last.lines) if last else (0, 0)
        first = next(self._rows(FIRST_AFTER, after, route), None)
        if first is None:
            return None
        day = datetime.fromisoformat(first[1]).astimezone(zone).date()
        if last is not None and day <= last.day:  # the clock was put back: these belong to the next day
            day = last.day + timedelta(days=1)
        return self._span(route, day, after, line, zone) if day < today else None

    def _span(self, route: str, day: date, after: int, line: int, zone: tzinfo) -> DaySpan:
        midnight = datetime.combine(day + timedelta(days=1), time.min, zone)
        (later,) = next(self._rows(FIRST_LATER, after, stamp(midnight.astimezone(UTC))), (None,))
        (end,) = next(self._rows(LAST))
        until = later - 1 if later is not None else end
        span = DaySpan(day=day, after=after, until=until, line=line, lines=0)
        return replace(span, lines=len(self.exchanges(route, span)))

    def reported(self, route: str, day: date) -> DaySpan | None:
        """The events of a day that has been reported."""
        return next(self._spans(ONE_DAY, route, day.isoformat()), None)

    def reported_in(self, route: str, month: str = "") -> list[DaySpan]:
        """The days of a month (YYYY-MM), or of all months, that have been reported, in order."""
        return list(self._spans(DAYS, route, f"{month}%"))

    def entries(self, route: str, span: DaySpan) -> list[Entry]:
        """The events of a day that a report may tell of, in order."""
        return [
            Entry(
                seq=seq,
                at=datetime.fromisoformat(at),
                kind=kind,
                facts=json.loads(facts),
                hash=digest,
                job=from_row(name, body),
            )
            for seq, at, kind, facts, digest, name, body in self._rows(ENTRIES, span.after, span.until, route)
        ]

    def arrivals(self, route: str, span: DaySpan) -> list[Arrival]:
        """What came of itself on a day, in order."""
        return [
            Arrival(
                seq=seq,
                at=datetime.fromisoformat(at),
                hash=digest,
                delivery=decode(Delivery, body),
                job=from_row(name, about) if about else None,
            )
            for seq, at, digest, body, name, about in self._rows(ARRIVALS, span.after, span.until, route)
        ]

    def exchanges(self, route: str, span: DaySpan) -> list[Exchange]:
        """The exchanges of a day, each once, in order."""
        entries = self.entries(route, span)
        jobs = {entry.job.id for entry in entries}
        found = ((job, next(self._rows(KIND_BEFORE, job, span.after), None)) for job in jobs)
        answered = exchanges_of(entries, {job: row[0] for job, row in found if row})
        return sorted([*answered, *self.arrivals(route, span)], key=attrgetter("seq"))

    def _spans(self, query: str, *values: object) -> Iterator[DaySpan]:
        for day, after, until, line, lines in self._rows(query, *values):
            yield DaySpan(day=date.fromisoformat(day), after=after, until=until, line=line, lines=lines)
