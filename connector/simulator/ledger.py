"""The ledger of a simulated platform: which flows it received, what became of them, and how they are found.

The truth that a test compares a client's belief with. May be used from any thread. Search is quick with a
hundred thousand flows, because a client that polls asks for it all the time.
"""

from __future__ import annotations

import heapq
import math
import random
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from uuid import uuid4

from connector.simulator.archive import Archive, MemoryArchive
from connector.simulator.content import Glance
from connector.simulator.contract import Deposit, FlowInfo, Search
from connector.simulator.flows import OK, PENDING, Acknowledgement, Flow, Verdict
from connector.simulator.plan import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A valid deposit and what it turned out to be, before it is stored."""

    deposit: Deposit
    seen: Glance
    sha256: str

    @property
    def key(self) -> str:
        """What makes it the same business content as another: its number if it has one, else its bytes."""
        return self.seen.key or self.sha256


class Ledger:
    """Received flows.

    Args:
        archive: where documents and states are kept; what it remembers is taken up again.
        clock: seconds since 1970; a test may own it.
    """

    def __init__(self, archive: Archive | None = None, clock: Callable[[], float] = time.time) -> None:
        self._archive = archive or MemoryArchive()
        self._clock = clock
        self._lock = threading.RLock()
        self.grain = 0.0  # seconds to which the times told are rounded down; 0 for milliseconds
        self._forget()
        for flow in self._archive.recall():
            self._take_up(flow)

    def _forget(self) -> None:
        self._flows: dict[str, Flow] = {}
        self._tracked: dict[str, list[str]] = {}  # tracking id → flow ids
        self._owners: dict[str, str] = {}  # business key or tracking id → the flow that holds it
        self._changes: list[tuple[int, int, str]] = []  # (updated, number, flow id), sorted; one a flow
        self._changed: dict[str, tuple[int, int, str]] = {}  # flow id → its entry in `_changes`
        self._waiting: list[tuple[int, str]] = []  # heap of (due, flow id)
        self._misses: dict[str, int] = {}  # flow id → searches that should have found it and did not
        self._numbered = 0

    # ------------------------------------------------------------------ writing
    def store(self, arrival: Arrival, verdict: Verdict, delay: float) -> Flow:
        """Take a deposit in; in the archive when this returns.

        Args:
            arrival: what came.
            verdict: the acknowledgement it will get.
            delay: seconds until then.
        """
        now = int(self._clock() * 1000)
        told = self._told(now)
        content = arrival.deposit.content
        flow = Flow(
            flow_id=str(uuid4()),
            info=arrival.deposit.info,
            sha256=arrival.sha256,
            size=len(content),
            media="application/pdf" if content.startswith(b"%PDF-") else "application/xml",
            flow_type=arrival.seen.flow_type,
            key=arrival.key,
            received=now,
            submitted=told,
            updated=told,
            history=(Acknowledgement(at=told, verdict=PENDING),),
            due=now + int(delay * 1000),
            verdict=verdict,
        )
        if delay == 0:
            flow = _acknowledged(flow, verdict, told)
        with self._lock:
            self._archive.put(flow, content)
            self._archive.note(flow)
            self._take_up(flow)
        return flow

    def bring(self, info: FlowInfo, content: bytes, flow_type: str) -> Flow:
        """Have a flow for the client: a status, a supplier's invoice. Listed from now on, and acknowledged.

        Args:
            info: as the platform tells of it; with the company that it is for.
        """
        now = int(self._clock() * 1000)
        told = self._told(now)
        flow = Flow(
            flow_id=str(uuid4()),
            info=info,
            sha256=sha256(content).hexdigest(),
            size=len(content),
            media="application/pdf" if content.startswith(b"%PDF-") else "application/xml",
            flow_type=flow_type,
            key="",
            received=now,
            submitted=told,
            updated=told,
            history=(Acknowledgement(at=told, verdict=PENDING), Acknowledgement(at=told, verdict=OK)),
            due=now,
            verdict=OK,
            direction="In",
        )
        with self._lock:
            self._archive.put(flow, content)
            self._archive.note(flow)
            self._take_up(flow)
        return flow

    def twin(self, arrival: Arrival) -> Flow | None:
        """The flow that has this tracking id or this business content already, unless it ended in Error."""
        with self._lock:
            for name in _holdings(arrival.key, arrival.deposit.info.tracking_id):
                if name in self._owners:
                    return self._flows[self._owners[name]]
        return None

    def acknowledge(self, flow_id: str, verdict: Verdict) -> Flow | None:
        """Force an acknowledgement now, whatever was planned or said before; None: no such flow."""
        with self._lock:
            self._settle()
            flow = self._flows.get(flow_id)
            if flow is None:
                return None
            now = self._told(int(self._clock() * 1000))
            flow = replace(_acknowledged(flow, verdict, now), verdict=verdict)
            self._change(flow)
            self._archive.note(flow)
            return flow

    def clear(self) -> None:
        """Forget every flow, in the archive too."""
        with self._lock:
            self._archive.clear()
            self._forget()

    def close(self) -> None:
        """Release the archive."""
        with self._lock:
            self._archive.close()

    # ------------------------------------------------------------------ reading
    def flows(self) -> tuple[Flow, ...]:
        """Every deposit, in the order of coming."""
        with self._lock:
            self._settle()
            return tuple(flow for flow in self._flows.values() if flow.direction == "Out")

    def flow(self, flow_id: str) -> Flow | None:
        with self._lock:
            self._settle()
            return self._flows.get(flow_id)

    def of_tracking_id(self, tracking_id: str) -> tuple[Flow, ...]:
        """The flows deposited under a tracking id; more than one is a double deposit."""
        with self._lock:
            self._settle()
            flows = (self._flows[flow_id] for flow_id in self._tracked.get(tracking_id, ()))
            return tuple(flow for flow in flows if flow.direction == "Out")

    def content(self, flow: Flow) -> bytes | None:
        """The bytes as received; None when they are no longer kept."""
        with self._lock:
            return self._archive.get(flow)

    def __len__(self) -> int:
        return len(self._flows)

    def search(self, asked: Search, switches: Switches) -> list[Flow]:
        """One page of the flows that satisfy a search.

        With the order `ascending` or `shuffled` a page has the flows that changed first; shuffled, they
        come in no order. With `descending` it has those that changed last.
        """
        with self._lock:
            self._settle()
            limit = min(asked.limit, switches.page_limit)
            matching = (flow for flow in self._candidates(asked, switches) if _satisfies(flow, asked))
            shown = (flow for flow in matching if self._is_shown(flow, switches))
            page = list(islice(shown, limit))
        if switches.order == "shuffled":
            random.shuffle(page)
        return page

    def _candidates(self, asked: Search, switches: Switches) -> Iterator[Flow]:
        after = asked.after if asked.after is not None else -1
        before = asked.before if asked.before is not None else math.inf
        backwards = switches.order == "descending"
        if asked.tracking_id is not None and not switches.ignore_tracking_filter:
            flows = [self._flows[flow_id] for flow_id in self._tracked.get(asked.tracking_id, ())]
            within = [flow for flow in flows if after < flow.updated < before]
            return iter(sorted(within, key=lambda flow: flow.updated, reverse=backwards))
        low = bisect_right(self._changes, (after, math.inf, ""))
        high = bisect_left(self._changes, (before, -1, ""))
        places = range(high - 1, low - 1, -1) if backwards else range(low, high)
        return (self._flows[self._changes[place][2]] for place in places)

    def _is_shown(self, flow: Flow, switches: Switches) -> bool:
        if self._clock() * 1000 < flow.received + switches.index_lag_seconds * 1000:
            return False
        if switches.index_lag_searches:
            missed = self._misses.get(flow.flow_id, 0)
            if missed < switches.index_lag_searches:
                self._misses[flow.flow_id] = missed + 1
                return False
        return True

    # ------------------------------------------------------------------ keeping the indexes
    def _settle(self) -> None:
        """Give the acknowledgements that have become due."""
        now = int(self._clock() * 1000)
        while self._waiting and self._waiting[0][0] <= now:
            due, flow_id = heapq.heappop(self._waiting)
            flow = self._flows[flow_id]
            if not flow.settled:
                self._change(_acknowledged(flow, flow.verdict, max(flow.updated, self._told(due))))

    def _take_up(self, flow: Flow) -> None:
        self._change(flow)
        if flow.info.tracking_id is not None:
            self._tracked.setdefault(flow.info.tracking_id, []).append(flow.flow_id)
        if not flow.settled:
            heapq.heappush(self._waiting, (flow.due, flow.flow_id))

    def _change(self, flow: Flow) -> None:
        before = self._changed.get(flow.flow_id)
        if before is not None:
            del self._changes[bisect_left(self._changes, before)]
        self._numbered += 1
        change = (flow.updated, self._numbered, flow.flow_id)
        insort(self._changes, change)
        self._changed[flow.flow_id] = change
        self._flows[flow.flow_id] = flow
        if flow.direction == "In":
            return  # what comes from elsewhere makes no deposit a duplicate
        rejected = "Error" in (flow.acknowledgement.status, flow.verdict.status)
        for name in _holdings(flow.key, flow.info.tracking_id):
            if not rejected:
                self._owners.setdefault(name, flow.flow_id)
            elif self._owners.get(name) == flow.flow_id:
                del self._owners[name]

    def _told(self, milliseconds: int) -> int:
        step = int(self.grain * 1000)
        return milliseconds - milliseconds % step if step > 1 else milliseconds


def _acknowledged(flow: Flow, verdict: Verdict, at: int) -> Flow:
    history = (*flow.history, Acknowledgement(at=at, verdict=verdict))
    return replace(flow, history=history, updated=at)


def _holdings(key: str, tracking_id: str | None) -> tuple[str, ...]:
    """The names under which a flow claims to be the only one."""
    return (f"key:{key}",) if tracking_id is None else (f"key:{key}", f"tracking:{tracking_id}")


def _satisfies(flow: Flow, asked: Search) -> bool:
    """Every criterion that was given, but for the times and the tracking id, which are indexed."""
    return (
        (asked.ack_status is None or flow.acknowledgement.status == asked.ack_status)
        and (asked.flow_types is None or flow.flow_type in asked.flow_types)
        and (asked.directions is None or flow.direction in asked.directions)
        and (asked.rules is None or flow.rule in asked.rules)
        and asked.company in (None, flow.info.company)
    )
