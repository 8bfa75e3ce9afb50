"""Results of several files: in order, whole, and once, for an ERP that takes them away as they come."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connector.effects import Effects
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import Parts, assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, plant, visible

PROJECT = Path(__file__).parents[2]
DELIVERY: dict[str, Any] = {
    "result_formats": ["csv", "xml", "json"],
    "result_encoding": "cp1252",
    "result_layout": "flat",
    "go_marker": True,
}
WHOLE = {
    "ok/FA1.xml.ok.csv",
    "ok/FA1.xml.ok.xml",
    "ok/FA1.xml.ok.json",
    "ok/FA1.xml.ok.go",
    "erreurs/KO.xml",
    "erreurs/KO.xml.ERREUR.txt",
    "erreurs/KO.xml.err.csv",
    "erreurs/KO.xml.err.xml",
    "erreurs/KO.xml.err.json",
    "erreurs/KO.xml.err.go",
}


def dropped(tree: Tree) -> Tree:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.drop("KO.xml", broken.invoice_without_date(number="KO"))
    return tree


class Watched(Effects):
    """Real effects that remember in which order results appeared."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.appeared: list[str] = []

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if source.parent.name == ".staging":
            self.appeared.append(target.name)


def test_all_forms_of_a_result_appear_and_the_marker_last(
    tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    tree, hands = dropped(plant(tmp_path, platform, route=DELIVERY)), Watched()
    with assembled(load(tree.config), parts=Parts(effects=lambda: hands)) as assembly:
        Service(assembly, threading.Event()).run(once=True, follow_for=4.0)
    assert set(visible(tree.outbox)) == WHOLE
    for name, forms in (("FA1.xml", ".ok"), ("KO.xml", ".err")):
        order = [seen.removeprefix(name) for seen in hands.appeared if seen.startswith(name)]
        assert order[-4:] == [f"{forms}.csv", f"{forms}.xml", f"{forms}.json", f"{forms}.go"]
    [result] = csv.DictReader(
        io.StringIO((tree.outbox / "ok/FA1.xml.ok.csv").read_text("cp1252")), delimiter=";"
    )
    read = json.loads((tree.outbox / "ok/FA1.xml.ok.json").read_text("cp1252"))
    told = etree.fromstring((tree.outbox / "ok/FA1.xml.ok.xml").read_bytes())
    assert result["outcome"] == read["outcome"] == told.findtext("outcome") == "accepted"
    assert (tree.outbox / "ok/FA1.xml.ok.go").read_bytes() == b""


def taken_away(tree: Tree) -> Counter[str]:
    """What an ERP finds that waits for the marker, and takes every file of that result with it."""
    taken: Counter[str] = Counter()
    for marker in tree.outbox.rglob("*.go"):
        result = marker.name.split(".xml")[0] + ".xml"
        for path in list(marker.parent.glob(f"{result}*")):
            taken[str(path.relative_to(tree.outbox))] += 1
            path.unlink()
    return taken


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("before/publish/1", marks=pytest.mark.slow),
        "after/publish/3",
        pytest.param("before/publish/4", marks=pytest.mark.slow),
        pytest.param("after/publish/6", marks=pytest.mark.slow),
        pytest.param("after/publish/10", marks=pytest.mark.slow),
    ],
)
def test_P01_killed_between_two_files_of_a_result_each_appears_once_and_the_last_one_last(
    tmp_path: Path, platform: Simulator, moment: str
) -> None:
    tree = dropped(plant(tmp_path, platform, route=DELIVERY))
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(tree.config), moment],
        cwd=tree.folder,
        env=tree.environment(PYTHONPATH=str(PROJECT)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    taken = taken_away(tree)
    assert tree.run_once().code in (0, 1)
    taken += taken_away(tree)
    assert taken == Counter(WHOLE)
    assert visible(tree.outbox) == []
    assert len(platform.flows) == 1
