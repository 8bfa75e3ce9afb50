"""A company's own statuses: built from a line or a table, valid, sent through a route, and never twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree

from connector.cli import connector
from connector.cli.context import Context
from connector.model import Outcome
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.setup_tree import SECRET, Tree, plant, visible


@pytest.fixture(scope="module")
def office() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def served(office: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """A route that takes messages too, with the invoice FA1 accepted."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
        tree = plant(tmp_path_factory.mktemp("tree"), office, route={"accept": ["invoice", "lifecycle"]})
        tree.drop("FA1.xml", ubl_invoice(number="FA1"))
        serve(tree)
        assert [job.outcome for job in tree.jobs()] == [Outcome.ACCEPTED]
        yield tree


@pytest.fixture
def tree(served: Tree) -> Tree:
    """The same, with nothing of the test before in its inbox."""
    for left in visible(served.inbox):
        (served.inbox / left).unlink()
    return served


def serve(tree: Tree) -> None:
    with assembled(load(tree.config)) as assembly:
        Service(assembly, threading.Event()).run(once=True, follow_for=6.0)


def send(tree: Tree, *words: str) -> tuple[int, list[dict[str, Any]]]:
    line = ["lifecycle", "send", *words, "--config", str(tree.config), "--json"]
    done = CliRunner().invoke(connector, line, obj=Context(), standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), [json.loads(told) for told in done.stdout.splitlines()]


def table(tree: Tree, text: str) -> str:
    path = tree.folder / "encaissements.csv"
    path.write_bytes(text.encode("cp1252"))
    return str(path)


def amounts(path: Path) -> dict[str, str]:
    """VAT rate → amount received, as the message tells them."""
    root = etree.parse(path).getroot()
    found = root.iterfind(".//{*}SpecifiedDocumentCharacteristic")
    return {
        one.findtext("{*}ValuePercent") or "": one.findtext("{*}ValueAmount") or ""
        for one in found
        if one.findtext("{*}TypeCode") == "MEN"
    }


def test_a_paid_invoice_is_told_with_an_amount_for_each_rate_and_goes_once(
    tree: Tree, office: Simulator
) -> None:
    paid = ("--status", "212", "--invoice", "FA1", "--date", "2026-11-20", "--amount", "20=12,00")
    code, told = send(tree, *paid, "--amount", "5,5=3.00")
    assert code == 0
    assert told[0]["sound"] is True
    assert told[0]["amounts"] == {"20": "12.00", "5.5": "3.00"}
    assert amounts(Path(told[0]["written"])) == {"20": "12.00", "5.5": "3.00"}
    serve(tree)
    (job,) = [job for job in tree.jobs() if job.name != b"FA1.xml"]
    assert job.outcome is Outcome.ACCEPTED
    assert job.document is not None
    assert (job.document.status_code, job.document.about and job.document.about.number) == ("212", "FA1")
    code, told = send(tree, *paid, "--amount", "5,5=3.00")
    assert (code, told[0]["written"]) == (1, None)
    assert [problem["code"] for problem in told[0]["problems"]] == ["status-already-sent"]
    assert len(office.flows) == 2


def test_a_table_has_a_line_for_each_rate_and_a_message_for_each_payment(tree: Tree) -> None:
    path = table(
        tree,
        "N° facture;Date d'encaissement;Taux TVA;Montant TTC\r\n"
        "FA1;20/11/2026;20;6,00\r\nFA1;20/11/2026;10 %;4,00\r\nFA1;21/11/2026;20;2,00\r\n",
    )
    code, told = send(tree, "--status", "212", "--csv", path)
    assert code == 0
    assert [one["amounts"] for one in told if "invoice" in one] == [
        {"20": "6.00", "10": "4.00"},
        {"20": "2.00"},
    ]
    assert len(visible(tree.inbox)) == 2


def test_lines_that_say_nothing_are_named_and_nothing_goes(tree: Tree) -> None:
    path = table(tree, "facture;date;taux;montant\nFA1;hier;20;1,00\nFA1;20/11/2026;20;beaucoup\n")
    code, told = send(tree, "--status", "212", "--csv", path)
    assert code == 1
    assert told[0]["problems"] == ["csv-date", "csv-amount"]
    assert visible(tree.inbox) == []


def test_an_invoice_that_nobody_knows_keeps_only_its_own_message_from_going(tree: Tree) -> None:
    path = table(tree, "facture;date;taux;montant\nFA9;20/11/2026;20;1,00\nFA1;20/11/2026;20;1,00\n")
    code, told = send(tree, "--status", "212", "--csv", path)
    assert code == 1
    assert [(one["invoice"], one["sound"]) for one in told] == [("FA9", False), ("FA1", True)]
    assert told[0]["problems"][0]["code"] == "invoice-unknown-here"
    assert told[0]["problems"][0]["line"] == 2
    assert len(visible(tree.inbox)) == 1


def test_a_buyer_refuses_an_invoice_that_came_another_way(tree: Tree, tmp_path: Path) -> None:
    described = ("--issued", "2026-11-02", "--seller", "999123458", "--buyer", "999543218")
    code, told = send(
        tree,
        "--status", "210", "--invoice", "F-7", "--reason", "TX_TVA_ERR", *described,
        "--output", str(tmp_path / "out"),
    )  # fmt: skip
    assert code == 0
    root = etree.parse(told[0]["written"]).getroot()
    assert root.findtext(".//{*}ReasonCode") == "TX_TVA_ERR"
    assert root.findtext("{*}ExchangedDocument/{*}IssuerTradeParty/{*}RoleCode") == "BY"


def test_more_than_the_invoice_asks_for_is_a_warning(tree: Tree) -> None:
    code, told = send(tree, "--status", "212", "--invoice", "FA1", "--amount", "20=9999,00", "--dry-run")
    assert (code, told[0]["written"]) == (0, None)
    assert [problem["code"] for problem in told[0]["problems"]] == ["payment-too-large"]
    assert visible(tree.inbox) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--status", "212", "--invoice", "FA1"),
        ("--status", "210", "--invoice", "FA1"),
        ("--status", "212"),
        ("--status", "212", "--invoice", "FA1", "--amount", "vingt"),
        ("--status", "205", "--invoice", "FA1", "--seller", "999123458"),
        ("--status", "200", "--invoice", "FA1"),
        ("--status", "205", "--invoice", "FA1", "--route", "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(tree: Tree, words: tuple[str, ...]) -> None:
    line = ["lifecycle", "send", *words, "--config", str(tree.config)]
    done = CliRunner().invoke(connector, line, obj=Context())
    assert done.exit_code != 0
    assert visible(tree.inbox) == []


@pytest.mark.parametrize("status", ["204", "205", "206", "207", "208", "209", "211", "214", "220", "228"])
def test_every_status_of_a_company_makes_a_valid_message(tree: Tree, tmp_path: Path, status: str) -> None:
    reason = ("--reason", "REF_CT_ABSENT") if status in ("206", "207", "208") else ()
    code, told = send(
        tree, "--status", status, "--invoice", "FA1", *reason, "--output", str(tmp_path / "out")
    )
    assert (code, told[0]["problems"]) == (0, [])


def test_reversed_lines_are_told() -> None:
    from connector.cdar import read_statuses

    read = read_statuses(
        b"facture;date;taux;montant\nFA1;2026-11-20;20;5,00\nFA1;2026-11-20;20;-5,00\n", "212"
    )
    assert [problem.code for problem in read.problems] == ["payment-of-nothing"]
    assert read.rows[0].status.amounts[0].value == Decimal(0)
