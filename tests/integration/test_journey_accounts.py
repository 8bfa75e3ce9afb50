"""Accounts: one company, several behind one connection, and the versions of the API side by side."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from connector.model import Outcome
from connector.samples.parties import SELLER
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant

OTHER = "552100554"


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def serve(tree: Tree) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=4.0)


def of(siren: str, number: str) -> bytes:
    """An invoice of the company of this SIREN."""
    return ubl_invoice(number=number, seller_siren=siren)


def concentrator(folder: Path, platform: Simulator) -> Tree:
    platform.switch(organization_header=True)
    account = {
        "kind": "concentrator",
        "organizations": [SELLER, OTHER],
        "organization_header": "Organization-Id",
    }
    return plant(folder, platform, account=account)


def test_a_concentrator_names_the_right_company_for_each_document(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = concentrator(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", of(SELLER, "FA1")), tree.drop("FA2.xml", of(OTHER, "FA2"))]
    assert serve(tree).exit_code == 0
    told = {flow.info.name[:3]: flow.info.company for flow in platform.flows}
    assert told == {"FA1": SELLER, "FA2": OTHER}
    assert_at_rest(tree, platform, dropped)


def test_H02_a_lost_answer_is_looked_for_among_the_flows_of_its_own_company(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = concentrator(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", of(SELLER, "FA1")), tree.drop("FA2.xml", of(OTHER, "FA2"))]
    platform.faults({"on": "submit", "do": "store-then-status", "code": 502, "times": 2})
    assert serve(tree).exit_code == 0
    assert len(platform.flows) == 2
    assert_at_rest(tree, platform, dropped)


def test_an_invoice_of_a_company_that_is_not_ours_never_leaves(tmp_path: Path, platform: Simulator) -> None:
    tree = concentrator(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", of("443061841", "FA1"))]
    assert serve(tree).exit_code == 1
    (job,) = tree.jobs()
    assert job.outcome is Outcome.REJECTED_BEFORE_SENDING
    assert [(problem.code, problem.found) for problem in job.problems] == [("company-not-ours", "443061841")]
    assert platform.exchanges == ()
    assert "443061841" in next(tree.outbox.rglob("*.ERREUR.txt")).read_text("utf-8-sig")
    assert_at_rest(tree, platform, dropped)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("lost", [False, True])
def test_both_versions_of_the_flow_service_carry_a_document_once(
    tmp_path: Path, platform: Simulator, version: str, lost: bool
) -> None:
    platform.switch(api_version=version)
    tree = plant(tmp_path, platform, account={"api_version": version})
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    if lost:
        platform.faults({"on": "submit", "do": "reset", "times": 1})
    assert serve(tree).exit_code == 0
    assert all(exchange.request_id for exchange in platform.exchanges)
    assert_at_rest(tree, platform, dropped)
