"""What the pages for operators and integrators list is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from connector.controls import CANCEL, TREATED
from connector.inbox.ignore import PATTERNS
from connector.messages import Messages
from connector.model import Outcome
from connector.mounts import quiet_seconds
from connector.outbox.board import NAMES
from connector.outbox.scribe import FOLDERS
from tests.unit.outbox_situations import INVOICE

DOCS = Path(__file__).parents[2] / "docs"
OPERATORS = (DOCS / "exploitation.md").read_text("utf-8")
INTEGRATORS = (DOCS / "integration.md").read_text("utf-8")
WITH_A_TEXT = set(Outcome) - {Outcome.ACCEPTED, Outcome.ANSWERED, Outcome.DUPLICATE}


def test_the_titles_that_operators_look_up_are_those_of_the_texts() -> None:
    table = OPERATORS.split("| titre |")[1].split("\n\n")[0]
    shown = re.findall(r"^\| ([A-ZÉ ]+) \|", table, re.MULTILINE)
    messages = Messages("fr")
    titles = {messages.text(f"outcome.{one}.title", **messages.words(INVOICE)) for one in WITH_A_TEXT}
    assert set(shown) == titles


def test_the_names_that_operators_use_are_those_that_are_heeded() -> None:
    folders = FOLDERS["fr"]
    for name in (
        NAMES["fr"],
        f"outbox/{folders.errors}",
        f"outbox/{folders.ok}",
        f"outbox/{folders.duplicates}",
        f"outbox/{folders.errors}/{TREATED['fr']}",
        f"FA1.xml{CANCEL['fr']}",
        f"FA1.xml{folders.notice}",
    ):
        assert f"`{name}`" in OPERATORS, name


def test_the_names_that_are_never_taken_are_all_listed() -> None:
    listed = INTEGRATORS.split("```text\n")[1].split("```")[0].split()
    assert sorted(listed) == sorted(PATTERNS)


def test_how_long_a_file_has_to_rest_is_what_the_page_says() -> None:
    local, smb, nfs = (f"{quiet_seconds(kind):.0f}" for kind in ("ext4", "cifs", "nfs4"))
    assert f"({local} on a local disk, {smb} on SMB, {nfs} on NFS)" in INTEGRATORS
