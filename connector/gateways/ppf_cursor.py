"""Where the reading of changed flows stands in each domain of the public portal. Pure.

Flows are read from a moment on, that moment included, by order of change. Where a page ends among flows of
one and the same moment, the next one leaves out as many as were seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connector.gateways.fields import moment
from connector.gateways.ppf_answers import FlowPage

MOST_OF_A_MOMENT = 10_000  # flows; beyond them the portal does not turn its pages, and we go on by ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far one domain was read.

    Args:
        high: the latest change seen so far.
        at, skip: where an unfinished reading goes on, and how many flows to leave out there; None: finished.
    """

    high: datetime | None = None
    at: datetime | None = None
    skip: int = 0

    def start(self, since: datetime, overlap: float) -> tuple[datetime, int]:
        """From when on to read, and how many flows to leave out.

        Args:
            since: where nothing was read yet.
            overlap: seconds read again behind the latest change.
        """
        if self.at is not None:
            return self.at, self.skip
        return (self.high - timedelta(seconds=overlap) if self.high else since), 0

    def after(self, page: FlowPage, asked: tuple[datetime, int], now: datetime) -> Place:
        """Where the next reading begins, once this page has been read.

        Args:
            asked: what `start` said.
            now: a flow that is dated later must not carry us past others that are still to come.
        """
        begun, skipped = asked
        stamps = [flow.report.updated_at for flow in page.flows]
        known = [stamp for stamp in stamps if stamp is not None]
        high = max([self.high or begun, *(min(stamp, now) for stamp in known)])
        skip = skipped + len(page.flows)
        if not page.partial or not page.flows or skip > MOST_OF_A_MOMENT:
            return Place(high=high)
        if len(known) == len(stamps) and known == sorted(known) and known[-1] > begun:
            return Place(high=high, at=known[-1])
        return Place(high=high, at=begun, skip=skip)


def read_places(cursor: str | None) -> dict[str, Place]:
    """The places of a stored cursor, by domain; none for one that cannot be read."""
    try:
        stored = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return {name: _place(value) for name, value in stored.items()} if isinstance(stored, dict) else {}


def written(places: Mapping[str, Place]) -> str:
    """The cursor to store."""
    return json.dumps(
        {
            name: [
                place.high.isoformat() if place.high else None,
                place.at.isoformat() if place.at else None,
                place.skip,
            ]
            for name, place in places.items()
        },
        separators=(",", ":"),
    )


def _place(value: Any) -> Place:
    if not isinstance(value, list) or len(value) != 3:
        return Place()
    high, at, skip = value
    place = Place(high=moment(high), at=moment(at))
    return replace(place, skip=skip) if isinstance(skip, int) and place.at else place
