"""The connector killed at every point, in every inbox and with every platform; the invariants hold each time.

A process dies at every point of every inbox with a platform that behaves. With other platforms, in power cuts
and without a reader beside it, most deaths are pictured: one life is looked at on its way, and each time an
ordinary start has to put right what lies there. `make crash` lets a process die at each of those, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from tests.crash.plans import PLANS
from tests.crash.series import run_series
from tests.crash.shapes import shapes
from tests.crash.spec import MODES, Order, Point, RunSpec
from tests.crash.tally import HEAD, Tally

RUNS = 10_000  # at least
SEED = 7
DIED_ONE_IN = 50  # of the deaths that could be pictured, as in the long level
PLANS_BESIDE = 1  # behaviours of the platform, beside the ordinary one, that each shape meets
FIRST_DEATHS = (  # from which all second ones are tried: a doubt, an orphan, a promise, half a delivery
    RunSpec(shape="plain", plan="502-stored", points=(Point("submit after", 1),)),
    RunSpec(shape="late-copied", plan="accepted", points=(Point("rename work after", 1),), mode="cut"),
    RunSpec(shape="plain", plan="reset-stored", points=(Point("commit after", 4),), mode="torn"),
    RunSpec(shape="remote-archive", plan="accepted", points=(Point("rename outbox after", 1),)),
)


def everywhere() -> Iterator[RunSpec]:
    """Lives at each point of which a process dies."""
    for name, shape in shapes().items():
        if not shape.broken:
            yield RunSpec(shape=name, plan="accepted")


def besides() -> Iterator[RunSpec]:
    """Lives at each point of which a death is died or pictured."""
    for name in shapes():
        for mode in ("cut", "torn"):
            yield RunSpec(shape=name, plan="accepted", mode=mode, eager=False)
        some = Random(f"{SEED} {name}").sample(sorted(PLANS), PLANS_BESIDE)
        for number, plan in enumerate(some if name != "plain" else sorted(PLANS)):
            yield RunSpec(shape=name, plan=plan, mode=MODES[number % 3])
    yield from FIRST_DEATHS


@pytest.mark.timeout(1200)
def test_P09_killed_anywhere_nothing_is_lost_sent_twice_or_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tally = Tally(level="suite")
    orders = [Order(specs=(spec,), one_in=1) for spec in everywhere()]
    orders += [Order(specs=(spec,), one_in=DIED_ONE_IN) for spec in besides()]
    Random(SEED).shuffle(orders)  # heavy ones do not all come at the end
    wanted, met, died = set[RunSpec](), set[RunSpec](), set[RunSpec]()
    with capsys.disabled():
        print()
        for outcome in run_series(orders):
            tally.add(outcome)
            spec = outcome.spec
            met.add(spec)
            if not outcome.pictured:
                died.add(spec)
            if not spec.points:
                points = [point for point, loose in outcome.passed[-1] if loose or spec.mode == "kill"]
                wanted.update(replace(spec, points=(point,)) for point in points)
        print(HEAD, tally.row(), sep="\n")
    assert [outcome.spec.line() for outcome in tally.bad] == []
    assert tally.counts["missed"] == 0
    assert wanted <= met
    assert {spec for spec in wanted if replace(spec, points=()) in set(everywhere())} <= died
    assert len(met) >= RUNS
