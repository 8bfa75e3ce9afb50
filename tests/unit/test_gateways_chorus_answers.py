"""Every kind of answer of Chorus Pro, and what it means for the document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from connector.gateways.base import ReadFailed
from connector.gateways.chorus_answers import KnownInvoice, health_of, invoices_in, report_in, submitted
from connector.gateways.chorus_pro import allowed_name
from connector.gateways.exchange import Exchange, Trouble
from connector.model import AckStatus, Document, Family, Party, Syntax
from tests.unit.test_gateways_answers import PAGE, answered, meaning

RECEIPT = {
    "codeRetour": 0,
    "libelle": "GCU_MSG_01_000",
    "numeroFluxDepot": "CPP0042",
    "dateDepot": "2026-11-22",
}
CHALLENGE = {"www-authenticate": "Bearer error=invalid_request"}
UNKNOWN_FLOW = {"codeRetour": 20001, "libelle": "POQ_MSG_01.003 - Flux introuvable."}


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (answered(200, RECEIPT), ("received", "CPP0042")),
        (answered(200, {**RECEIPT, "codeRetour": "0"}), ("received", "CPP0042")),
        # a 200 without a receipt is none (H05, H22)
        (answered(200, {"codeRetour": 0, "libelle": "GCU_MSG_01_000"}), ("unknown", "unreadable-answer")),
        (answered(200, {**RECEIPT, "numeroFluxDepot": " "}), ("unknown", "unreadable-answer")),
        (answered(200, {"numeroFluxDepot": "CPP0042"}), ("unknown", "unreadable-answer")),
        (answered(200, PAGE), ("unknown", "unreadable-answer")),
        (answered(200, b""), ("unknown", "unreadable-answer")),
        (answered(200, [RECEIPT]), ("unknown", "unreadable-answer")),
        (answered(202, RECEIPT), ("unknown", "unreadable-answer")),
        (answered(200, b'{"codeR', complete=False, trouble=Trouble.READ), ("unknown", "read")),
        # a 200 may carry a refusal (H08)
        (
            answered(200, {"codeRetour": 20001, "libelle": "GDP_MSG_11.022 : trop gros"}),
            ("refused", "GDP_MSG_11.022"),
        ),
        (answered(200, {"codeRetour": 30, "libelle": "autre"}), ("refused", "codeRetour-30")),
        (answered(400, {"codeRetour": 20001, "libelle": "GCU_MSG_01_001"}), ("refused", "GCU_MSG_01_001")),
        (answered(413, PAGE), ("refused", "http-413")),
        (answered(415, b""), ("refused", "http-415")),
        (
            answered(400, {"codeRetour": 20001, "libelle": "Le numero de facture existe deja"}),
            ("unknown", "already-exists"),
        ),
        (answered(400, b'{"errorMessage": "invoice already exists"}'), ("unknown", "already-exists")),
        # the way is closed, whatever the document (H06, H24)
        (
            answered(400, b"", headers=CHALLENGE),
            ("stop", "unauthorized"),
        ),
        (answered(401), ("stop", "unauthorized")),
        (answered(403), ("stop", "forbidden")),
        (answered(404, PAGE), ("stop", "no-such-service")),
        (answered(307), ("stop", "redirect")),
        (answered(429), ("not sent", "rate")),
        # nobody knows (H02, H03)
        (answered(408), ("unknown", "timeout")),
        (answered(500, UNKNOWN_FLOW), ("unknown", "server-error")),
        (answered(503, PAGE, headers={"retry-after": "5"}), ("unknown", "server-error")),
        (Exchange(body_started=True, trouble=Trouble.TIMEOUT), ("unknown", "timeout")),
        (Exchange(body_started=False, trouble=Trouble.CONNECT), ("not sent", "connect")),
    ],
)
def test_H01_each_answer_to_a_deposit_has_one_meaning(exchange: Exchange, expected: tuple[str, str]) -> None:
    assert meaning(submitted(exchange)) == expected


@given_any(st.integers(100, 599), st.binary(max_size=200), st.booleans())
def test_no_answer_to_a_deposit_is_without_a_meaning(status: int, body: bytes, complete: bool) -> None:
    trouble = None if complete else Trouble.READ
    submitted(answered(status, body, complete=complete, trouble=trouble))


def report(state: str, **more: Any) -> Exchange:
    return answered(
        200, {"codeRetour": 0, "libelle": "TRA_MSG_00.000", "etatCourantDepotFlux": state, **more}
    )


@pytest.mark.parametrize(
    ("state", "ack"),
    [
        ("IN_RECU", AckStatus.PENDING),
        ("IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP", AckStatus.PENDING),
        ("IN_TRAITE_SE_CPP", AckStatus.PENDING),
        ("IN_EN_ATTENTE_TRAITEMENT_CPP", AckStatus.PENDING),
        ("IN_EN_COURS_TRAITEMENT_CPP", AckStatus.PENDING),
        ("IN_EN_ATTENTE_RETRAITEMENT_CPP", AckStatus.PENDING),
        ("IN_INTEGRE", AckStatus.OK),
        ("IN_INTEGRE_PARTIEL", AckStatus.PARTIAL),
        ("IN_REJETE", AckStatus.ERROR),
        ("IN_INCIDENTE", AckStatus.ERROR),
        ("IN_A_RELANCER", AckStatus.STUCK),
        ("IN_ERREUR_INTERNE", AckStatus.STUCK),
        ("IN_QUELQUE_CHOSE_DE_NEUF", AckStatus.UNKNOWN),
    ],
)
def test_H17_each_state_of_a_flow_has_its_meaning_and_an_unknown_one_is_never_an_answer(
    state: str, ack: AckStatus
) -> None:
    found = report_in(report(state), "CPP0042")
    assert found is not None
    assert (found.ack, found.raw_ack, found.flow_id) == (ack, state, "CPP0042")


def test_a_rejection_tells_which_invoice_and_why() -> None:
    errors = [
        {"numeroDP": "FA1", "libelleErreurDP": "Le service est inconnu"},
        {"numeroDP": "FA2", "libelleErreurDP": "Le numero de facture existe deja"},
        "not an entry",
    ]
    technical = [{"codeErreur": "T1", "libelleErreur": "PJ illisible", "natureErreur": "BLOQUANTE"}]
    found = report_in(report("IN_REJETE", listeErreurDP=errors, listeErreurTechnique=technical), "CPP0042")
    assert found is not None
    told = [(problem.code, problem.found, problem.message) for problem in found.problems]
    assert told == [
        ("chorus-rejection", "FA1", "Le service est inconnu"),
        ("DOUBLON", "FA2", "Le numero de facture existe deja"),
        ("T1", None, "PJ illisible"),
    ]


def test_a_flow_that_was_not_processed_says_so_first() -> None:
    found = report_in(report("IN_INCIDENTE"), "CPP0042")
    assert found is not None
    assert [problem.code for problem in found.problems] == ["IN_INCIDENTE"]


@pytest.mark.parametrize("status", [200, 400])
def test_a_flow_that_is_not_known_yet_is_no_failure(status: int) -> None:
    assert report_in(answered(status, UNKNOWN_FLOW), "CPP0042") is None


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (answered(404, PAGE), "no-such-service"),  # the gateway's own 404 proves no absence
        (answered(500, PAGE), "server-error"),
        (answered(401), "unauthorized"),
        (answered(200, {"codeRetour": 0}), "unreadable-answer"),
        (answered(200, b"[]"), "unreadable-answer"),
        (answered(200, {"codeRetour": 20001, "libelle": "GCU_MSG_01_001"}), "bad-question"),
    ],
)
def test_a_report_that_cannot_be_read_is_a_failure_to_ask(exchange: Exchange, reason: str) -> None:
    with pytest.raises(ReadFailed) as failure:
        report_in(exchange, "CPP0042")
    assert failure.value.reason == reason


# --------------------------------------------------------------------------- finding an invoice again
DOCUMENT = Document(
    family=Family.INVOICE,
    syntax=Syntax.UBL,
    kind="ubl-invoice",
    number="FA1",
    issue_date="2026-11-20",
    seller=Party(siren="732829320"),
    total_with_vat="1200.00",
)
KNOWN: dict[str, Any] = {
    "number": "FA1",
    "supplier": "73282932000074",
    "issue_date": "2026-11-20",
    "total_with_vat": Decimal("1200"),
    "flow_id": "CPP0042",
}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"supplier": None}, True),
        ({"total_with_vat": None}, True),
        ({"number": "FA12"}, False),  # the search may well answer with all that contain the number
        ({"supplier": "55203253400646"}, False),
        ({"issue_date": "2025-11-20"}, False),
        ({"total_with_vat": Decimal("1200.01")}, False),
    ],
)
def test_H14_only_the_invoice_itself_is_found_again(changes: dict[str, Any], same: bool) -> None:
    assert KnownInvoice(**{**KNOWN, **changes}).is_of(DOCUMENT) is same


def test_the_invoices_of_a_page_are_read_with_the_number_of_pages() -> None:
    listed = {
        "numeroFacture": "FA1",
        "codeFournisseur": "73282932000074",
        "dateFacture": "2026-11-20T00:00:00.000Z",
        "montantTTC": 1200.0,
        "numeroFluxDepot": "CPP0042",
    }
    answer = {"codeRetour": 0, "parametresRetour": {"pages": 3}, "listeFactures": [listed, "no invoice"]}
    assert invoices_in(answered(200, answer)) == ([KnownInvoice(**KNOWN)], 3)
    assert invoices_in(answered(200, {"codeRetour": 0})) == ([], 1)
    with pytest.raises(ReadFailed):
        invoices_in(answered(200, {"codeRetour": 0, "listeFactures": "none"}))


def test_health_is_judged_by_the_status() -> None:
    assert health_of(answered(200)).up
    assert health_of(answered(404)).up  # no such route is no bad health
    assert not health_of(answered(503)).up
    assert not health_of(answered(401)).up


def test_a_name_keeps_clear_of_what_chorus_pro_refuses() -> None:
    assert allowed_name('FA%1$!&/\\:;«»#"@é.xml') == "FA_1____________é.xml"
