"""`connector explain FILE` tells where a file is, and why it is still there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import Tree, plant


def explained(tree: Tree, what: str | Path) -> dict[str, Any]:
    ended = tree.run("explain", "--json", "--lang", "en", str(what))
    assert ended.code == 0, ended.err
    told: dict[str, Any] = json.loads(ended.out)
    return told


def test_a_file_is_found_from_its_inbox_to_its_archive(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.drop("FA2.xml", b"<Invoice")
    (tree.inbox / "notes.tmp").write_bytes(b"x")
    waiting = explained(tree, tree.inbox / "FA1.xml")
    assert (waiting["place"], waiting["route"]) == ("inbox", "ventes")
    assert "not-running" in waiting["reasons"]
    assert "The service is not running." in waiting["meaning"]
    assert "name" in explained(tree, tree.inbox / "notes.tmp")["reasons"]
    tree.run_once(follow_for=6.0)
    by_name = explained(tree, "FA1.xml")
    assert (by_name["outcome"], by_name["place"]) == ("accepted", "done")
    (archived,) = (tree.root / "archive").rglob("*__FA1.xml")
    assert explained(tree, archived)["job"] == by_name["job"]
    (notice,) = (tree.outbox / "erreurs").glob("FA2.xml.ERREUR.txt")
    refused = explained(tree, notice)
    assert refused["outcome"] == "unreadable"
    assert "FA2.xml.ERREUR.txt" in refused["meaning"]


def test_a_file_that_nobody_knows_is_no_code_either(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    ended = tree.run("explain", "never-seen.xml")
    assert ended.code == 2
    assert "never-seen.xml" in ended.err
