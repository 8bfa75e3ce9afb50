"""Why a file still lies in an inbox: each hindrance by itself, and all of them together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.whereabouts import Lying, reasons

FREE = Lying(
    size=10,
    depth=0,
    age=60.0,
    taken_name=True,
    readable=True,
    running=True,
    paused=False,
    quiet=5.0,
    empty_wait=600.0,
    max_depth=8,
)


@pytest.mark.parametrize(
    ("lying", "kinds"),
    [
        (FREE, ["soon"]),
        (replace(FREE, taken_name=False), ["name"]),
        (replace(FREE, depth=9), ["deep"]),
        (replace(FREE, depth=8), ["soon"]),
        (replace(FREE, readable=False), ["unreadable"]),
        (replace(FREE, paused=True), ["paused"]),
        (replace(FREE, running=False), ["not-running"]),
        (replace(FREE, age=2.0), ["settling"]),
        (replace(FREE, size=0, age=60.0), ["empty"]),
        (replace(FREE, size=0, age=601.0), ["soon"]),
        (replace(FREE, paused=True, running=False, age=1.0), ["paused", "not-running", "settling"]),
    ],
)
def test_what_keeps_a_file_from_being_taken(lying: Lying, kinds: list[str]) -> None:
    assert [reason.kind for reason in reasons(lying)] == kinds


def test_how_long_it_will_take_at_least_is_told() -> None:
    (reason,) = reasons(replace(FREE, age=2.0))
    assert reason.facts == {"seconds": "3"}
