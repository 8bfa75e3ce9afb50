"""The connector killed at every point, in every inbox and with every platform; the invariants hold each time.

Every point of the plain inbox with every behaviour of the platform, and every point of every inbox with a
platform that behaves, these also as a power cut, twice, where something was not flushed. Of the other single
deaths and of the double ones a sample, always the same. `make crash` runs them all.
"""

from __future__ import annotations

from collections import Counter, deque
from random import Random

import pytest

from tests.crash.plans import PLANS
from tests.crash.series import dry, pairs, run_series, sampled, singles
from tests.crash.shapes import shapes
from tests.crash.spec import Outcome, RunSpec
from tests.crash.tally import HEAD, Tally

RUNS = 10_000  # at least
SEED = 7
ONE_PAIR_IN = 40  # for so many runs with one death, one with a second death follows
PLANS_BESIDE = 3  # behaviours of the platform, beside the ordinary one, that each shape meets


def chosen(seen: list[Outcome]) -> tuple[list[RunSpec], list[RunSpec]]:
    """Runs with one death: those that are all run, and some of the others."""
    all_of_them: list[RunSpec] = []
    others: list[RunSpec] = []
    for outcome in sorted(seen, key=lambda outcome: outcome.spec.line()):
        for spec in singles(outcome):
            whole = spec.plan == "accepted" or (spec.shape == "plain" and spec.mode == "kill")
            (all_of_them if whole else others).append(spec)
    missing = RUNS - len(all_of_them) * (ONE_PAIR_IN + 1) // ONE_PAIR_IN
    return all_of_them, sampled(others, max(missing, 200), SEED)


def looked_at() -> list[RunSpec]:
    """Runs without a death: of the plain shape with every plan, of the others with some."""
    some = {
        name: {"accepted", *Random(f"{SEED} {name}").sample(sorted(PLANS), PLANS_BESIDE)} for name in shapes()
    }
    return [spec for spec in dry() if spec.shape == "plain" or spec.plan in some[spec.shape]]


def second_death(outcome: Outcome) -> list[RunSpec]:
    """For some runs, the same one with another death while it recovers."""
    dice = Random(f"{SEED} {outcome.spec.line()}")
    found = list(pairs(outcome)) if len(outcome.spec.points) == 1 else []
    return [dice.choice(found)] if found and dice.randrange(ONE_PAIR_IN) == 0 else []


@pytest.mark.timeout(1200)
def test_P09_killed_anywhere_nothing_is_lost_sent_twice_or_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tally = Tally(level="suite")
    seen = list(run_series(looked_at()))
    assert {outcome.spec.line(): outcome.violations for outcome in seen if outcome.violations} == {}
    everywhere, some = chosen(seen)
    waiting = deque(sampled(everywhere, len(everywhere), SEED) + some)
    run = Counter[RunSpec]()
    with capsys.disabled():
        print()
        for outcome in run_series(waiting):
            tally.add(outcome)
            run[outcome.spec] += 1
            waiting.extend(second_death(outcome))
        print(HEAD, tally.row(), sep="\n")
    assert [outcome.spec.line() for outcome in tally.bad] == []
    assert tally.counts["missed"] == 0
    assert set(everywhere) <= set(run)
    assert tally.counts["runs"] >= RUNS
