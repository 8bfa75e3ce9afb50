"""P01: the program killed between two steps of taking in what a platform has. Nothing lost, nothing twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from connector.journal import JournalView
from connector.samples.cdar import lifecycle_message
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import Tree, assert_at_rest, plant, visible
from tests.system.test_bundles_killed import killed

MOMENTS = [
    "before/page/1",
    "after/page/1",
    "before/fetched/1",
    "after/fetched/1",
    "before/sorted/1",
    "after/sorted/1",
    "before/ready/1",
    "after/ready/1",
    "before/show/1",
    "after/show/1",
    "after/show/2",
    "after/show/3",
    "before/published/1",
    "after/published/1",
]
CHEAP = {"before/sorted/1", "after/show/3"}  # the others take minutes together
CODES = ("203", "205")


def sent(tree: Tree, platform: Simulator) -> str:
    """An invoice that was dropped, sent and accepted; its SHA-256."""
    dropped = tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert tree.run_once().code == 0
    for code in CODES:
        content = lifecycle_message(status_code=code, invoice="FA1", number=f"CDV-{code}")
        platform.bring(content, "CustomerInvoiceLC", name=f"CDV_{code}.xml")
    return dropped


@pytest.mark.parametrize(
    "moment",
    [moment if moment in CHEAP else pytest.param(moment, marks=pytest.mark.slow) for moment in MOMENTS],
)
def test_every_status_is_laid_down_once_whenever_the_program_is_killed(
    tmp_path: Path, platform: Simulator, moment: str
) -> None:
    tree = plant(tmp_path, platform, account={"status_seconds": 0.2})
    dropped = sent(tree, platform)
    killed(tree, moment)
    seen = {path: path.read_bytes() for path in (tree.outbox / "statuts").rglob("*") if path.is_file()}
    assert tree.run_once().code == 0
    told = tree.received()
    assert Counter(each["status"]["code"] for each in told) == Counter(CODES)
    assert sorted(each["n"] for each in told) == [1, 2]
    beside = list((tree.outbox / "statuts").rglob("*.xml"))
    digests = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in beside)
    assert digests == Counter(each["file"]["sha256"] for each in told)
    assert len(visible(tree.outbox / "statuts")) == 2 * len(CODES)
    assert all(path.read_bytes() == content for path, content in seen.items())  # what was seen stays so
    with closing(JournalView(tree.state / "state.db")) as view:
        assert len(view.statuses([tree.job("FA1.xml").id])) == len(CODES)
    assert_at_rest(tree, platform, [dropped])
