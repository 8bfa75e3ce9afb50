"""Bytes that arrive after the claim, while the file system is in trouble as well."""

from __future__ import annotations

import errno
import hashlib
import threading
from pathlib import Path

import pytest

from connector.effects import Effects
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import Parts, assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, assert_at_rest, plant


class _FullAtFirst(Effects):
    """Hands that find no room for a new name in work/ the first time."""

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work, self.refused = work, 0

    def rename(self, source: Path, target: Path) -> None:
        if source.parent == target.parent == self.work and not self.refused:
            self.refused += 1
            raise OSError(errno.ENOSPC, "no room left for a new name")
        super().rename(source, target)


def test_A05_late_bytes_that_cannot_be_parted_yet_are_never_archived_as_the_original(
    tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    platform.switch(ack_delay=1e7)
    tree = plant(tmp_path, platform)
    first = ubl_invoice(number="FA1")
    dropped = [tree.drop("FA1.xml", first)]
    while not platform.flows:  # on a busy machine one short run may not get so far
        assert tree.run_once(follow_for=0.5).code == 3
    (claimed,) = (tree.root / ".work").glob("*.xml")
    with claimed.open("ab") as late:
        late.write(b"<!-- late -->")
    dropped.append(hashlib.sha256(first + b"<!-- late -->").hexdigest())
    platform.acknowledge(platform.flows[0].flow_id, "Ok")
    hands = _FullAtFirst(claimed.parent)
    with assembled(load(tree.config), parts=Parts(effects=lambda: hands)) as assembly:
        Service(assembly, threading.Event()).run(once=True, follow_for=8.0)
    assert hands.refused == 1
    assert sorted(str(job.outcome) for job in tree.jobs()) == ["accepted", "held"]
    assert_at_rest(tree, platform, dropped)
