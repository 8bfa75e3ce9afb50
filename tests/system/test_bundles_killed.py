"""P01: the program killed at any moment of taking an archive apart. The next run finishes what was begun."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector.model import Outcome
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.archives import tar_of, zip_of
from tests.platform import platform as platform
from tests.setup_tree import Tree, assert_at_rest, plant

PROJECT = Path(__file__).parents[2]
CONTENTS = {
    "FA1.xml": ubl_invoice(number="FA1"),
    "FA2.xml": ubl_invoice(number="FA2"),
    "KO.xml": broken.invoice_without_date(number="KO"),
    "../FA4.xml": b"<a/>",
}


def killed(tree: Tree, moment: str) -> None:
    """Run until that moment."""
    environment = tree.environment(PYTHONPATH=str(PROJECT))
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(tree.config), moment],
        cwd=tree.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    tree.said.extend((done.stdout, done.stderr))
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("before/write/1", marks=pytest.mark.slow),
        "half/write/1",
        "after/write/3",
        pytest.param("half/write/3", marks=pytest.mark.slow),
        "before/sync/2",
        pytest.param("before/directory/1", marks=pytest.mark.slow),
        pytest.param("after/directory/1", marks=pytest.mark.slow),
        "before/unpacked/1",
        "after/unpacked/1",
        pytest.param("before/concluded/1", marks=pytest.mark.slow),
        "after/concluded/1",
    ],
)
def test_P01_killed_while_an_archive_is_taken_apart_nothing_is_lost_and_nothing_goes_twice(
    tmp_path: Path, platform: Simulator, moment: str
) -> None:
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("lot.zip", zip_of(CONTENTS))]
    killed(tree, moment)
    assert tree.run_once().code in (0, 1)
    assert_at_rest(tree, platform, dropped)
    assert [(job.member, job.outcome) for job in tree.jobs()] == [
        (None, Outcome.REJECTED_BEFORE_SENDING),
        ("FA1.xml", Outcome.ACCEPTED),
        ("FA2.xml", Outcome.ACCEPTED),
        ("KO.xml", Outcome.REJECTED_BEFORE_SENDING),
        ("../FA4.xml", Outcome.UNREADABLE),
    ]


@pytest.mark.parametrize(
    ("moment", "sound"),
    [
        ("before/gathered/1", True),
        pytest.param("after/gathered/1", True, marks=pytest.mark.slow),
        pytest.param("before/gathered/1", False, marks=pytest.mark.slow),
        ("after/gathered/1", False),
    ],
)
def test_P01_killed_while_all_or_none_is_decided_it_is_all_or_none(
    tmp_path: Path, platform: Simulator, moment: str, sound: bool
) -> None:
    tree = plant(tmp_path, platform, route={"bundle": "all"})
    names = ("FA1.xml", "FA2.xml") if sound else ("FA1.xml", "FA2.xml", "KO.xml")
    dropped = [tree.drop("lot.tar.gz", tar_of({name: CONTENTS[name] for name in names}))]
    killed(tree, moment)
    assert tree.run_once().code in (0, 1)
    assert_at_rest(tree, platform, dropped)
    assert len(platform.flows) == (2 if sound else 0)


def test_P03_killed_again_and_again_an_archive_is_still_told_once(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("lot.zip", zip_of(CONTENTS))]
    for moment in ("half/write/2", "before/unpacked/1", "after/unpacked/1"):
        killed(tree, moment)
    assert tree.run_once().code in (0, 1)
    assert_at_rest(tree, platform, dropped)
    assert len(platform.flows) == 2


def test_a_copy_that_no_bundle_stands_for_any_more_is_swept_away_at_the_next_start(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("lot.zip", zip_of(CONTENTS))]
    assert tree.run_once().code == 1
    bundle = tree.job("lot.zip")
    (tree.state / "spool" / f"{bundle.id}-00009").write_bytes(b"left over")
    tree.run_once()
    assert_at_rest(tree, platform, dropped)
