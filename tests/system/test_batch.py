"""A batch of 200 files and the program ended in the middle of it: nothing lost, nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from connector.model import Outcome, State
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import until
from tests.setup_tree import Tree, assert_at_rest, plant, workers_of

FILES = 200
CALM = {"max_in_flight": 4, "max_per_second": 200.0}  # so that the middle of the batch is there to be hit


@pytest.fixture
def platform() -> Iterator[Simulator]:
    with Simulator({"rule": [{"on": "submit", "do": "delay", "seconds": 0.01}]}) as running:
        yield running


def drop_all(tree: Tree) -> list[str]:
    return [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(FILES)]


def results_seen(tree: Tree) -> int:
    return sum(1 for _ in tree.outbox.glob("ok/*/*.json"))


def claimed(tree: Tree) -> int:
    return sum(1 for _ in (tree.root / ".work").glob("*.xml"))


def wait_for(process: subprocess.Popen[str], tree: Tree, platform: Simulator, what: str, count: int) -> None:
    """Until so much of this has happened, or the program ended of itself."""
    counts: dict[str, Callable[[], int]] = {
        "claims": partial(claimed, tree),
        "flows": lambda: len(platform.flows),
        "results": partial(results_seen, tree),
    }
    until(lambda: counts[what]() >= count or process.poll() is not None, 40)
    assert process.poll() is None, "it ended before it could be hit"


def finish(tree: Tree, platform: Simulator, dropped: list[str]) -> None:
    """A run that finishes the batch, and what must be true then."""
    done = tree.run_once(follow_for=10.0)
    assert done.code == 0, done.err[-600:]
    assert len(platform.flows) == FILES
    assert results_seen(tree) == FILES
    assert [job.outcome for job in tree.jobs() if job.state is not State.VOID] == [Outcome.ACCEPTED] * FILES
    assert_at_rest(tree, platform, dropped)


@pytest.mark.parametrize(
    ("what", "count"),
    [("claims", 1), ("claims", 150), ("flows", 1), ("flows", 60), ("flows", 199), ("results", 120)],
)
def test_P01_killed_in_the_middle_the_next_run_finishes_each_file_once(
    tmp_path: Path, platform: Simulator, what: str, count: int
) -> None:
    tree = plant(tmp_path, platform, account=CALM)
    dropped = drop_all(tree)
    with tree.started("run") as process:
        wait_for(process, tree, platform, what, count)
        process.kill()
    finish(tree, platform, dropped)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_P03_killed_again_and_again_at_any_moment_each_file_is_finished_once(
    tmp_path: Path, platform: Simulator, seed: int
) -> None:
    chance = random.Random(seed)
    tree = plant(tmp_path, platform, account=CALM)
    dropped = drop_all(tree)
    for _ in range(4):
        with tree.started("run") as process:
            wait_for(
                process, tree, platform, "flows", min(len(platform.flows) + chance.randrange(1, 40), 190)
            )
            process.kill()
    finish(tree, platform, dropped)


def test_P04_files_that_only_waited_when_the_program_was_killed_are_not_to_blame(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, account=CALM)
    dropped = drop_all(tree)
    for _ in range(3):
        with tree.started("run") as process:
            until(partial(workers_of, process), 20)  # the batch has just been handed to the checkers
            process.kill()
    finish(tree, platform, dropped)


@pytest.mark.parametrize("flows", [1, 80])
def test_P10_told_to_stop_in_the_middle_it_ends_in_good_order_and_the_next_run_finishes(
    tmp_path: Path, platform: Simulator, flows: int
) -> None:
    tree = plant(tmp_path, platform, account=CALM)
    dropped = drop_all(tree)
    with tree.started("run") as process:
        wait_for(process, tree, platform, "flows", flows)
        assert tree.end(process) == 0
    assert not any(job.state in (State.SENDING, State.UNKNOWN) for job in tree.jobs())  # answers were written
    finish(tree, platform, dropped)


def test_an_interrupted_batch_says_so_and_the_next_one_finishes(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, account=CALM)
    dropped = drop_all(tree)
    with tree.started("run", "--once") as process:
        wait_for(process, tree, platform, "flows", 50)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=40) == 130
    finish(tree, platform, dropped)
