"""What was recorded can be proved later, and what was changed behind our back is told."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.journal.chain import link
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, plant


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A route with one accepted invoice and one broken one behind it."""
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    tree = plant(tmp_path, platform)
    tree.drop("=FA1.xml", ubl_invoice(number="=FA1"))
    tree.drop("FA2.xml", b"<Invoice")
    with assembled(load(tree.config)) as assembly:
        Service(assembly, threading.Event()).run(once=True, follow_for=6.0)
    assert {job.state.value for job in tree.jobs()} == {"done"}
    return tree


def audit(tree: Tree, *words: str) -> tuple[int, dict[str, Any]]:
    line = ["audit", *words, "--config", str(tree.config), "--json"]
    done = CliRunner().invoke(connector, line, obj=Context(), standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), json.loads(done.stdout)


def archived(tree: Tree, name: str) -> Path:
    (path,) = (tree.root / "archive").rglob(f"*__{name}")
    return path


def test_an_untouched_history_is_whole_and_its_head_can_be_written_down(tree: Tree) -> None:
    code, told = audit(tree, "verify")
    assert code == 0
    assert told["whole"] is True
    assert told["originals"] == 2
    assert told["head"]["seq"] > 5
    assert len(told["head"]["hash"]) == 64


def test_an_original_that_was_changed_or_removed_is_told(tree: Tree) -> None:
    archived(tree, "FA2.xml").unlink()
    changed = archived(tree, "=FA1.xml")
    changed.write_bytes(changed.read_bytes() + b" ")
    code, told = audit(tree, "verify")
    assert code == 1
    assert {fault["code"] for fault in told["faults"]} == {"original-missing", "original-altered"}


def test_an_event_that_was_rewritten_is_told_by_its_number(tree: Tree) -> None:
    with sqlite3.connect(tree.state / "state.db") as db:
        db.execute("UPDATE event SET body = replace(body, 'FA2.xml', 'FA9.xml') WHERE seq = 2")
    db.close()
    code, told = audit(tree, "verify")
    assert code == 1
    assert told["faults"] == [{"code": "chain", "about": "2", "path": ""}]


def test_an_inspector_can_read_and_check_the_copy_without_this_program(tree: Tree, tmp_path: Path) -> None:
    dossier = tmp_path / "dossier.zip"
    code, told = audit(tree, "export", "--from", "2026-01-01", "--to", "2100-01-01", "--output", str(dossier))
    assert (code, told["documents"], told["faults"]) == (0, 2, [])
    with zipfile.ZipFile(dossier) as packed:
        lines = [line.split("  ", 1) for line in packed.read("SHA256SUMS").decode().splitlines()]
        sums = {name: digest for digest, name in lines}
        assert {*sums, "SHA256SUMS"} == set(packed.namelist())
        for name, digest in sums.items():
            assert hashlib.sha256(packed.read(name)).hexdigest() == digest
        rows = list(csv.DictReader(io.StringIO(packed.read("documents.csv").decode(), newline="")))
        events = [json.loads(line) for line in packed.read("history.jsonl").decode().splitlines()]
        assert {hashlib.sha256(packed.read(row["original"])).hexdigest() for row in rows} == {
            row["sha256"] for row in rows
        }
    assert {row["outcome"] for row in rows} == {"accepted", "unreadable"}
    assert {row["number"] for row in rows} == {"'=FA1", ""}  # no spreadsheet calculates it
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    previous = "0" * 64
    for event in events:
        parts = (event[key] for key in ("at", "job", "kind", "body"))
        previous = link(previous, event["seq"], *parts)
        assert event["hash"] == previous


def test_a_copy_tells_which_original_it_could_not_hold(tree: Tree, tmp_path: Path) -> None:
    archived(tree, "FA2.xml").unlink()
    dossier = tmp_path / "dossier.zip"
    code, told = audit(tree, "export", "--from", "2026-01-01", "--to", "2100-01-01", "--output", str(dossier))
    assert code == 1
    assert [fault["code"] for fault in told["faults"]] == ["original-missing"]
    with zipfile.ZipFile(dossier) as packed:
        rows = list(csv.DictReader(io.StringIO(packed.read("documents.csv").decode(), newline="")))
    assert sorted(row["original_state"] for row in rows) == ["missing", "sound"]


def test_a_span_in_which_nothing_happened_gives_an_empty_copy(tree: Tree, tmp_path: Path) -> None:
    dossier = tmp_path / "dossier.zip"
    code, told = audit(tree, "export", "--from", "2020-01-01", "--to", "2020-02-01", "--output", str(dossier))
    assert (code, told["documents"]) == (0, 0)


def test_nothing_that_exists_is_overwritten(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "dossier.zip").write_bytes(b"another")
    line = ["audit", "export", "--from", "2026-01-01", "--to", "2026-02-01", "--config", str(tree.config)]
    done = CliRunner().invoke(connector, [*line, "--output", str(tmp_path / "dossier.zip")], obj=Context())
    assert done.exit_code == 2
    assert (tmp_path / "dossier.zip").read_bytes() == b"another"
