"""What comes from the platform: statuses and suppliers' invoices, each delivered once, one bad one alone."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.incoming import Matter
from connector.journal import JournalView
from connector.model import Outcome
from connector.samples.cdar import lifecycle_message
from connector.samples.facturx import facturx_invoice
from connector.samples.parties import SELLER
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.simulator.flows import Flow
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant, visible

SALES = "CustomerInvoiceLC"
OTHER = "552100554"
SEPTEMBER = datetime(2026, 9, 3, 9, 15, 0)  # noqa: DTZ001 - messages name no time zone
STATUSES = ["200", "201", "203", "205", "212"]


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def planted(folder: Path, platform: Simulator, **more: Any) -> Tree:
    return plant(folder, platform, **{"account": {"status_seconds": 0.2}} | more)


def serve(tree: Tree, follow_for: float = 2.0) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def sent(tree: Tree, platform: Simulator, number: str = "FA1") -> Flow:
    """An invoice that was dropped, sent and accepted; its flow."""
    tree.drop(f"{number}.xml", ubl_invoice(number=number))
    assert serve(tree).exit_code == 0
    return next(flow for flow in platform.flows if flow.info.name.startswith(f"{number}__"))


def bring(
    platform: Simulator,
    code: str,
    invoice: str = "FA1",
    reason: str | None = None,
    issued_at: datetime = SEPTEMBER,
    **flow: Any,
) -> Flow:
    paid = [("1200.00", "20.00")] if code == "212" else []
    content = lifecycle_message(
        status_code=code, invoice=invoice, reason_code=reason, paid=paid, issued_at=issued_at
    )
    return brought(platform, content, SALES, **{"name": f"CDV_{code}.xml"} | flow)


def brought(platform: Simulator, content: bytes, flow_type: str, **flow: Any) -> Flow:
    """A flow that the platform has for us, listed behind all that it had before."""
    had = platform.bring(content, flow_type, **flow)
    until(lambda: time.time() * 1000 > had.updated + 1)
    return had


def statuses(tree: Tree) -> list[tuple[str, int, str]]:
    """(code, number, effect) of every status file, in the order of coming."""
    told = [each for each in tree.received() if each["type"] == "status"]
    return [
        (each["status"]["code"], each["n"], each["effect"]) for each in sorted(told, key=lambda x: x["n"])
    ]


def test_statuses_of_an_invoice_are_laid_beside_its_result_numbered_and_once(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    for code in STATUSES:
        bring(platform, code, tracking_id=flow.flow_id)
    assert serve(tree).exit_code == 0
    assert statuses(tree) == [(code, n, "current") for n, code in enumerate(STATUSES, start=1)]
    names = visible(tree.outbox / "statuts")
    assert [name.partition("/")[2] for name in names] == sorted(
        f"FA1_CDV_{code}_{n:03}{suffix}"
        for n, code in enumerate(STATUSES, start=1)
        for suffix in (".json", ".xml")
    )
    assert serve(tree).exit_code == 0  # the platform lists them again: pages overlap
    assert len(tree.received()) == len(STATUSES)
    assert_at_rest(tree, platform, [flow.sha256])


@pytest.mark.parametrize("named_by", ["flow", "tracking", "number"])
def test_a_status_finds_its_invoice_by_flow_by_our_key_or_by_seller_year_and_number(
    tmp_path: Path, platform: Simulator, named_by: str
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    ids = {"flow": flow.flow_id, "tracking": flow.info.tracking_id, "number": None}
    bring(platform, "205", tracking_id=ids[named_by])
    assert serve(tree).exit_code == 0
    (told,) = tree.received()
    assert told["job"]["id"] == tree.job("FA1.xml").id
    assert told["document"]["number"] == "FA1"
    assert told["current_status"]["label"] == "Approuvée"
    message = told["message"].replace("\u00a0", " ")
    assert message == "La facture FA1 est maintenant au statut « Approuvée » (205)."


def test_repeated_late_and_unknown_statuses_are_kept_and_shown_and_change_nothing(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    bring(platform, "205", tracking_id=flow.flow_id)
    bring(platform, "205", tracking_id=flow.flow_id)
    bring(platform, "204", tracking_id=flow.flow_id, issued_at=SEPTEMBER - timedelta(days=1))
    bring(platform, "601", tracking_id=flow.flow_id)
    bring(platform, "ZZ9", tracking_id=flow.flow_id)
    assert serve(tree).exit_code == 0
    kept = ["205", "204", "601", "ZZ9"]
    assert statuses(tree) == [("205", 1, "current"), *((code, n, "kept") for n, code in enumerate(kept, 2))]
    assert {told["current_status"]["code"] for told in tree.received()} == {"205"}


def test_nothing_overturns_a_refusal(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    for code, reason in (("210", "TX_TVA_ERR"), ("205", None), ("213", "CALCUL_ERR")):
        bring(platform, code, tracking_id=flow.flow_id, reason=reason)
    assert serve(tree).exit_code == 0
    assert statuses(tree) == [("210", 1, "current"), ("205", 2, "after-end"), ("213", 3, "after-end")]
    refusal = next(told for told in tree.received() if told["n"] == 1)
    (reason,) = refusal["status"]["reasons"]
    assert reason["code"] == "TX_TVA_ERR"
    assert reason["message"]
    assert tree.job("FA1.xml").outcome is Outcome.ACCEPTED  # the one terminal result stays what it was


def test_a_late_rejection_as_a_duplicate_never_overturns_an_accepted_invoice(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    bring(platform, "204", tracking_id=flow.flow_id)
    bring(platform, "213", reason="DOUBLON", tracking_id="somebody-else's-flow")
    bring(platform, "205")
    assert serve(tree).exit_code == 0
    assert statuses(tree) == [("204", 1, "current"), ("213", 2, "first-stands"), ("205", 3, "current")]
    rejection = next(told for told in tree.received() if told["n"] == 2)
    assert rejection["current_status"]["code"] == "204"
    assert "Le premier envoi reste valable" in rejection["message"]
    assert "The first one stands" in rejection["message_en"]


def test_what_was_paid_is_told_rate_by_rate(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform)
    sent(tree, platform)
    bring(platform, "212")
    assert serve(tree).exit_code == 0
    (told,) = tree.received()
    assert told["status"]["amounts"] == [
        {"kind": "MEN", "amount": "1200.00", "currency": "EUR", "vat_rate": "20.00"}
    ]
    beside = next(tree.outbox.glob("statuts/*/FA1_CDV_212_001.xml"))
    assert told["file"]["sha256"] == hashlib.sha256(beside.read_bytes()).hexdigest()


def test_the_command_line_tells_what_came(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    bring(platform, "207", reason="QTE_ERR", tracking_id=flow.flow_id)
    purchase(platform, "ACHAT-1.xml", ubl_invoice(number="ACHAT-1"))
    assert serve(tree).exit_code == 0
    job = tree.job("FA1.xml").id
    shown = tree.run("show", job)
    assert "001 207 En litige  2026-09-03T09:15:00  QTE_ERR  [current]" in shown.out
    (record,) = tree.run("show", job, "--json").lines
    assert [(each["code"], each["reasons"]) for each in record["statuses"]] == [("207", ["QTE_ERR"])]
    assert record["statuses"][0]["results"][-1].endswith("FA1_CDV_207_001.json")
    assert [event["code"] for event in record["history"] if event["kind"] == "status"] == ["207"]
    (listed,) = tree.run("ls", "--json").lines
    assert (listed["statuses"], listed["current_status"]) == (1, "207")
    assert "En litige (207)" in " ".join(tree.run("ls").out.split())
    (state,) = tree.run("status", "--json").lines
    assert state["routes"][0]["received_24h"] == {"status": 1}
    assert state["left_at_platform"] == {"pa": 1}
    told = tree.run("status").out
    assert "route ventes\u00a0: 1 statut." in told
    assert "1 document à la plateforme, qu'aucune route ne reçoit" in told


# --------------------------------------------------------------------------- of others, and from others
def purchase(platform: Simulator, name: str, content: bytes, syntax: str = "UBL", **flow: Any) -> Flow:
    return brought(platform, content, "SupplierInvoice", name=name, syntax=syntax, **flow)


RECEIVING = {"more_routes": {"achats": {"receive": True}}}


def test_a_status_of_an_invoice_that_was_not_sent_here_goes_to_the_receiving_route(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform, **RECEIVING)
    bring(platform, "205", invoice="FA-AILLEURS-9")
    bring(platform, "212", invoice="FA-AILLEURS-9")
    assert serve(tree).exit_code == 0
    told, _ = tree.told("achats")
    assert (told["effect"], told["job"], told["document"]["number"]) == ("unmatched", None, "FA-AILLEURS-9")
    names = visible(tmp_path / "achats" / "outbox" / "statuts")
    assert [name.partition("/")[2] for name in names] == [
        "FA-AILLEURS-9_CDV_205_001.json",
        "FA-AILLEURS-9_CDV_205_001.xml",
        "FA-AILLEURS-9_CDV_212_002.json",
        "FA-AILLEURS-9_CDV_212_002.xml",
    ]


def test_suppliers_invoices_are_laid_down_as_they_came_with_a_description(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform, **RECEIVING)
    ubl, pdf = ubl_invoice(number="ACHAT-1"), facturx_invoice(number="ACHAT-2")
    purchase(platform, "../../étrange nom.xml", ubl)
    purchase(platform, "ACHAT-2", pdf, "Factur-X")
    purchase(platform, "pas-une-facture.xml", b"<oops/>")
    assert serve(tree).exit_code == 0
    folder = next((tmp_path / "achats" / "outbox" / "recus").iterdir())
    assert (folder / "etrange_nom.xml").read_bytes() == ubl
    assert (folder / "ACHAT-2.pdf").read_bytes() == pdf
    assert (folder / "pas-une-facture.xml").read_bytes() == b"<oops/>"
    told = {each["platform"]["name"]: each for each in tree.told("achats")}
    assert told["ACHAT-2"]["document"]["number"] == "ACHAT-2"
    assert told["ACHAT-2"]["document"]["syntax"] == "Factur-X"
    strange = told["pas-une-facture.xml"]
    assert strange["document"] is None
    assert [problem["code"] for problem in strange["problems"]] == ["kind-unknown"]
    assert visible(tree.state / "spool") == []


def test_each_company_behind_one_connection_has_its_own_place_and_english_folders_if_asked(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.switch(organization_header=True)
    account = {"kind": "concentrator", "organizations": [SELLER, OTHER], "status_seconds": 0.2}
    tree = planted(
        tmp_path,
        platform,
        account=account | {"organization_header": "Organization-Id"},
        route={"receive": True},
        more_routes={"b": {"receive": True, "receive_for": [OTHER], "folder_language": "en"}},
    )
    purchase(platform, "A.xml", ubl_invoice(number="A"), company=SELLER)
    purchase(platform, "B.xml", ubl_invoice(number="B"), company=OTHER)
    bring(platform, "205", invoice="C", company=OTHER)
    assert serve(tree).exit_code == 0
    assert [told["document"]["number"] for told in tree.told()] == ["A"]
    names = [name.split("/", 2) for name in visible(tmp_path / "b" / "outbox")]
    assert sorted({(folder, name) for folder, _, name in names}) == [
        ("received", "B.xml"),
        ("received", "B.xml.json"),
        ("statuses", "C_CDV_205_001.json"),
        ("statuses", "C_CDV_205_001.xml"),
    ]


def test_a_file_of_somebody_else_under_the_same_name_is_never_overwritten(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    day = next((tree.outbox / "ok").iterdir()).name
    foreign = tree.outbox / "statuts" / day / "FA1_CDV_205_001.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{"type": "status"}', "utf-8")
    bring(platform, "205", tracking_id=flow.flow_id)
    assert serve(tree).exit_code == 0
    assert foreign.read_text("utf-8") == '{"type": "status"}'
    names = sorted(path.name for path in foreign.parent.iterdir() if path != foreign)
    assert len(names) == 2
    assert all(name.startswith("FA1_CDV_205_001~") for name in names)


def test_two_documents_of_one_name_lie_side_by_side(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform, **RECEIVING)
    for number in ("A", "B"):
        purchase(platform, "facture.xml", ubl_invoice(number=number))
    assert serve(tree).exit_code == 0
    (folder,) = (tmp_path / "achats" / "outbox" / "recus").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        f"facture{twice}.xml{suffix}" for twice in ("", "~2") for suffix in ("", ".json")
    }


def test_without_a_receiving_route_suppliers_invoices_wait_at_the_platform_and_are_counted(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    sent(tree, platform)
    purchase(platform, "ACHAT-1.xml", ubl_invoice(number="ACHAT-1"))
    asked = platform.asked("flow")
    assert serve(tree).exit_code == 0
    assert platform.asked("flow") == asked
    assert tree.received() == []
    with contextlib.closing(JournalView(tree.state / "state.db")) as view:
        assert view.left_at_platform({"pa": tuple(Matter)}) == {"pa": 1}
    late = planted(tmp_path, platform, **RECEIVING)  # the same state, with a route for them from now on
    assert serve(late).exit_code == 0
    assert [told["document"]["number"] for told in late.told("achats")] == ["ACHAT-1"]


# --------------------------------------------------------------------------- trouble
def test_one_flow_that_cannot_be_fetched_blocks_no_other(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    platform.faults({"on": "flow", "do": "status", "code": 404, "match": {"nth": 1}})
    for code in ("200", "205"):
        bring(platform, code, tracking_id=flow.flow_id)
    assert serve(tree, follow_for=5.0).exit_code == 0
    assert sorted(code for code, _, _ in statuses(tree)) == ["200", "205"]


def test_what_was_listed_is_taken_in_while_the_platform_cannot_be_polled(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    bring(platform, "205", tracking_id=flow.flow_id)
    platform.faults(
        {"on": "flow", "do": "status", "code": 404, "match": {"nth": 1}},
        {"on": "search", "do": "status", "code": 503, "match": {"after": 1}},
    )
    serve(tree, follow_for=8.0)
    assert statuses(tree) == [("205", 1, "current")]


def test_a_running_connector_takes_in_what_comes_while_nothing_is_sent(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    stop = threading.Event()
    with assembled(load(tree.config)) as assembly:
        running = threading.Thread(target=Service(assembly, stop).run)
        running.start()
        try:
            for n, code in enumerate(("203", "205"), start=1):
                bring(platform, code, tracking_id=flow.flow_id)
                wanted = 2 * n
                until(lambda: len(visible(tree.outbox / "statuts")) == wanted, seconds=60.0)  # noqa: B023
        finally:
            stop.set()
            running.join()
    assert statuses(tree) == [("203", 1, "current"), ("205", 2, "current")]


def test_a_flow_that_is_never_given_is_told_of_and_the_others_go_on(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform, more_routes={"achats": {"receive": True, "max_size": 20_000}})
    huge = ubl_invoice(number="ACHAT-1") + b" " * 30_000
    purchase(platform, "ACHAT-1.xml", huge)
    purchase(platform, "ACHAT-2.xml", ubl_invoice(number="ACHAT-2"))
    assert serve(tree).exit_code == 0
    told = {each["platform"]["name"]: each for each in tree.told("achats")}
    assert [problem["code"] for problem in told["ACHAT-1.xml"]["problems"]] == ["incoming-too-large"]
    assert told["ACHAT-1.xml"]["file"] is None
    assert told["ACHAT-2.xml"]["document"]["number"] == "ACHAT-2"


HOSTILE = {
    "doctype": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "bytes": bytes(range(256)) * 8,
    "cut": lifecycle_message()[:700],
    "empty of sense": b"<CrossDomainAcknowledgementAndResponse/>",
}


def test_hostile_messages_are_laid_down_unread_and_stop_nothing(tmp_path: Path, platform: Simulator) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    for name, content in HOSTILE.items():
        brought(platform, content, SALES, name=f"{name}.xml")
    bring(platform, "205", tracking_id=flow.flow_id)
    assert serve(tree).exit_code == 0
    whole = [told for told in tree.received() if told["type"] == "received"]
    expected = {hashlib.sha256(content).hexdigest() for content in HOSTILE.values()}
    assert {told["file"]["sha256"] for told in whole} == expected
    assert all(told["problems"] for told in whole)
    assert statuses(tree) == [("205", 1, "current")]


def test_a_status_that_asks_for_something_has_a_text_in_the_folder_of_errors_and_no_other_has(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = planted(tmp_path, platform)
    flow = sent(tree, platform)
    bring(platform, "205", tracking_id=flow.flow_id)
    bring(platform, "207", reason="TX_TVA_ERR", tracking_id=flow.flow_id)
    bring(platform, "207", reason="TX_TVA_ERR", tracking_id=flow.flow_id)  # said again: no news
    bring(platform, "210", reason="TX_TVA_ERR", tracking_id=flow.flow_id)
    assert serve(tree).exit_code == 0
    texts = sorted(path.name for path in (tree.outbox / "erreurs").iterdir())
    assert texts == ["FA1_CDV_207_002.ERREUR.txt", "FA1_CDV_210_004.ERREUR.txt"]
    refused = (tree.outbox / "erreurs" / texts[1]).read_bytes().decode("utf-8-sig")
    assert refused.splitlines()[0].startswith("FACTURE FA1\u00a0: REFUSÉE PAR LE CLIENT")
    assert "numéro" in refused
