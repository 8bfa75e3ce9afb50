"""A file name in the portal's form is held against the content; any other name means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.documents.flow_names import flow_name_problems, read_flow_name
from connector.documents.summary import READERS
from connector.model import Severity

REST = "_AAA123_AAA1230111000000000000001"


def test_a_flow_name_is_taken_apart() -> None:
    flow = read_flow_name("depot/FFE1025A_PPF262_PPF2621025000000000000290.xml")
    assert flow is not None
    assert (flow.interface, flow.application) == ("FFE1025A", "PPF262")
    assert flow.identifier == "PPF2621025000000000000290"
    assert not flow.acknowledgement


@pytest.mark.parametrize(
    ("interface", "kind"),
    [
        ("FFE0111A", "ubl-invoice"),
        ("FFE0111A", "ubl-creditnote"),
        ("FFE0112A", "cii-invoice"),
        ("FFE0614A", "cdar"),
        ("FFE0654A", "cdar"),
        ("FFE1025A", "frr-report"),
        ("FFE1235A", "annuaire-f12-f13"),
        ("FFE1435A", "annuaire-f14"),
    ],
)
def test_an_interface_code_goes_with_its_kinds_and_with_no_other(interface: str, kind: str) -> None:
    assert flow_name_problems(f"{interface}{REST}.xml", kind) == []
    other = "ubl-invoice" if kind != "ubl-invoice" else "cii-invoice"
    if interface == "FFE0111A":
        other = "facturx-en16931"
    (problem,) = flow_name_problems(f"{interface}{REST}.xml", other)
    assert (problem.code, problem.severity, problem.found) == ("flow-name-mismatch", Severity.ERROR, other)
    assert interface in (problem.expected or "")


@pytest.mark.parametrize(
    "name",
    [
        "FFE0111A.xml",
        "FFE0111A_AAA123_1.xml",
        f"FFE0111{REST}.xml",
        f"FFE9999Z{REST}.xml",  # no such interface
        f"ffe0111a{REST.lower()}.xml",
        "FFE0111A_AAA123_BBB1230111000000000000001.xml",  # the identifier begins with the application
        f"FFE0111A{REST}.pdf",
        f"FFE0111A{REST} (copie).xml",
    ],
)
def test_a_name_that_only_looks_like_a_flow_name_is_a_warning(name: str) -> None:
    (problem,) = flow_name_problems(name, "ubl-invoice")
    assert (problem.code, problem.severity) == ("flow-name-malformed", Severity.WARNING)
    assert problem.found == name


@pytest.mark.parametrize("extension", ["", ".xml", ".XML", ".tar.gz"])
def test_the_extensions_of_flows_are_taken(extension: str) -> None:
    assert flow_name_problems(f"FFE0111A{REST}{extension}", "ubl-invoice") == []


def test_the_portals_own_answers_are_not_held_against_their_content() -> None:
    assert flow_name_problems(f"CFE0111A{REST}.xml", "cdar") == []


@given(name=st.text(max_size=80), kind=st.sampled_from(sorted(READERS)))
def test_any_name_at_all_gets_an_answer_and_ordinary_ones_mean_nothing(name: str, kind: str) -> None:
    problems = flow_name_problems(name, kind)
    assert problems == [] or "fe" in name.lower()


@pytest.mark.parametrize(
    "name", ["", "FA-2026-0001.xml", "café_\udce9.xml", "FFE.xml", "CAFE0001.xml", "FFE0111AB.xml"]
)
def test_ordinary_names_mean_nothing(name: str) -> None:
    assert flow_name_problems(name, "ubl-invoice") == []
