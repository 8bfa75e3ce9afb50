"""Statuses at Chorus Pro, read leniently: places that go on after a stop, histories in any shape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.gateways.chorus_statuses import Changed, Place, changed_in, question, statuses_in
from connector.model import Party, Reference

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INVOICE = Changed(number=7, at=NOON, flow_id="CPP7", about=Reference(number="FA1"))


def entry(**told: Any) -> dict[str, Any]:
    return {
        "identifiantFactureCPP": 7,
        "numeroFacture": "FA1",
        "codeFournisseur": "73282932000074",
        "dateFacture": "2026-11-20",
        "dateHeureEtatCourant": "2026-11-22T12:00:00+00:00",
        "numeroFluxDepot": "CPP7",
    } | told


def test_a_place_goes_on_where_its_cursor_says() -> None:
    place = Place.of(None, NOON)
    assert place == Place(high=NOON)
    later = Changed(number=8, at=NOON + timedelta(hours=1), flow_id=None, about=Reference())
    second = place.after([INVOICE, later], pages=2)
    assert (second.page, second.high) == (2, NOON)
    assert Place.of(str(second), NOON - timedelta(days=9)) == second
    assert second.after([], pages=2) == Place(high=NOON + timedelta(hours=1))


@pytest.mark.parametrize("cursor", ["", "nonsense", "|2|", "2026-13-45|x|y"])
def test_a_cursor_that_cannot_be_read_begins_anew(cursor: str) -> None:
    assert Place.of(cursor, NOON) == Place(high=NOON)


def test_a_time_far_ahead_does_not_carry_the_place_past_what_is_to_come() -> None:
    wrong = Changed(number=8, at=datetime(2999, 1, 1, tzinfo=UTC), flow_id=None, about=Reference())
    assert Place(high=NOON).after([wrong], pages=1).high < datetime.now(UTC) + timedelta(days=2)


def test_the_search_asks_by_days_and_what_is_older_than_the_place_is_left_out() -> None:
    place = Place(high=NOON)
    assert question(place, 3600.0)["periodeDateHeureEtatCourantDu"] == "2026-11-22"
    old = entry(identifiantFactureCPP=6, dateHeureEtatCourant="2026-11-22T09:00:00")
    unreadable = entry(identifiantFactureCPP=5, dateHeureEtatCourant="hier")
    answer = {"listeFactures": [entry(), old, unreadable, "no entry", {}], "parametresRetour": {"pages": 3}}
    changed, pages = changed_in(answer, place, 3600.0)
    assert [each.number for each in changed] == [7, 5]
    assert pages == 3
    assert changed[0].about == Reference(
        number="FA1", issue_date="2026-11-20", issuer=Party(siren="732829320")
    )


@pytest.mark.parametrize(
    "answer", [{}, {"listeFactures": None}, {"listeFactures": "x", "parametresRetour": []}]
)
def test_an_answer_without_invoices_has_none(answer: dict[str, Any]) -> None:
    assert changed_in(answer, Place(high=NOON), 0.0) == ([], 1)


def test_each_status_of_a_history_is_a_flow_of_its_own_with_chorus_pros_name_beside_ours() -> None:
    told = [
        {"histoStatutCode": "MISE_EN_PAIEMENT", "histoStatutDatePassage": "2026-11-22 10:00"},
        {"histoStatutCode": "A_RECYCLER", "histoStatutCommentaire": "Code service faux"},
        {"histoStatutDatePassage": "2026-11-22"},
        None,
    ]
    paid, recycled = statuses_in({"historiquesDesStatuts": {"histoStatut": told}}, INVOICE)
    assert (paid.flow_id, paid.tracking_id) == ("7:MISE_EN_PAIEMENT:2026-11-22 10:00", "CPP7")
    assert paid.given is not None
    assert (paid.given.code, paid.given.words, paid.given.at) == (
        "211",
        "MISE_EN_PAIEMENT",
        "2026-11-22T10:00",
    )
    assert recycled.given is not None
    assert (recycled.given.code, recycled.given.reasons[0].words) == (None, "Code service faux")


@pytest.mark.parametrize("history", [None, [], "x", {"histoStatut": None}, {"histoStatut": {}}])
def test_a_history_that_is_none_has_no_statuses(history: object) -> None:
    assert statuses_in({"historiquesDesStatuts": history}, INVOICE) == []
