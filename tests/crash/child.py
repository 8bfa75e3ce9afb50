"""One life: everything real, driven in one thread and in one order until it is killed or nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import ssl
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from connector import effects, journey, lanes, reception, recovery
from connector.effects import Effects
from connector.errors import ConnectorError
from connector.gateways import AccountDesk, EventLoop, HttpSession
from connector.model import (
    Inspection,
    InspectionLost,
    InspectionOrder,
    LookupAnswer,
    Parcel,
    State,
    SubmitAnswer,
)
from connector.ports import Courier
from connector.settings import Route, Settings, Timeouts
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
from connector.wiring import Assembly, Parts, built
from connector.world import World
from tests.crash.loss import Loss
from tests.crash.others import Consumer, Writer
from tests.crash.place import Place
from tests.crash.plans import PLANS
from tests.crash.points import FailingEffects, FailingJournal, FailingSession, Points
from tests.crash.shapes import shapes
from tests.crash.shared import RunClock, Shared
from tests.crash.spec import Point, RunSpec

LONGEST = 25  # seconds of real time, after which a life counts as hung
MOST_ROUNDS = 120
LISTINGS = 3  # a platform may show late what it has, and shows again what was seen
_PIECE, _SMALL_PIECE = effects._PIECE, 2048  # bytes
_STEP, _LEAP = 1.0, 140.0  # seconds: how far the clock jumps when nothing moves, at first and at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """What is made once and inherited by every life."""

    place: Place
    shared: Shared
    settings: Settings
    routes: list[Route]
    schemas: Schemas
    tls: ssl.SSLContext


def live(
    warm: Warm,
    spec: RunSpec,
    at: Point | None,
    number: int,
    show: Callable[[Point, dict[str, Any]], None] | None = None,
) -> None:
    """Live, and report. Ends without returning when it passes the point.

    Args:
        number: of the life in its run, from 0; it also loads the dice.
        show: called at points where a death would take or leave something that lies still, with the book of
            what is not durable there; it goes on when this returns.
    """
    _begin(number)
    shape, plan = shapes()[spec.shape], PLANS[spec.plan]
    # A writer can only come in between when even a small file is read in several pieces.
    eager = spec.eager and not shape.is_left_alone
    small = any(deed.when == "copying" for deed in shape.deeds)
    effects._PIECE = _SMALL_PIECE if small else _PIECE
    consumer = Consumer(warm.place, warm.shared)
    writer = Writer(warm.place, warm.shared, shape.deeds)

    def meanwhile(label: str) -> None:
        writer.act(label)
        if eager and label.startswith("rename") and label.endswith("after"):
            consumer.take()

    loss = Loss(spec.mode, warm.place.limbo, consumer.has)

    def pictured(point: Point) -> None:
        if show is not None and (loss.is_loose or spec.mode == "kill"):
            show(point, loss.book if spec.mode != "kill" else {})

    points = Points(warm.shared, at, loss, meanwhile, pictured if show else None)
    parts = Parts(
        effects=partial(
            FailingEffects,
            points,
            warm.place.role,
            warm.place.archive_of("ventes") if shape.remote_archive else None,
            shape.broken if number == 0 else "",
        ),
        journal=partial(FailingJournal, points=points),
        inspector=partial(_inspectors, warm.schemas, points),
        session=partial(_session, points, warm.tls, plan.read_timeout),
        clock=RunClock(warm.shared),
    )
    before = _held()
    _report(warm, spec, parts, lambda: sorted(_held() - before))


def live_plainly(warm: Warm, spec: RunSpec, number: int, *, stop_loop: bool) -> None:
    """Live without points, and report; see `Life.hold`.

    Args:
        stop_loop: the process stops itself when the thread that talks to platforms begins.
    """
    _begin(number)
    if stop_loop:
        serve = EventLoop._serve

        def stopped_first(loop: asyncio.AbstractEventLoop) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)
            serve(loop)

        EventLoop._serve = staticmethod(stopped_first)  # type: ignore[method-assign]
    points = Points(warm.shared, None, Loss("kill", warm.place.limbo, lambda _: None))
    parts = Parts(
        effects=partial(Effects, threads=1),
        inspector=partial(_inspectors, warm.schemas, points),
        session=partial(_plain_session, warm.tls, PLANS[spec.plan].read_timeout),
        clock=RunClock(warm.shared),
    )
    _report(warm, spec, parts, list)


def _begin(number: int) -> None:
    signal.alarm(LONGEST)
    dice = Random(number)
    reception.AT_ONCE = 1  # one thing at a time
    secrets.token_bytes = lambda nbytes=None: bytes([number]) + dice.randbytes((nbytes or 32) - 1)


def _report(warm: Warm, spec: RunSpec, parts: Parts, left: Callable[[], list[str]]) -> None:
    """Build, work, and tell how it ended; `left` tells what was not given back."""
    shape, settings = shapes()[spec.shape], warm.settings
    if shape.brought:
        receiving = [route.model_copy(update={"receive": route.name == "ventes"}) for route in settings.route]
        settings = settings.model_copy(update={"route": receiving})
    routes = [route for route in settings.route if route.name in shape.routes]
    try:
        with built(settings, routes, parts) as assembly:
            rested, troubles = _work(assembly, warm, LISTINGS if shape.brought else 0)
        warm.shared.report({"rested": rested, "troubles": troubles, "left": left()})
    except (ConnectorError, OSError) as error:
        warm.shared.report({"gave_up": f"{type(error).__name__}: {error}"})
    except Exception:  # noqa: BLE001 - a bug of ours: it is what the harness looks for
        warm.shared.report({"bug": traceback.format_exc()})


def _held() -> set[str]:
    """What a process must give back: descriptors, threads, children."""
    held = {f"descriptor {name}" for name in os.listdir("/proc/self/fd")}
    held |= {f"thread {thread.name}" for thread in threading.enumerate()}
    with contextlib.suppress(OSError):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
        held |= {f"child {child}" for child in children.split()}
    return held


# --------------------------------------------------------------------------- the order of things
def _work(assembly: Assembly, warm: Warm, listings: int) -> tuple[bool, list[str]]:
    """Do what `Service` does, one lane after the other. Whether nothing is left, and the troubles met.

    Args:
        listings: how often the platform is asked for what it has for us, beside answers that are awaited.
    """
    worlds = [replace(line.world, courier=_Waiting(line.world.courier)) for line in assembly.lines]
    troubles: list[str] = []
    gc.disable()  # a life is short
    for world in worlds:
        recovery.recover(world)
    for office in assembly.offices.values():
        reception.recover(office)
    leap = _STEP
    for _ in range(MOST_ROUNDS):
        moved = 0
        for stages in (lanes.INTAKE, lanes.SENDING, lanes.CLOSING):
            for world in worlds:
                moved += _lane(partial(_round, stages, world), troubles)
        before = len(troubles)
        moved += _follow(assembly, worlds, troubles, anyhow=listings > 0)
        listings -= len(troubles) == before
        for desk in assembly.desks.values():
            if desk.snapshot().way != "free":
                desk._loop.run(_nothing_under_way(desk))
        if not moved and listings <= 0 and _is_at_rest(assembly, worlds):
            return True, troubles
        leap = _STEP if moved else min(leap * 2, _LEAP)
        warm.shared.now += 0.01 if moved else leap
    return False, troubles


async def _nothing_under_way(desk: AccountDesk) -> None:
    """An account that was stopped is tried again beside the lanes: the clock must not run ahead of that."""
    while desk._tasks:
        await asyncio.wait(set(desk._tasks))


def _round(stages: Sequence[Callable[[World], int]], world: World) -> int:
    return sum(stage(world) for stage in stages)


def _lane(work: Callable[[], int], troubles: list[str]) -> int:
    """A round of a lane: trouble makes it wait, as `lanes.Lane` does; a bug ends the life."""
    try:
        return work()
    except (ConnectorError, OSError) as error:
        troubles.append(f"{type(error).__name__}: {error}")
        return 0


def _follow(assembly: Assembly, worlds: Sequence[World], troubles: list[str], *, anyhow: bool) -> int:
    """A round of the follow lanes; `anyhow`: also where no answer is awaited."""
    journal, moved = assembly.journal, 0
    for account, desk in assembly.desks.items():
        ours = [world for world in worlds if world.account == account]
        if anyhow or any(journal.counts(world.route).get(State.RECEIVED) for world in ours):
            overlap = assembly.settings.account[0].poll_overlap
            moved += _lane(partial(journey.follow, desk, account, journal, ours, overlap), troubles)
        for stage in (reception.fetch, reception.sort_out):
            moved += _lane(partial(stage, assembly.offices[account]), troubles)
    return moved


def _is_at_rest(assembly: Assembly, worlds: Sequence[World]) -> bool:
    journal = assembly.journal
    if any(lanes.unsettled(journal.counts(world.route)) for world in worlds):
        return False
    if any(journal.untaken(office.account, office.receivers.matters) for office in assembly.offices.values()):
        return False
    if any(journal.undelivered(world.route) for world in worlds):
        return False
    return all(line.inbox.is_scanned and not line.inbox.waiting for line in assembly.lines)


class _Waiting:
    """A courier that comes back with every answer before it lets the journey go on: one thing at a time."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._back: list[tuple[str, SubmitAnswer]] = []

    def room(self) -> int:
        return self._courier.room()

    def hand_over(self, parcels: Sequence[Parcel]) -> None:
        self._courier.hand_over(parcels)
        while self._courier.under_way():
            self._back += self._courier.answers(1.0)

    def answers(self, wait: float) -> list[tuple[str, SubmitAnswer]]:
        back, self._back = self._back, []
        return back

    def under_way(self) -> int:
        return len(self._back)

    def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        return self._courier.look_up(parcels)


# --------------------------------------------------------------------------- parts
class _Inspector:
    """Looks into files in this process, with schemas that are ready. Satisfies `ports.Inspector`."""

    def __init__(self, schemas: Schemas, points: Points) -> None:
        self._schemas, self._points = schemas, points

    def inspect(
        self, orders: Iterable[InspectionOrder]
    ) -> Iterator[list[tuple[str, Inspection | InspectionLost]]]:
        for order in orders:
            self._points.passing("inspect before")
            try:
                seen: Inspection | InspectionLost = inspect_file(
                    order.path, self._schemas, name=order.name, rules=order.rules
                )
            except OSError:
                seen = InspectionLost(reason="io")
            self._points.passing("inspect after")
            yield [(order.key, seen)]


@contextlib.contextmanager
def _inspectors(
    schemas: Schemas, points: Points, settings: Settings, routes: Sequence[Route]
) -> Iterator[_Inspector]:
    """As `wiring.inspectors`, in this process."""
    yield _Inspector(schemas, points)


def _session(
    points: Points,
    tls: ssl.SSLContext,
    read_timeout: float,
    timeouts: Timeouts,
    connections: int,
    urls: Sequence[str],
    request_id: str,
    reuse: bool,
) -> FailingSession:
    patience = timeouts.model_copy(update={"read": read_timeout})
    return FailingSession(HttpSession(patience, connections, urls, request_id, reuse, tls), points)


def _plain_session(
    tls: ssl.SSLContext,
    read_timeout: float,
    timeouts: Timeouts,
    connections: int,
    urls: Sequence[str],
    request_id: str,
    reuse: bool,
) -> HttpSession:
    patience = timeouts.model_copy(update={"read": read_timeout})
    return HttpSession(patience, connections, urls, request_id, reuse, tls)
