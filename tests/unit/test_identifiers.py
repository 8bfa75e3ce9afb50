"""SIREN, SIRET and VAT numbers: what cannot be anybody's is told, and how much it counts is the route's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import admission
from connector.model import Family, Inspection, Outcome, Party, Severity, State, Verdict, VerdictStatus
from connector.samples import parties
from connector.validation.identifiers import identifier_problems
from tests.unit.policy_jobs import NOW, RULES, document, job

SOUND = Party(siren="732829320", siren_scheme="0002", siret="73282932000074", vat="FR44732829320")


def found(party: Party, *, buyer: Party = SOUND) -> list[tuple[str, str | None, str | None, str | None]]:
    problems = identifier_problems(document(seller=party, buyer=buyer))
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return [(p.code, p.term, p.found, p.expected) for p in problems]


def test_sound_numbers_are_not_mentioned() -> None:
    assert found(SOUND) == []
    assert found(Party(), buyer=Party()) == []


@pytest.mark.parametrize(
    ("wrong", "fact"),
    [
        ({"siren": "732829321", "siret": None}, ("siren-check-digit", "BT-30", "732829321", None)),
        ({"siren": "000000000", "siret": None}, ("siren-check-digit", "BT-30", "000000000", None)),
        ({"siret": "73282932000075"}, ("siret-check-digit", "BT-29", "73282932000075", None)),
        (
            {"siret": "55210055400013"},
            ("siret-not-of-siren", "BT-29", "55210055400013", "732829320"),
        ),
        ({"vat": "FR45732829320"}, ("vat-number-invalid", "BT-31", "FR45732829320", None)),
        ({"vat": "FR4473282932"}, ("vat-number-invalid", "BT-31", "FR4473282932", None)),
        ({"vat": "DE136695977"}, ("vat-number-doubtful", "BT-31", "DE136695977", None)),
        ({"vat": "EL123456789"}, ("vat-number-doubtful", "BT-31", "EL123456789", None)),
    ],
    ids=str,
)
def test_a_number_that_cannot_be_is_named_with_its_term(
    wrong: dict[str, Any], fact: tuple[str, str, str, str | None]
) -> None:
    assert found(replace(SOUND, **wrong)) == [fact]


def test_the_buyer_has_terms_of_its_own() -> None:
    buyer = Party(siren="732829321", siren_scheme="0002", siret="73282932000075", vat="FR45732829320")
    assert [(code, term) for code, term, _, _ in found(SOUND, buyer=replace(buyer, siret=None))] == [
        ("siren-check-digit", "BT-47"),
        ("vat-number-invalid", "BT-48"),
    ]
    assert [(code, term) for code, term, _, _ in found(SOUND, buyer=replace(buyer, siren="732829320"))] == [
        ("siret-check-digit", "BT-46"),
        ("vat-number-invalid", "BT-48"),
    ]


@pytest.mark.parametrize("siret", ["35600000000048", "35600000049837"])
def test_establishments_of_la_poste_have_their_own_check_digit(siret: str) -> None:
    assert found(replace(SOUND, siren="356000000", siret=siret, vat=None)) == []


@pytest.mark.parametrize("scheme", [None, "0060", "0223"])
def test_nine_digits_that_nobody_calls_a_siren_are_not_judged_as_one(scheme: str | None) -> None:
    foreign = Party(siren="123456789", siren_scheme=scheme, vat="DE136695976")
    assert found(foreign) == []
    without_vat = replace(foreign, vat=None)
    assert found(without_vat) == []


def test_nine_digits_without_a_scheme_are_a_siren_when_the_vat_number_is_french() -> None:
    party = Party(siren="732829321", vat="FR44732829320")
    assert [code for code, *_ in found(party)] == ["siren-check-digit"]


def test_the_vat_number_of_a_group_holds_another_siren() -> None:
    assert found(replace(SOUND, vat=parties.vat_number("552100554"))) == []


@pytest.mark.parametrize("vat", ["CHE123456788", "GB123456789", "US12", "XX"])
def test_numbers_of_countries_outside_the_union_are_not_judged(vat: str) -> None:
    assert found(replace(SOUND, vat=vat)) == []


def test_of_a_report_the_declarant_is_judged_and_of_other_messages_nobody() -> None:
    wrong = Party(siren="732829321", siren_scheme="0002")
    (problem,) = identifier_problems(document(family=Family.EREPORTING, seller=wrong))
    assert (problem.code, problem.term) == ("siren-check-digit", "TT-13")
    assert identifier_problems(document(family=Family.LIFECYCLE, seller=wrong)) == ()


@given(st.integers(0, 99_999_999))
def test_made_up_companies_of_the_samples_are_sound(stem: int) -> None:
    siren = parties.siren(stem)
    party = Party(siren=siren, siren_scheme="0002", vat=parties.vat_number(siren))
    assert found(party) == [] or siren == "000000000"


@given(*(st.none() | st.text(max_size=20) for _ in range(4)), st.sampled_from(["FR", "DE", "ES", ""]))
def test_whatever_is_written_there_is_judged_without_a_failure(
    siren: str | None, siret: str | None, vat: str | None, scheme: str | None, country: str
) -> None:
    party = Party(siren=siren, siret=siret, vat=f"{country}{vat}", siren_scheme=scheme or "0002")
    found(party, buyer=party)


# --------------------------------------------------------------------------- what it means on a route
def decided(seller: Party, severity: Severity) -> tuple[State, Outcome | None, list[Severity]]:
    paper = document(seller=seller)
    seen = Inspection(
        verdict=Verdict(status=VerdictStatus.VALID, problems=identifier_problems(paper)), document=paper
    )
    after = admission.inspected(job(State.SPOOLED), seen, [], replace(RULES, identifiers=severity), NOW)
    assert after.verdict is not None
    return after.state, after.outcome, [problem.severity for problem in after.verdict.problems]


def test_a_wrong_french_number_is_a_warning_on_a_test_system_and_an_error_in_production() -> None:
    wrong = replace(SOUND, siren="732829321", siret=None)
    assert decided(wrong, Severity.WARNING) == (State.VALID, None, [Severity.WARNING])
    refused = (State.CONCLUDED, Outcome.REJECTED_BEFORE_SENDING, [Severity.ERROR])
    assert decided(wrong, Severity.ERROR) == refused


def test_a_doubtful_foreign_number_never_stops_an_invoice() -> None:
    doubtful = replace(SOUND, vat="DE136695977")
    assert decided(doubtful, Severity.ERROR) == (State.VALID, None, [Severity.WARNING])


def test_every_french_number_can_be_counted_as_an_error() -> None:
    wrong = Party(siren="732829321", siren_scheme="0002", siret="55210055400013", vat="FR45732829320")
    codes = {code for code, *_ in found(wrong)}
    codes |= {code for code, *_ in found(replace(SOUND, siret="73282932000075"))}
    assert codes == admission.FRENCH_NUMBERS
