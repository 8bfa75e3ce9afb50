"""The whole connector in one thread of this process: for tests in which lanes and workers only take time.

Everything is real but who does the work: the stages are called one after the other, as the lanes call them,
and files are looked into here instead of in a process that can be killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from time import monotonic, sleep

from connector import journey, lanes, recovery
from connector.effects import Effects
from connector.model import Inspection, InspectionLost, InspectionOrder, State
from connector.settings import Route, Settings, load
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
from connector.wiring import Assembly, Parts, built
from tests.setup_tree import Tree


class InThisProcess:
    """Satisfies `ports.Inspector`: the same judgement as a worker's, without its walls."""

    def inspect(
        self, orders: Sequence[InspectionOrder]
    ) -> Iterator[list[tuple[str, Inspection | InspectionLost]]]:
        for order in orders:
            yield [(order.key, inspect_file(order.path, schemas(), name=order.name))]


@cache
def schemas() -> Schemas:
    """Compiled once for all tests of a process."""
    return Schemas()


@contextmanager
def in_this_process(settings: Settings, routes: Sequence[Route]) -> Iterator[InThisProcess]:
    """For `wiring.Parts.inspector`."""
    yield InThisProcess()


@contextmanager
def opened(tree: Tree, effects: Callable[[], Effects] = Effects) -> Iterator[Assembly]:
    """The connector on a tree, with nobody at work in it yet.

    Args:
        effects: makes its hands.
    """
    parts = Parts(inspector=in_this_process, effects=effects)
    settings = load(tree.config)
    with built(settings, list(settings.route), parts) as assembly:
        for line in assembly.lines:
            recovery.recover(line.world)
        yield assembly


def work(assembly: Assembly, seconds: float = 30.0) -> None:
    """Call the stages until nothing is left that could move, and then do the chores once.

    Args:
        seconds: after which the test fails, because something never comes to rest.
    """
    deadline = monotonic() + seconds
    while _round(assembly) or not _is_at_rest(assembly):
        assert monotonic() < deadline, "it never comes to rest"
        sleep(0.01)  # between two looks at the clock, not for a state
    for chore in assembly.chores:
        chore.act()


def run(tree: Tree) -> None:
    """One run of the connector, from recovery to chores."""
    with opened(tree) as assembly:
        work(assembly)


def _round(assembly: Assembly) -> int:
    moved = 0
    for line in assembly.lines:
        for stage in (*lanes.INTAKE, *lanes.SENDING, *lanes.CLOSING):
            moved += stage(line.world)
    for name, desk in assembly.desks.items():
        worlds = [line.world for line in assembly.lines if line.world.account == name]
        if any(assembly.journal.counts(world.route).get(State.RECEIVED) for world in worlds):
            moved += journey.follow(desk, name, assembly.journal, worlds, 5.0)
    return moved


def _is_at_rest(assembly: Assembly) -> bool:
    for line in assembly.lines:
        if lanes.unsettled(assembly.journal.counts(line.world.route)) or not line.inbox.is_scanned:
            return False
        if line.inbox.waiting and not line.inbox.is_paused:
            return False
        if line.inbox.requests():
            return False
    return True
