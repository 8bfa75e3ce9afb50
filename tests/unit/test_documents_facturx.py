"""The parts of a Factur-X invoice must agree: profile, attachment, checksum, marks of PDF/A-3."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from connector.documents.facturx import Carried, contradictions, profile_of
from connector.model import Severity
from connector.samples.cii import GUIDELINES
from connector.samples.facturx import LEVELS

XML = b"<a/>"
MD5 = hashlib.md5(XML, usedforsecurity=False).hexdigest()


def carried(**changes: Any) -> Carried:
    whole: dict[str, Any] = {
        "xml": XML,
        "name": "factur-x.xml",
        "checksum": MD5,
        "size": len(XML),
        "relationship": "Data",
        "level": "EN 16931",
        "pdfa_part": "3",
    }
    return Carried(**{**whole, **changes})


def found(profile: str = "en16931", **changes: Any) -> list[tuple[str, Severity]]:
    return [(problem.code, problem.severity) for problem in contradictions(carried(**changes), profile)]


@pytest.mark.parametrize("profile", sorted(GUIDELINES))
def test_every_profile_is_known_by_its_guideline_and_agrees_with_its_level(profile: str) -> None:
    assert profile_of(GUIDELINES[profile]) == profile
    assert found(profile, level=LEVELS[profile]) == []


@pytest.mark.parametrize(
    ("guideline", "profile"),
    [
        ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", "en16931"),
        (" URN:CEN.EU:EN16931:2017 ", "en16931"),
        ("urn:cen.eu:en16931:2017#conformant#urn:zugferd.de:2p0:extended", "extended"),
        ("urn:cen.eu:en16931:2017#conformant#urn:somebody:else", None),
        ("urn:example", None),
        ("", None),
        (None, None),
    ],
)
def test_other_guidelines(guideline: str | None, profile: str | None) -> None:
    assert profile_of(guideline) == profile


@pytest.mark.parametrize("level", ["EN 16931", "en16931", "EN16931", "COMFORT", "XRECHNUNG"])
def test_the_level_is_recognised_in_the_ways_it_is_written(level: str) -> None:
    assert found(level=level) == []


def test_a_level_that_contradicts_the_xml_is_an_error_with_both_facts() -> None:
    (problem,) = contradictions(carried(level="EXTENDED"), "en16931")
    assert (problem.code, problem.found, problem.expected) == (
        "facturx-profile-mismatch",
        "EXTENDED",
        "EN 16931",
    )
    assert problem.severity is Severity.ERROR


@pytest.mark.parametrize("level", [None, "", "PREMIUM"])
def test_a_level_that_says_nothing_is_a_warning(level: str | None) -> None:
    assert found(level=level) == [("facturx-level", Severity.WARNING)]


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"checksum": "0" * 32}, "facturx-checksum", Severity.ERROR),
        ({"size": 5}, "facturx-size", Severity.WARNING),  # the checksum says that nothing is missing
        ({"size": 5, "checksum": None}, "facturx-size", Severity.ERROR),
        ({"name": "ZUGFeRD-invoice.xml"}, "facturx-name", Severity.WARNING),
        ({"relationship": "Unspecified"}, "facturx-relationship", Severity.WARNING),
        ({"relationship": None}, "facturx-relationship", Severity.WARNING),
        ({"pdfa_part": "1"}, "pdfa-part", Severity.WARNING),
        ({"pdfa_part": None}, "pdfa-part", Severity.WARNING),
    ],
)
def test_each_contradiction_has_its_code_and_weight(
    changes: dict[str, Any], code: str, severity: Severity
) -> None:
    assert found(**changes) == [(code, severity)]


def test_what_a_pdf_does_not_announce_is_not_held_against_it() -> None:
    assert found(checksum=None, size=None, name="Factur-X.XML") == []
