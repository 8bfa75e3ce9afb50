"""What a start makes of files in work/ whose job is over already."""

from __future__ import annotations

import hashlib
from pathlib import Path

from connector.model import Outcome, State
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import Tree, assert_at_rest, plant


def finished(tmp_path: Path, platform: Simulator) -> tuple[Tree, Path, list[str]]:
    """A tree with one invoice done; where its claimed file was; what was dropped."""
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    assert tree.run_once().code == 0
    (job,) = tree.jobs()
    assert job.state is State.DONE
    return tree, tree.root / ".work" / f"{job.id}__FA1.xml", dropped


def test_S16_an_original_that_was_archived_by_a_copy_is_removed_at_the_next_start(
    tmp_path: Path, platform: Simulator
) -> None:
    tree, claimed, dropped = finished(tmp_path, platform)
    claimed.write_bytes(ubl_invoice(number="FA1"))
    assert tree.run_once().code == 0
    assert not claimed.exists()
    assert_at_rest(tree, platform, dropped)


def test_A05_bytes_that_came_after_the_end_of_a_job_are_a_job_of_their_own(
    tmp_path: Path, platform: Simulator
) -> None:
    tree, claimed, dropped = finished(tmp_path, platform)
    other = ubl_invoice(number="FA2")
    claimed.write_bytes(other)
    assert tree.run_once().code == 0
    assert [job.outcome for job in tree.jobs()] == [Outcome.ACCEPTED] * 2
    assert_at_rest(tree, platform, [*dropped, hashlib.sha256(other).hexdigest()])
