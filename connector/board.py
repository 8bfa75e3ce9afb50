"""What the board of a route tells: one record of facts, gathered from the journal by questions.

The board hangs in the route's folder as a page that anybody can open. How it looks is the outbox's business,
when it is written that of `noticeboard`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from connector.deadlines import Deadline
from connector.incoming import Late
from connector.model import Job, Outcome, State
from connector.ports import Overview

MOST_ROWS = 200  # a longer page would be slow to open and is not read anyway
MOST_WAITING = 500  # looked at for the reasons why files wait
DAYS = 14  # in the chart, today included
_BUNDLES = {State.OPENED, State.UNPACKED}  # not told of: their documents are
# Reasons to wait that do not go away by themselves: whoever runs the connector has to act.
FOR_ADMIN = frozenset({
    "unauthorized", "forbidden", "token-refused", "redirect", "no-such-service", "proxy", "unexpected-status",
    "stopped", "no-right", "disk-full", "spool",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many documents ended on one day of the company's calendar."""

    date: date
    sent: int = 0  # accepted by the platform, technically
    refused: int = 0  # somebody has, or had, to see to them
    others: int = 0  # repeated or cancelled: nothing was sent, nothing is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Documents on their way that wait for the same thing."""

    reason: str | None  # a message code; None: they are simply being worked on
    state: State
    count: int
    since: datetime  # when the oldest of them was taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that the board of one route tells. Boards with the same facts are equal, whatever the hour.

    Args:
        at: when it was true, aware, in the company's time zone.
        to_do: refused and held documents, newest first; at most `MOST_ROWS` of them.
        late: statuses that ask for something, newest first; at most `MOST_ROWS` of them.
        to_do_count: how many there are of both in all.
        shown: which of their files lie in the outbox now, and which folders of what came, as paths below it.
        statuses, documents: how many came from the platform since yesterday.
        in_inbox: files that lie in the inbox and were not taken yet.
        waits: why documents wait, oldest first, as far as `MOST_WAITING` of them tell.
        days: oldest first, the last is today.
        deadlines: of e-reporting that somebody should know of, the next first.
    """

    route: str
    environment: str
    at: datetime = field(compare=False)
    to_do: tuple[Job, ...] = ()
    late: tuple[Late, ...] = ()
    to_do_count: int = 0
    shown: frozenset[str] = frozenset()
    waiting: int = 0
    in_inbox: int = 0
    waits: tuple[Wait, ...] = ()
    days: tuple[Day, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    paused_since: datetime | None = None
    statuses: int = 0
    documents: int = 0

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def stuck_for(self) -> tuple[str, ...]:
        """Why documents wait that will not go on by themselves; each reason once."""
        return tuple(dict.fromkeys(wait.reason for wait in self.waits if wait.reason in FOR_ADMIN))


def gathered(
    view: Overview,
    *,
    route: str,
    environment: str,
    now: datetime,
    zone: tzinfo,
    in_inbox: int = 0,
    deadlines: Sequence[Deadline] = (),
) -> Board:
    """The board as it is now.

    Args:
        now: aware.
        zone: where the company is: its days begin at midnight there.
    """
    here = now.astimezone(zone)
    states = view.on_their_way(route)
    brought = view.brought(route, span_of(here.date() - timedelta(days=1), zone)[0])
    return Board(
        route=route,
        environment=environment,
        at=here,
        to_do=tuple(view.to_do(route, MOST_ROWS)),
        late=tuple(view.late(route, MOST_ROWS)),
        to_do_count=view.to_do_count(route) + view.late_count(route),
        waiting=sum(count for state, count in states.items() if state not in {State.HELD, *_BUNDLES}),
        in_inbox=in_inbox,
        waits=waits_of(view.longest_waiting(route, MOST_WAITING)),
        days=tuple(
            day_of(day, view.ended(route, *span_of(day, zone)))
            for day in (here.date() - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
        ),
        deadlines=tuple(deadlines),
        paused_since=view.paused_since(route),
        statuses=brought.get("status", 0),
        documents=brought.get("document", 0),
    )


def span_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The two midnights of a day; 23 or 25 hours apart when the clocks change."""
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


def day_of(day: date, ends: Mapping[str, int]) -> Day:
    """The three figures of a day, from how many documents had which outcome."""
    counts = Counter(ends)
    others = counts[Outcome.DUPLICATE] + counts[Outcome.CANCELLED]
    sent = counts[Outcome.ACCEPTED]
    return Day(date=day, sent=sent, refused=counts.total() - sent - others, others=others)


def waits_of(jobs: Iterable[Job]) -> tuple[Wait, ...]:
    """What these jobs, oldest first, wait for: those of one reason together."""
    found: dict[tuple[str | None, State], Wait] = {}
    for job in jobs:
        key = (job.waits_for, job.state)
        before = found.get(key)
        since, count = (before.since, before.count + 1) if before else (job.claimed_at, 1)
        found[key] = Wait(reason=job.waits_for, state=job.state, count=count, since=since)
    return tuple(found.values())
