"""A worker that dies with a document in hand: that file is to blame, and only that one (P04, P05)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from connector.model import Outcome
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import Tree, assert_at_rest, plant, workers_of

ONE_WORKER = "[workers]\ncount = 1\n"


def with_workers(tree: Tree, table: str) -> None:
    tree.config.write_text(tree.config.read_text("utf-8") + table, "utf-8")


def holds(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    with contextlib.suppress(OSError):
        return any(entry.resolve() == path for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


@pytest.fixture(scope="module")
def slow_document() -> bytes:
    """Valid, and some seconds of work for a checker."""
    return ubl_invoice(number="FA-SLOW", lines=40_000)


def test_P04_a_file_that_kills_its_worker_is_tried_three_times_and_set_aside_and_the_others_go_on(
    tmp_path: Path, platform: Simulator, slow_document: bytes
) -> None:
    tree = plant(tmp_path, platform)
    with_workers(tree, ONE_WORKER)
    poison = tree.drop("FA-SLOW.xml", slow_document)
    dropped = [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(20)]
    killed: set[int] = set()
    with tree.started("run", "--once") as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            for pid in workers_of(process):
                slow = [job for job in tree.jobs() if job.sha256 == poison]
                if slow and pid not in killed and holds(pid, tree.state / "spool" / slow[0].id):
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
        assert process.wait(timeout=30) == 1
    assert len(killed) == 3
    outcomes = {job.sha256: job.outcome for job in tree.jobs()}
    assert outcomes.pop(poison) is Outcome.UNREADABLE
    assert set(outcomes.values()) == {Outcome.ACCEPTED}
    assert len(outcomes) == 20
    assert_at_rest(tree, platform, [poison, *dropped])


def test_P05_a_file_that_takes_too_long_is_set_aside_and_the_others_go_on(
    tmp_path: Path, platform: Simulator, slow_document: bytes
) -> None:
    tree = plant(tmp_path, platform)
    with_workers(tree, "[workers]\ncount = 1\ntime_limit = 0.3\n")
    poison = tree.drop("FA-SLOW.xml", slow_document)
    dropped = [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(3)]
    assert tree.run_once().code == 1
    assert tree.job("FA-SLOW.xml").outcome is Outcome.UNREADABLE
    assert [tree.job(f"FA{n}.xml").outcome for n in range(3)] == [Outcome.ACCEPTED] * 3
    assert_at_rest(tree, platform, [poison, *dropped])


def test_no_worker_outlives_the_program(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    with tree.started("run") as process:
        deadline = time.monotonic() + 20
        while not (workers := workers_of(process)):
            assert time.monotonic() < deadline
        process.kill()
        process.wait()
        while any(is_alive(pid) for pid in workers):
            assert time.monotonic() < deadline


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
