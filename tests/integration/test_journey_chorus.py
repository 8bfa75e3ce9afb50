"""The journey through Chorus Pro: what is its own. Its troubles are in the table of `test_gateway_table`."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connector.model import Outcome, State
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, assert_traceable, plant, visible

FILES = 3
ON_SUBMIT = {"on": "submit"}


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch, platform: Simulator) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", platform.technical_password)


def plant_chorus(folder: Path, platform: Simulator, **account: Any) -> Tree:
    own = {
        "gateway": "chorus-pro",
        "base_url": platform.chorus_url,
        "technical_account": platform.technical_account,
        "max_per_second": 200.0,
        "ask_after": 0.1,
        "timeouts": {"read": 0.7, "total": 1.5},
    }
    return plant(folder, platform, account=own | account)


def serve(tree: Tree, follow_for: float = 4.0) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def drop_some(tree: Tree) -> list[str]:
    return [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(FILES)]


def outcomes(tree: Tree) -> list[str]:
    return sorted(str(job.outcome) for job in tree.jobs())


def assert_kept_once(tree: Tree, platform: Simulator, dropped: list[str]) -> None:
    """No file lost, none integrated twice, one result for each, no secret anywhere."""
    jobs = tree.jobs()
    held = Counter(job.sha256 for job in jobs if job.state is State.HELD)
    assert Counter(dropped) == tree.archived() + held
    integrated = Counter(flow.sha256 for flow in platform.chorus_flows if flow.state == "IN_INTEGRE")
    assert max(integrated.values(), default=0) <= 1
    accepted = {job.sha256: job.flow_id for job in jobs if job.outcome is Outcome.ACCEPTED}
    numbers = {flow.number: flow.sha256 for flow in platform.chorus_flows}
    assert all(numbers[flow_id or ""] == sha256 for sha256, flow_id in accepted.items())
    assert Counter(result["id"] for result in tree.results()) == Counter(job.id for job in jobs)
    assert visible(tree.inbox) == []
    assert_traceable(tree)
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    for secret in (platform.technical_password.encode(), base64.b64encode(pair)):
        assert all(secret not in path.read_bytes() for path in tree.folder.rglob("*") if path.is_file())


def test_invoices_and_credit_notes_are_deposited_and_accepted_once_integrated(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_chorus(tmp_path, platform)
    platform.switch(ack_delay=0.3, unknown_polls=1)
    dropped = [*drop_some(tree), tree.drop("AV1.xml", ubl_credit_note(number="AV1"))]
    assert serve(tree).exit_code == 0
    assert outcomes(tree) == ["accepted"] * (FILES + 1)
    assert {flow.syntax for flow in platform.chorus_flows} == {"IN_DP_E1_UBL_INVOICE"}
    assert len(platform.chorus_flows) == FILES + 1
    assert_kept_once(tree, platform, dropped)


def test_H08_the_words_of_a_rejection_are_in_the_result(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_chorus(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    words = "Le code service est obligatoire pour ce destinataire"
    platform.faults(ON_SUBMIT | {"do": "ack-error", "message": words})
    assert serve(tree).exit_code == 1
    told = next(tree.outbox.rglob("*.ERREUR.txt")).read_text("utf-8-sig")
    assert words in " ".join(told.split())


def test_a_number_that_chorus_pro_has_already_is_rejected_there_and_says_so(
    tmp_path: Path, platform: Simulator
) -> None:
    first = plant_chorus(tmp_path / "first", platform)
    first.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(first).exit_code == 0
    second = plant_chorus(tmp_path / "second", platform)  # another machine, which knows nothing of the first
    second.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(second).exit_code == 1
    (job,) = second.jobs()
    assert job.outcome is Outcome.REJECTED_BY_PLATFORM
    assert [problem.code for problem in job.problems] == ["DOUBLON"]


def test_an_ereporting_report_is_refused_here_with_the_reason(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_chorus(tmp_path, platform)
    settings = tree.config.read_text("utf-8").replace('["invoice"]', '["invoice", "ereporting"]')
    tree.config.write_text(settings, "utf-8")
    dropped = [tree.drop("R1.xml", frr_report())]
    assert serve(tree).exit_code == 1
    (job,) = tree.jobs()
    assert job.outcome is Outcome.REJECTED_BEFORE_SENDING
    assert [problem.code for problem in job.problems] == ["kind-not-carried"]
    assert platform.exchanges == ()
    assert "Chorus Pro" in next(tree.outbox.rglob("*.ERREUR.txt")).read_text("utf-8-sig")
    assert_kept_once(tree, platform, dropped)


def test_H06_a_wrong_technical_account_stops_the_account_and_marks_no_file(
    tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = plant_chorus(tmp_path, platform)
    dropped = drop_some(tree)
    monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", "wrong")
    assert serve(tree, follow_for=1.5).exit_code == 77
    assert outcomes(tree) == ["None"] * FILES
    monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", platform.technical_password)
    assert serve(tree).exit_code == 0
    assert_kept_once(tree, platform, dropped)


def test_statuses_of_integrated_invoices_are_read_from_their_history_each_once(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.switch(page_limit=2)
    tree = plant_chorus(tmp_path, platform, read_statuses=True, status_seconds=0.1)
    drop_some(tree)
    assert serve(tree).exit_code == 0
    numbers = {flow.invoice.number: flow.number for flow in platform.chorus_flows}
    platform.pass_on(numbers["FA0"], "SERVICE_FAIT")
    platform.pass_on(numbers["FA0"], "MISE_EN_PAIEMENT")
    platform.pass_on(numbers["FA1"], "REJETEE", "Montant faux")
    platform.pass_on(numbers["FA2"], "A_RECYCLER")
    for _ in range(2):  # what is listed again is not laid down again
        assert serve(tree).exit_code == 0
    told = {
        (each["document"]["number"], each["status"]["raw"]): each
        for each in tree.received()
        if each["status"]["raw"] != "DEPOSEE"
    }
    assert {key: each["status"]["code"] for key, each in told.items()} == {
        ("FA0", "SERVICE_FAIT"): "205",
        ("FA0", "MISE_EN_PAIEMENT"): "211",
        ("FA1", "REJETEE"): "210",
        ("FA2", "A_RECYCLER"): None,
    }
    assert len(tree.received()) == len(told) + FILES
    assert told["FA1", "REJETEE"]["status"]["reasons"][0]["raw"] == "Montant faux"
    assert told["FA0", "MISE_EN_PAIEMENT"]["job"]["id"] == tree.job("FA0.xml").id
    assert all(each["file"] is None for each in tree.received())


def test_statuses_that_cannot_be_read_keep_no_answer_from_its_invoice(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_chorus(tmp_path, platform, read_statuses=True, status_seconds=0.1)
    platform.switch(ack_delay=0.3)
    platform.faults({"on": "search", "do": "return-code", "code": 20001, "message": "critere inconnu"})
    dropped = drop_some(tree)
    assert serve(tree).exit_code == 0
    assert outcomes(tree) == ["accepted"] * FILES
    assert_kept_once(tree, platform, dropped)
