"""What the report of a day tells: documents that ended, and every exchange with the platform, numbered.

A report is made from the history, which never changes, so the same day gives the same report at any time. The
list of exchanges is numbered without a gap from a route's first day on: an auditor sees that none is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connector.incoming import Delivery
from connector.model import Job

# What the history notes when something goes to the platform, comes from it, or is decided without it.
EXCHANGES = ("sending", "unknown", "received", "concluded")
TOLD = ("published", "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """The events of one day of a route in the history, and how its list of exchanges is numbered."""

    day: date
    after: int  # the last event before the day's
    until: int  # the last event of the day
    line: int  # the number of the last line listed before the day
    lines: int  # how many the day has


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of the history with the job that it is about."""

    seq: int
    at: datetime
    kind: str
    facts: Mapping[str, Any]
    hash: str
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One event of the history by which something came: a status, or a document as it is."""

    seq: int
    at: datetime
    hash: str
    delivery: Delivery
    job: Job | None  # whose document has the status


Exchange = Entry | Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list of exchanges."""

    number: int
    entry: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """Everything that the report of one day tells.

    Args:
        told: the results that were told on that day, in order; of an archive those of its documents.
        arrivals: what came of itself on that day, in order: statuses, and documents of suppliers.
        exchanges: what went to the platform, what came from it, and what was refused without it.
    """

    route: str
    environment: str
    span: DaySpan
    told: tuple[Entry, ...]
    arrivals: tuple[Arrival, ...]
    exchanges: tuple[Line, ...]


def exchanges_of(entries: Iterable[Entry], before: Mapping[str, str]) -> Iterator[Entry]:
    """The entries that are exchanges, each told once: a job that only waits notes its state again.

    Args:
        entries: in the order of the history.
        before: by job, the kind of its last event before these; jobs without one are left out.
    """
    latest = dict(before)
    for entry in entries:
        job = entry.job.id
        if entry.kind in EXCHANGES and not entry.job.documents and latest.get(job) != entry.kind:
            yield entry
        latest[job] = entry.kind


def numbered(entries: Iterable[Exchange], line: int) -> tuple[Line, ...]:
    """These exchanges with their numbers.

    Args:
        line: the last number given before.
    """
    return tuple(Line(number=number, entry=entry) for number, entry in enumerate(entries, line + 1))


def report_of(
    route: str, environment: str, span: DaySpan, entries: Iterable[Entry], exchanges: Sequence[Exchange]
) -> DayReport:
    """The report of a day from its events."""
    return DayReport(
        route=route,
        environment=environment,
        span=span,
        told=tuple(entry for entry in entries if entry.kind in TOLD and not entry.job.documents),
        arrivals=tuple(each for each in exchanges if isinstance(each, Arrival)),
        exchanges=numbered(exchanges, span.line),
    )
