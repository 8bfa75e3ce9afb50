"""Which runs a level has, and how they are spread over processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue
from random import Random
from typing import cast

from tests.crash.plans import PLANS
from tests.crash.shapes import shapes
from tests.crash.spec import Order, Outcome, RunSpec

PROJECT = Path(__file__).parents[2]
WORKERS = 3
AHEAD = 2  # orders that a worker has in hand: it never waits for the next one
_DONE = b"null\n"  # what a worker says after the last outcome of an order
TOGETHER = 32  # specs that begin with the same death, and are given to a worker at once


# --------------------------------------------------------------------------- which runs
def dry() -> list[RunSpec]:
    """A run without any death for each shape and plan: it shows where one can die."""
    return [
        RunSpec(shape=name, plan=plan)
        for name, shape in shapes().items()
        for plan in (PLANS if not shape.broken else ("accepted",))
    ]


def singles(seen: Outcome) -> Iterator[RunSpec]:
    """After a dry run, every run with one death: at every point; as a power cut where it takes anything."""
    spec = seen.spec
    if shapes()[spec.shape].broken:
        return  # its first life is not one of those that die
    for number, (point, loose) in enumerate(seen.passed[0]):
        for mode in ("kill", "cut", "torn") if loose else ("kill",):
            yield RunSpec(shape=spec.shape, plan=spec.plan, points=(point,), mode=mode, eager=number % 2 == 0)


def pairs(seen: Outcome) -> Iterator[RunSpec]:
    """Every run with two deaths that begins as this run with one: the second during its recovery."""
    spec = seen.spec
    if len(seen.passed) < 2:
        return
    for eager in (True, False):  # one after the other: what begins alike is run together
        for point, loose in seen.passed[1][0 if eager else 1 :: 2]:
            if loose or spec.mode == "kill":
                yield replace(spec, points=(*spec.points, point), eager=eager)


def sampled(found: Iterable[RunSpec], most: int, seed: int) -> list[RunSpec]:
    """Some of them, always the same for a seed, in an order that mixes shapes and plans."""
    runs = list(found)
    Random(seed).shuffle(runs)
    return runs[:most]


# --------------------------------------------------------------------------- running them
def run_series(
    specs: Iterable[RunSpec | Order],
    *,
    workers: int = WORKERS,
    package: Path = PROJECT,
    stop_at: int | None = None,
    tell_all: bool = False,
) -> Iterator[Outcome]:
    """Run specs in worker processes, do orders, and give the outcomes as they come.

    Args:
        specs: a deque may grow while they are run, out of what the outcomes show.
        workers: processes; two cores have room for three, because some runs wait for an answer.
        package: the folder that holds the package `connector` to be run.
        stop_at: end after so many violating runs.
        tell_all: also what runs with several deaths have passed.
    Raises:
        RuntimeError: a worker died.
    """
    waiting: deque[RunSpec | Order] = specs if isinstance(specs, deque) else deque(specs)
    bad = 0
    with _workers(workers, package, *(["--tell-all"] if tell_all else [])) as (hands, back):
        loads = dict.fromkeys(hands, 0)
        while waiting or any(loads.values()):
            for hand in hands * AHEAD:
                if waiting and loads[hand] < AHEAD:
                    _give(hand, _next_order(waiting))
                    loads[hand] += 1
            hand, line = back.get()
            if line is None:
                raise RuntimeError(f"a crash worker died ({hand.wait()})")
            if line == _DONE:
                loads[hand] -= 1
                continue
            outcome = Outcome.read(line)
            yield outcome
            bad += bool(outcome.violations)
            if stop_at is not None and bad >= stop_at:
                return


def _next_order(waiting: deque[RunSpec | Order]) -> Order:
    """The next run, and those right behind it that begin with the same death."""
    first = waiting.popleft()
    if isinstance(first, Order):
        return first
    together = [first]
    if len(first.points) > 1:
        while waiting and len(together) < TOGETHER and _begins_as(first, waiting[0]):
            together.append(cast(RunSpec, waiting.popleft()))
    return Order(specs=tuple(together))


def _begins_as(one: RunSpec, other: RunSpec | Order) -> bool:
    return isinstance(other, RunSpec) and replace(other, points=other.points[:1]) == replace(
        one, points=one.points[:1]
    )


def _give(hand: subprocess.Popen[bytes], order: Order) -> None:
    assert hand.stdin is not None
    hand.stdin.write(order.as_json().encode() + b"\n")
    hand.stdin.flush()


_Back = Queue[tuple["subprocess.Popen[bytes]", bytes | None]]


@contextmanager
def _workers(count: int, package: Path, *words: str) -> Iterator[tuple[list[subprocess.Popen[bytes]], _Back]]:
    # With -m the current folder comes first: `connector` is found there, and `tests` in the project.
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.crash.worker", "--package", str(package), *words]
    back: _Back = Queue()
    hands = []
    with ExitStack() as stack:
        for _ in range(count):
            hand = subprocess.Popen(
                command, cwd=package, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            reader = threading.Thread(target=_read, args=(hand, back), daemon=True)
            reader.start()
            stack.push(partial(_end, hand, reader))
            hands.append(hand)
        yield hands, back


def _read(hand: subprocess.Popen[bytes], back: _Back) -> None:
    assert hand.stdout is not None
    for line in hand.stdout:
        back.put((hand, line))
    back.put((hand, None))


def _end(hand: subprocess.Popen[bytes], reader: threading.Thread, *trouble: object) -> None:
    """Let it go, at once when nobody waits for what it has in hand."""
    assert hand.stdin is not None
    assert hand.stdout is not None
    if any(trouble):
        hand.terminate()
    with contextlib.suppress(BrokenPipeError):  # it has died, and that is told elsewhere
        hand.stdin.close()
    hand.wait(timeout=120)
    reader.join()
    hand.stdout.close()
