"""The harness itself is honest: it sees what is spoiled, and a life ends where it is told to end."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.crash.place import Place, quick_folder
from tests.crash.series import PROJECT, pairs, run_series, sampled, singles
from tests.crash.spec import Outcome, Point, RunSpec
from tests.crash.tampering import TRICKS


def told_by(module: str) -> dict[str, Any]:
    """What a module prints that needs a process of its own."""
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def seen_after_tampering() -> dict[str, list[str]]:
    return told_by("tests.crash.tampering")


@pytest.mark.parametrize("what", TRICKS)
def test_the_checker_sees_when(what: str) -> None:
    rule, _ = TRICKS[what]
    found = seen_after_tampering()[what]
    assert rule in found if rule else found == []


def one(spec: RunSpec) -> Outcome:
    (outcome,) = run_series([spec], workers=1)
    return outcome


def test_a_run_without_a_death_shows_where_one_can_die() -> None:
    outcome = one(RunSpec(shape="plain", plan="accepted"))
    assert outcome.violations == ()
    (life,) = outcome.passed
    labels = {point.label for point, _ in life}
    assert {"rename work before", "copy spool half", "commit inside", "submit body", "submit after"} <= labels
    assert any(loose for _, loose in life)
    assert not all(loose for _, loose in life)


def test_a_life_ends_at_its_point_and_the_next_one_finishes() -> None:
    point = Point("submit after", 1)
    outcome = one(RunSpec(shape="plain", plan="accepted", points=(point,)))
    first, second = outcome.passed
    assert first[-1][0] == point
    assert "search before" in {passed.label for passed, _ in second}  # looked up before anything else
    assert "submit before" not in {passed.label for passed, _ in second}
    assert (outcome.violations, outcome.missed) == ((), False)


def test_a_point_that_is_not_reached_is_told() -> None:
    outcome = one(RunSpec(shape="plain", plan="accepted", points=(Point("submit before", 9),)))
    assert outcome.missed


def test_the_same_run_passes_the_same_points_again() -> None:
    spec = RunSpec(shape="invalid", plan="reset-stored", points=(Point("submit after", 1),))
    once, again = run_series([spec, spec], workers=1)
    assert once.passed == again.passed


def test_runs_that_go_on_from_one_death_pass_what_they_would_alone() -> None:
    begun = [
        RunSpec(
            shape="late-copied",
            plan="502-stored",
            points=(Point("submit after", 1),),
            mode="kill",
            eager=False,
        ),
        RunSpec(
            shape="zip",
            plan="search-503",
            points=(Point("rename outbox after", 1),),
            mode="cut",
            eager=False,
        ),
    ]
    families = [[spec for spec in pairs(seen) if not spec.eager][:6] for seen in run_series(begun, workers=1)]
    together = list(run_series([*families[0], *families[1]], workers=1, tell_all=True))
    mixed = [spec for both in zip(*families, strict=True) for spec in both]  # no two neighbours begin alike
    alone = {outcome.spec: outcome for outcome in run_series(mixed, workers=1, tell_all=True)}
    assert [alone[outcome.spec] for outcome in together] == together
    assert {len(outcome.passed) for outcome in together} == {3}


def test_a_picture_shows_what_a_process_leaves_that_dies_there() -> None:
    found = told_by("tests.crash.likeness")
    assert found["different"] == []
    assert found["points"] > 20


def test_a_tree_whose_process_was_killed_is_removed_by_the_next_one() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    parent = quick_folder() or tempfile.gettempdir()
    abandoned = Path(tempfile.mkdtemp(prefix=f"connector-crash-{ended.pid}-", dir=parent))
    mine = Place.new()
    another = Place.new()
    assert (abandoned.exists(), mine.folder.exists()) == (False, True)
    mine.remove()
    another.remove()


def test_runs_follow_from_what_was_seen() -> None:
    seen = Outcome(
        spec=RunSpec(shape="plain", plan="accepted"),
        passed=(((Point("a", 1), False), (Point("b", 1), True)),),
    )
    ones = list(singles(seen))
    assert [(spec.points, spec.mode) for spec in ones] == [
        ((("a", 1),), "kill"),
        ((("b", 1),), "kill"),
        ((("b", 1),), "cut"),
        ((("b", 1),), "torn"),
    ]
    after = Outcome(spec=ones[0], passed=(((Point("a", 1), False),), ((Point("c", 1), False),)))
    assert [spec.points for spec in pairs(after)] == [(("a", 1), ("c", 1))]
    assert sampled(ones, 2, seed=5) == sampled(ones, 2, seed=5)


def test_a_spec_and_an_outcome_survive_their_journey() -> None:
    spec = RunSpec(shape="plain", plan="422", points=(Point("a b", 2),), mode="cut", eager=False)
    assert RunSpec.read(spec.as_json()) == spec
    assert (
        spec.line() == "python -m tests.crash --shape plain --plan 422 --points 'a b#2' --mode cut --patient"
    )
    outcome = Outcome(spec=spec, missed=True, passed=(((Point("a b", 2), True),),))
    assert Outcome.read(outcome.as_json(passed=True)) == outcome
