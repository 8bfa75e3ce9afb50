"""Addresses of the directory, and what the answers of its two languages mean."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from connector.directory import Address, LineStatus, NotAnAddress, address
from connector.gateways.base import ReadFailed
from connector.gateways.directory_answers import page_in
from tests.unit.test_gateways_answers import PAGE, answered

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("702042755", Address(siren="702042755")),
        ("702 042 755", Address(siren="702042755")),
        ("70204275500240", Address(siren="702042755", siret="70204275500240")),
        ("702042755_70204275500240", Address(siren="702042755", siret="70204275500240")),
        (
            "702042755_70204275500240_COMPTA-1",
            Address(siren="702042755", siret="70204275500240", routing_code="COMPTA-1"),
        ),
        ("702042755_achats@siege", Address(siren="702042755", suffix="achats@siege")),
    ],
)
def test_an_address_is_taken_apart_and_put_together_again(text: str, expected: Address) -> None:
    assert address(text) == expected
    assert address(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "12345", "702042755_", "702042755_55210055400013", "702042755_é", "70204275A", "7" * 200]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAnAddress):
        address(text)


def french(**line: Any) -> list[LineStatus]:
    told = {"identifiantAdressage": "702042755", "siren": "702042755", **line}
    page = page_in(answered(200, {"resultats": [told]}), french=True, today=TODAY)
    return [found.status for found in page.lines]


def test_the_annuaire_tells_by_dates_what_the_directory_service_tells_by_a_word() -> None:
    assert french(dateDebutEffet="2026-09-01") == [LineStatus.ENABLED]
    assert french(dateDebutEffet="2026-11-22") == [LineStatus.ENABLED]
    assert french(dateDebutEffet="2026-11-23") == [LineStatus.UPCOMING]
    assert french(dateFinEffet="2026-11-22") == [LineStatus.DISABLED]
    assert french(dateFinEffet="2026-12-31", dateFinEffective="2026-10-01") == [LineStatus.DISABLED]
    assert french(plateforme={"statutPlateforme": "Inactif"}) == [LineStatus.DISABLED]


def test_a_word_that_we_do_not_know_is_no_line_in_force() -> None:
    told = {"addressingIdentifier": "702042755", "siren": "702042755", "directoryLineStatus": "Suspended"}
    page = page_in(answered(200, {"results": [told, "none", {}]}), french=False, today=TODAY)
    assert [line.status for line in page.lines] == [LineStatus.UNKNOWN]
    assert page.entries == 3


@pytest.mark.parametrize(
    ("status", "body"), [(204, b""), (404, {"errorCode": "NOT_FOUND"}), (200, {"results": []})]
)
def test_none_is_told_in_several_ways(status: int, body: Any) -> None:
    assert page_in(answered(status, body), french=False, today=TODAY).total == 0


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, PAGE, "no-such-service"),
        (404, {"message": "no route"}, "no-such-service"),
        (200, PAGE, "unreadable-answer"),
        (422, {"titre": "Erreur de validation", "detail": "filtres.siren"}, "bad-question"),
        (501, b"", "no-such-service"),
        (503, b"", "server-error"),
    ],
)
def test_anything_else_is_a_failure_to_ask(status: int, body: Any, reason: str) -> None:
    with pytest.raises(ReadFailed) as failure:
        page_in(answered(status, body), french=False, today=TODAY)
    assert failure.value.reason == reason


def test_the_platforms_words_are_in_the_failure() -> None:
    body = json.dumps({"titre": "Erreur de validation", "detail": "filtres.siren : valeur invalide"}).encode()
    with pytest.raises(ReadFailed, match=r"filtres\.siren : valeur invalide"):
        page_in(answered(422, body), french=True, today=TODAY)
