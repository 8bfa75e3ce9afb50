"""The synchronous front of the gateways: what the routes' threads call, while the event loop does the work.

One `AccountDesk` an account (it satisfies `ports.Platform`), one `RouteCourier` a route (`ports.Courier`).
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger

from connector.directory import Address, DirectoryLine, Told
from connector.errors import AuthenticationFailed, PlatformUnavailable
from connector.gateways.base import Gateway, ReadFailed
from connector.gateways.gate import Gate, Snapshot
from connector.gateways.loop import EventLoop
from connector.gateways.questions import Questions
from connector.model import (
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Health,
    Inconclusive,
    LookupAnswer,
    NotSent,
    Parcel,
    PollPage,
    SubmitAnswer,
    Unknown,
)

LINGER = 0.01  # seconds that a first answer waits for others

Result = TypeVar("Result")
_NO_FLOW = (
    "connector-doctor"  # a flow that no platform has: asking for it needs every right and changes nothing
)
_LOCKED_OUT = frozenset({"unauthorized", "token-refused"})  # nothing at all works without credentials
_IN_TROUBLE = frozenset({"connect", "timeout", "read", "write", "server-error", "token"})
Answer = tuple[str, SubmitAnswer | None]  # of a job; None: broken off at the end, nobody will ever know


class AccountDesk:
    """One account, as threads see it. Every method may be called from any thread but the loop's own.

    Args:
        loop: shared by all accounts.
        gate: of this account.
        gateway: of this account.
    """

    def __init__(self, loop: EventLoop, gate: Gate, gateway: Gateway) -> None:
        self._loop = loop
        self._gate = gate
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()  # touched on the loop only
        self._questions = Questions(gateway, self._closed_to_reads, gate.places)

    @property
    def account(self) -> str:
        return self._gate.account

    def snapshot(self) -> Snapshot:
        """How the account stands now."""
        return self._gate.snapshot()

    def courier(self) -> RouteCourier:
        """A way out for one more route."""
        return RouteCourier(self)

    # ------------------------------------------------------------------ ports.Platform
    def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """See `ports.Platform`. The cursor is opaque; while `more`, it holds where to go on."""
        return self._ask(lambda: self._gateway.poll(cursor, since, overlap))

    def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """See `ports.Platform`."""
        return self._ask(lambda: self._gateway.acknowledgement(flow_id))

    def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """See `ports.Platform`."""
        return self._ask(lambda: self._gateway.fetch(flow_id, kind, target, limit))

    def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """What the directory says of a recipient. Raises as `poll`."""
        return self._ask(lambda: self._gateway.find_recipient(wanted))

    @property
    def questions(self) -> int:
        """Questions to the directory that are asked at once."""
        return self._gate.places

    def inquire(self, wanted: Address, tell: Callable[[Told], None]) -> None:
        """Start asking the directory; `tell` is called once, on the loop, whatever comes of it.

        The account is neither stopped nor paused by what the directory answers.
        """
        self._loop.call(lambda: self._questions.start(wanted, tell))

    def health(self) -> Health:
        """Ask now, whatever is known. A good answer lets a stopped account go on."""
        return self._loop.run(self._check_health())

    def examine(self) -> Health:
        """Ask now for a token, for the platform's health, and a harmless question that needs our rights."""
        return self._loop.run(self._examine())

    # ------------------------------------------------------------------ for the couriers
    def room(self) -> int:
        """Parcels that one route may have under way. Has a stopped account tried again when it is time."""
        if self._gate.probe_due():
            self._loop.call(lambda: self._start(self._probe_if_due()))
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

    def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        """Ask for these at once, as far as the account's limits allow."""
        return self._loop.run(self._look_up(parcels))

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
        try:
            async with self._gate.place():
                if not self._gate.closing:
                    await self._gate.turn()
                answer = self._gate.admit()
                if answer is None:
                    answer = await self._submit(parcel)
        finally:
            tell((parcel.job, answer))

    async def _submit(self, parcel: Parcel) -> SubmitAnswer:
        try:
            answer = await self._gateway.submit(parcel)
        except Exception as bug:  # noqa: BLE001 - every parcel is answered; here nothing proves "not sent"
            _log_bug(parcel, bug)
            answer = Unknown(reason="internal")
        self._gate.note(answer)
        return answer

    async def _look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        await self._probe_if_due()
        trouble: list[Inconclusive] = []  # once the platform is in trouble, the rest need not find it out too
        answers = await asyncio.gather(*(self._find(parcel, trouble) for parcel in parcels))
        return [(parcel.job, answer) for parcel, answer in zip(parcels, answers, strict=True)]

    async def _find(self, parcel: Parcel, trouble: list[Inconclusive]) -> LookupAnswer:
        async with self._gate.place():
            if trouble:
                return trouble[0]
            if (closed := self._closed_to_reads()) is not None:
                return Inconclusive(reason=closed.reason)
            try:
                answer = await self._gateway.lookup(parcel)
            except Exception as bug:  # noqa: BLE001 - one look-up must not take the others down with it
                _log_bug(parcel, bug)
                return Inconclusive(reason="internal")
        if not isinstance(answer, Inconclusive):
            self._gate.alive()
        elif answer.reason in _LOCKED_OUT:
            self._gate.stop(answer.reason)
        elif answer.reason in _IN_TROUBLE:
            trouble.append(answer)
        return answer

    def _closed_to_reads(self) -> ReadFailed | None:
        """Why not even a question is asked: the platform does not let us in, or wants silence."""
        stop = self._gate.pace.stopped
        if stop is not None and stop in _LOCKED_OUT:
            return ReadFailed(stop, f"stopped ({stop}), tried again later", authentication=True)
        if pause := self._gate.paused():
            return ReadFailed("rate", f"the platform asked to wait {pause:.0f} s more")
        return None

    def _ask(self, question: Callable[[], Awaitable[Result]]) -> Result:
        return self._loop.run(self._asked(question))

    async def _asked(self, question: Callable[[], Awaitable[Result]]) -> Result:
        await self._probe_if_due()
        try:
            if (closed := self._closed_to_reads()) is not None:
                raise closed
            async with self._gate.place():
                answer = await question()
        except ReadFailed as failure:
            if failure.stops_account:
                self._gate.stop(failure.reason)
            error = AuthenticationFailed if failure.authentication else PlatformUnavailable
            raise error(f"account {self.account}: {failure}") from None
        self._gate.alive()
        return answer

    async def _probe_if_due(self) -> None:
        """Try a stopped account again, with a question and never with a document."""
        if self._gate.begin_probe():
            await self._check_health()

    async def _check_health(self) -> Health:
        good = False
        try:
            async with self._gate.place():
                health = await self._gateway.health()
            good = health.up
            if good:
                self._gate.alive()
        finally:
            self._gate.probed(good)
        return health

    async def _examine(self) -> Health:
        health = await self._gateway.health()
        if not health.up:
            return health
        try:
            await self._gateway.acknowledgement(_NO_FLOW)
        except ReadFailed as failure:
            return Health(up=False, reason=failure.reason)
        return health

    async def _close(self, grace: float) -> None:
        self._gate.closing = True
        await self._questions.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5.0)
        await self._gateway.close()


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


def _log_bug(parcel: Parcel, bug: Exception) -> None:
    # As text: loguru would print the values of local variables, tokens among them.
    logger.error("{}: a gateway failed\n{}", parcel.job, "".join(traceback.format_exception(bug)))
