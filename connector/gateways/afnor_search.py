"""Reading every flow that changed since a moment from a search that promises neither order nor a total.

XP Z12-013 Flow 1.2.0 pages by `updatedAfter` alone (strict), at most 100 flows a page. Two ways to go on
behind a full page, both complete:

* it came in ascending order: ask again from a little before its greatest time;
* it did not: halve the window with `updatedBefore` until a page is not full.

Where even one instant has more flows than a page shows, no question can tell them all. Those that a few pages
show are taken, the log tells of the instant, and the reading goes on: the flows behind it must not wait for
ever, and a deposit that nobody has told of is asked for by its number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loguru import logger

from connector.gateways.afnor_flows import SeenFlow, flows_of
from connector.gateways.base import ReadFailed

LIMIT = 100  # the greatest page the schema allows; its default of 25 has starved integrations
TICK = timedelta(milliseconds=1)  # the finest step of the times that platforms write
_LOOKS = 3  # pages asked for of an instant with too many flows: a platform without order may show others
Where = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One stretch of time read completely, and where the next one begins; None: there is none."""

    flows: tuple[SeenFlow, ...]
    resume: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the search."""

    flows: tuple[SeenFlow, ...]
    full: bool  # there may be more behind it

    @classmethod
    def of(cls, answer: Any) -> Page:
        """Read an answer.

        Raises:
            ReadFailed: it is not the answer of a search.
        """
        found = flows_of(answer)
        if found is None:
            raise ReadFailed("unreadable-answer", "search: the answer is not a list of flows")
        flows, entries = found
        told = answer.get("limit")
        limit = told if isinstance(told, int) and 0 < told < LIMIT else LIMIT  # some cap lower than asked
        total = answer.get("total")
        more = bool(answer.get("nextCursor")) or (isinstance(total, int) and total > entries)
        return cls(flows=tuple(flows), full=entries >= limit or (more and entries > 0))

    @property
    def times(self) -> list[datetime]:
        return [flow.report.updated_at for flow in self.flows if flow.report.updated_at]


class FlowScan:
    """Walks through time, one batch a call.

    Args:
        search: asks the platform for the flows of a `where`. Raises ReadFailed.
        where: criteria of every question, beside the time.
    """

    def __init__(self, search: Callable[[Where], Awaitable[Page]], where: Where) -> None:
        self._search = search
        self._where = where
        self._stride: timedelta | None = None  # a hint: the width of the last window that had to be narrowed
        self._told: set[datetime] = set()  # instants with too many flows, each told once

    async def next(self, after: datetime) -> Batch:
        """All flows changed after a moment, up to where `resume` says.

        Raises:
            ReadFailed: the platform does not answer, or keeps to no window of time.
        """
        after = after.replace(microsecond=after.microsecond // 1000 * 1000)
        now = datetime.now(UTC)
        before = self._first_guess(after, now)
        while True:
            page = await self._ask(after, before)
            times = page.times
            if not page.full:
                self._stride = before - after if before else None
                return Batch(flows=page.flows, resume=before - TICK if before else None)
            if times and times == sorted(times) and times[-1] - TICK > after:
                return Batch(flows=page.flows, resume=times[-1] - TICK)
            narrower = _halved(after, before or max(now, *times))
            if narrower is None:
                return await self._crowded(after, page)
            before = narrower

    async def _crowded(self, after: datetime, page: Page) -> Batch:
        """What can be seen of an instant with more flows than one answer shows."""
        end = after + 2 * TICK
        flows = {flow.key: flow for flow in page.flows}
        for _ in range(_LOOKS - 1):
            flows |= {flow.key: flow for flow in (await self._ask(after, end)).flows}
        instant = max(page.times, key=page.times.count, default=end)
        if instant not in self._told:
            self._told.add(instant)
            logger.error("flows.crowded", instant=iso(instant), shown=len(flows))
        return Batch(flows=tuple(flows.values()), resume=after + TICK)

    def _first_guess(self, after: datetime, now: datetime) -> datetime | None:
        if self._stride is None or after + 2 * self._stride >= now:
            return None
        return after + 2 * self._stride

    async def _ask(self, after: datetime, before: datetime | None) -> Page:
        window = {"updatedAfter": iso(after)}
        if before is not None:
            window["updatedBefore"] = iso(before)
        page = await self._search({**self._where, **window})
        if before is not None and any(time > before + TICK for time in page.times):
            raise ReadFailed(
                "no-order",
                "search: the platform neither lists flows in order nor honours updatedBefore; "
                "its changes cannot be read completely",
            )
        return page


def _halved(after: datetime, before: datetime) -> datetime | None:
    """The middle of a window; None when it cannot be narrowed any more."""
    least = after + 2 * TICK
    if before <= least:
        return None
    half = after + (before - after) / 2
    return max(least, half.replace(microsecond=half.microsecond // 1000 * 1000))


def iso(moment: datetime) -> str:
    """A moment as the API writes it, in milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
