"""The synchronous front of the gateways: what the routes' threads call, while the event loop does the work.

One `AccountDesk` an account (it satisfies `ports.Platform`), one `RouteCourier` a route (`ports.Courier`).
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from connector.directory import Address, Told
from connector.gateways.base import Gateway
from connector.gateways.client import Client
from connector.gateways.gate import Gate
from connector.gateways.loop import EventLoop
from connector.gateways.questions import Questions
from connector.gateways.sync import BlockingClient
from connector.gateways.webhooks import Hooks
from connector.model import (
    LookupAnswer,
    NotSent,
    Parcel,
    SubmitAnswer,
)

LINGER = 0.01  # seconds that a first answer waits for others

Answer = tuple[str, SubmitAnswer | None]  # of a job; None: broken off at the end, nobody will ever know


class AccountDesk(BlockingClient):
    """One account, as threads see it. Every method may be called from any thread but the loop's own.

    Args:
        loop: shared by all accounts.
        gate: of this account.
        gateway: of this account.
        webhooks: of this account; None: its platform has none.
    """

    def __init__(self, loop: EventLoop, gate: Gate, gateway: Gateway, webhooks: Hooks | None = None) -> None:
        super().__init__(loop, Client(gate, gateway, webhooks))
        self._gate = gate
        self._tasks: set[asyncio.Task[None]] = set()  # touched on the loop only
        self._questions = Questions(gateway, self._client.closed_to_reads, gate.places)

    def courier(self) -> RouteCourier:
        """A way out for one more route."""
        return RouteCourier(self)

    # ------------------------------------------------------------------ for an enquiry
    @property
    def questions(self) -> int:
        """Questions to the directory that are asked at once."""
        return self._gate.places

    def inquire(self, wanted: Address, tell: Callable[[Told], None]) -> None:
        """Start asking the directory; `tell` is called once, on the loop, whatever comes of it.

        The account is neither stopped nor paused by what the directory answers.
        """
        self._loop.call(lambda: self._questions.start(wanted, tell))

    # ------------------------------------------------------------------ for the couriers
    def room(self) -> int:
        """Parcels that one route may have under way. Has a stopped account tried again when it is time."""
        if self._gate.probe_due():
            self._loop.call(lambda: self._start(self._client.probe_if_due()))
        return self._gate.room()

    def begin(self, parcels: Sequence[Parcel], tell: Callable[[Answer], None]) -> None:
        """Start delivering; `tell` is called once for each parcel, on the loop.

        Raises:
            RuntimeError: the loop is closed.
        """

        def start() -> None:
            for parcel in parcels:
                self._start(self._deliver_and_tell(parcel, tell))

        self._loop.call(start)

    # ------------------------------------------------------------------ the end
    def close(self, grace: float = 30.0) -> None:
        """Start nothing more, wait for what is in flight at most `grace` seconds, then break it off.

        A deposit that is broken off stays without an answer; its job is in doubt at the next start.
        """
        self._loop.run(self._close(grace))

    # ------------------------------------------------------------------ on the loop
    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_and_tell(self, parcel: Parcel, tell: Callable[[Answer], None]) -> None:
        answer: SubmitAnswer | None = NotSent(reason="shutdown")  # should it be broken off before it began

        def begins() -> None:
            nonlocal answer
            answer = None

        try:
            answer = await self._client.submit(parcel, begins)
        finally:
            tell((parcel.job, answer))

    async def _close(self, grace: float) -> None:
        self._gate.closing = True
        await self._questions.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5.0)
        await self._client.close()


class RouteCourier:
    """See `ports.Courier`. For one route's thread; the answers come from the loop through a queue."""

    def __init__(self, desk: AccountDesk) -> None:
        self._desk = desk
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._owed = 0  # parcels handed over whose answer was not taken yet
        self._lock = threading.Lock()

    def room(self) -> int:
        """See `ports.Courier`. More than the places in flight: none stands idle while answers are stored."""
        return max(0, self._desk.room() - self._owed)

    def hand_over(self, parcels: Sequence[Parcel]) -> None:
        """See `ports.Courier`."""
        if not parcels:
            return
        with self._lock:
            self._owed += len(parcels)
        try:
            self._desk.begin(parcels, self._answers.put)
        except RuntimeError:  # the loop is closed: we are shutting down
            for parcel in parcels:
                self._answers.put((parcel.job, NotSent(reason="shutdown")))

    def answers(self, wait: float) -> list[tuple[str, SubmitAnswer]]:
        """See `ports.Courier`."""
        came: list[Answer] = []
        end = time.monotonic() + wait
        try:
            while len(came) < self._owed:
                left = end - time.monotonic()
                came.append(self._answers.get(timeout=left) if left > 0 else self._answers.get_nowait())
                if len(came) == 1:  # others are close behind, and are written down in the same transaction
                    end = min(end, time.monotonic() + LINGER)
        except queue.Empty:
            pass
        with self._lock:
            self._owed -= len(came)
        return [(job, answer) for job, answer in came if answer is not None]

    def under_way(self) -> int:
        """See `ports.Courier`."""
        return self._owed

    def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        """See `ports.Courier`."""
        return self._desk.look_up(parcels)
