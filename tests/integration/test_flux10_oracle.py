"""Our rules of flux 10 say what the administration's own check says, of whatever report.

Reports are made from valid ones of all four kinds: each place given each of many values, parts taken out and
put in, one change alone and many together. Where the two differ, `flux10_oracle.DIFFERENCES` says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from decimal import Decimal
from functools import cache
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.model import Problem, Severity
from connector.samples.frr import Head, payments_report, transactions_report
from connector.validation.flux10.groups import GROUP_RULES
from connector.validation.flux10.report import ReportRules
from connector.validation.flux10.tables import tables
from connector.validation.flux10.values import length_rule, value_rules
from connector.validation.schemas import Schemas
from tests.flux10_oracle import DIFFERENCES, NOT_HERE, OURS_ALONE, Assertion, Oracle, assertions

TODAY = date(2026, 11, 22)
SCHEMA = Schemas().schema("frr-report")
ORACLE = Oracle()
RULES = {rule.id for rules in value_rules(tables(TODAY).facts).values() for rule in rules}
RULES |= {rule.id for rule in GROUP_RULES} | {length_rule(1).id, "G1.42"}

VALID = {
    "10.1": transactions_report(invoices=2),
    "10.1 full": transactions_report(invoices=1, full=True),
    "10.1 bought": transactions_report(Head(role="BY"), invoices=2),
    "10.2": payments_report(invoices=2),
    "10.3": transactions_report(transactions=2),
    "10.4": payments_report(transactions=2),
    "transactions": transactions_report(Head(type_code="RE"), invoices=1, transactions=1, full=True),
    "payments": payments_report(Head(type_code="RE", role="BY"), invoices=1, transactions=1),
}
TREES = {name: etree.fromstring(report) for name, report in VALID.items()}

# Values worth trying, by what stands at a place in the valid report.
_MOMENTS = ("20261001", "20261001253000", "19990101000000", "2026-10-01T08:30:00", "")
_DATES = ("20991231", "19991231", "20260931", "2026-09-10", "202609101", " 20260910", "", "٢٠٢٦٠٩١٠")
_NUMBERS = (
    *("0", "-5.00", "1.2345", "1.234567", "1.2345678", "+3.00", " 4.00 ", ".5", "6"),
    *("12345678901234567.89", "123456789012345678.90", "-12345678901234567.89"),
)
_TEXTS = ("A-1_2/3+4", " A", "A  B", "", "é", "x" * 20, "x" * 36, "x" * 51, "123456789", "12345")
_CODES = (
    ("0002", "0223", "0227", "0228", "0229", "0238", "0009"),
    ("VAT", "FC", "EUR", "USD", "ABC", "eur"),
    ("IN", "RE", "BY", "SE", "WK"),
    ("S", "E", "AE", "L"),
    ("B1", "B4", "M8"),
    ("380", "381", "384", "386", "999"),
    ("5", "72", "432", "99"),
    ("TLB1", "TXX1"),
    ("FR", "DE", "XI", "ZZ", "fr"),
    ("VATEX-FR-CNWVAT", "VATEX-EU-O"),
)

Place = tuple[str, str | None]  # path of an element, and of it this attribute


def problems(root: etree._Element) -> list[Problem]:
    return ReportRules(TODAY).whole(root)


def compare(root: etree._Element) -> frozenset[Assertion]:
    """Both say the same, but for the differences that are told; what the official check says."""
    ours = [problem for problem in problems(root) if problem.code not in OURS_ALONE]
    codes = {problem.code for problem in ours}
    failed = ORACLE.failed(root)
    official = {assertion.rule for assertion in failed}
    for problem in ours:
        assert problem.code in official or any(
            known.ours and known.rule == problem.code and known.explains(problem) for known in DIFFERENCES
        ), problem
    for code in official - codes:
        assert any(not known.ours and known.rule == code for known in DIFFERENCES), code
        assert not str(root.xpath("string()")).isascii()
    return failed


def find(root: etree._Element, path: str) -> etree._Element:
    (element,) = cast("list[etree._Element]", root.xpath(path))
    return element


def places(root: etree._Element) -> Iterator[Place]:
    """Everything that can be given a value; of lines and rates that come again, the first."""
    tree = root.getroottree()
    for element in root.iter():
        path = tree.getpath(element)
        if len(element) == 0 and not re.search(r"/(Line|TaxSubtotal|SubTotals)\[[2-9]", path):
            yield path, None
            yield from ((path, str(name)) for name in element.attrib if name != "ChargeIndicator")


def changed(root: etree._Element, place: Place, value: str) -> etree._Element:
    copy = deepcopy(root)
    element, attribute = find(copy, place[0]), place[1]
    if attribute is None:
        element.text = value
    else:
        element.set(attribute, value)
    return copy


def values_for(root: etree._Element, place: Place) -> tuple[str, ...]:
    element, attribute = find(root, place[0]), place[1]
    written = (element.text if attribute is None else element.get(attribute)) or ""
    if re.fullmatch(r"[0-9]{14}", written):
        return _MOMENTS
    if re.fullmatch(r"20[0-9]{6}", written):
        return _DATES
    codes = next((codes for codes in _CODES if written in codes), ())
    if re.fullmatch(r"[0-9]+\.?[0-9]*", written) and not codes:
        return (*_NUMBERS, *_TEXTS[-2:])
    return (*codes, *_TEXTS)


def parts(root: etree._Element) -> Iterator[tuple[str, bool]]:
    """Everything that can be taken out, or put in once more."""
    tree = root.getroottree()
    paths = [tree.getpath(element) for element in root.iter()][1:]
    return ((path, twice) for path in paths for twice in (False, True))


def without_or_with_one_more(root: etree._Element, path: str, twice: bool) -> etree._Element:
    copy = deepcopy(root)
    element = find(copy, path)
    parent = element.getparent()
    if twice:
        element.addnext(deepcopy(element))
    elif parent is not None:
        parent.remove(element)
    return copy


@cache
def judged(name: str, place: Place) -> frozenset[Assertion]:
    """Every value worth trying at a place, compared; all that failed."""
    root = TREES[name]
    reports = (changed(root, place, value) for value in values_for(root, place))
    return frozenset().union(*(compare(report) for report in reports if SCHEMA.validate(report)))


@cache
def judged_parts(name: str) -> frozenset[Assertion]:
    root = TREES[name]
    reports = (without_or_with_one_more(root, path, twice) for path, twice in parts(root))
    return frozenset().union(*(compare(report) for report in reports if SCHEMA.validate(report)))


EVERY_PLACE = [(name, place) for name in ("transactions", "payments") for place in places(TREES[name])]


NOT_TOGETHER: dict[str, tuple[str, dict[str, str | None]]] = {  # None takes the element out
    "deposit after a deposit": ("10.1", {"TypeCode": "386", "BusinessProcess/ID": "S4"}),
    "correction of nothing": ("10.1", {"TypeCode": "384"}),
    "correction of something without date": (
        "10.1 full",
        {"TypeCode": "473", "ReferencedDocument/IssueDate": None},
    ),
    "credit note for nothing": ("10.1", {"TypeCode": "503"}),
    "credit note, one line for nothing": (
        "10.1 full",
        {"ReferencedDocument": None, "Line[2]/ReferencedDocument/IssueDate": None},
    ),
    "RIDET of letters": ("10.1", {"Seller/CompanyId": "A23456789", "Seller/CompanyId/@schemeId": "0228"}),
    "long foreign number": ("10.1", {"Seller/CompanyId": "A" * 19, "Seller/CompanyId/@schemeId": "0227"}),
    "exempt and unknown": (
        "10.1",
        {
            "TaxSubTotal/TaxCategory/Code": "E",
            "Seller/TaxRegistrationId": None,
            "Seller/CompanyId/@schemeId": "0229",
        },
    ),
    "a price two cents off": ("10.1 full", {"Line[1]/Price/PriceAmount": "12.52"}),
}


def not_together(case: str) -> etree._Element:
    name, changes = NOT_TOGETHER[case]
    root = TREES[name]
    for path, value in changes.items():
        place, _, attribute = f"/Report/TransactionsReport/Invoice[1]/{path}".partition("/@")
        if value is None:
            root = without_or_with_one_more(root, place, twice=False)
        else:
            root = changed(root, (place, attribute or None), value)
    return root


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_valid_report_of_every_kind_is_valid_to_both(name: str) -> None:
    assert SCHEMA.validate(TREES[name]), SCHEMA.error_log
    assert problems(TREES[name]) == []
    assert ORACLE.failed(TREES[name]) == frozenset()


@pytest.mark.parametrize(("name", "place"), EVERY_PLACE)
def test_a_value_at_any_place_alone_gets_the_same_verdict(name: str, place: Place) -> None:
    judged(name, place)


@pytest.mark.parametrize("name", ["transactions", "payments"])
def test_any_part_taken_out_or_put_in_twice_gets_the_same_verdict(name: str) -> None:
    judged_parts(name)


@pytest.mark.parametrize("case", NOT_TOGETHER)
def test_values_that_do_not_fit_together_get_the_same_verdict(case: str) -> None:
    assert compare(not_together(case))


@given(cents=st.lists(st.integers(-10_000_000, 10_000_000), min_size=1, max_size=6), off=st.integers(-8, 8))
@settings(deadline=None, max_examples=60)
def test_sums_at_the_very_edge_get_the_same_verdict(cents: list[int], off: int) -> None:
    """The official check computes in binary: where only that makes the difference, ours is a warning."""
    root = deepcopy(TREES["10.3"])
    day = find(root, "//Transactions[1]")
    (first, *others) = day.findall("TaxSubtotal")
    for other in others:
        day.remove(other)
    for _ in cents[1:]:
        day.append(deepcopy(first))
    for amount, part in zip(cents, day.findall("TaxSubtotal"), strict=True):
        find(part, "TaxableAmount").text = f"{Decimal(amount) / 100:.2f}"
    find(day, "TaxExclusiveAmount").text = f"{Decimal(sum(cents) + off) / 100:.2f}"
    compare(root)
    wrong = [p.severity for p in problems(root) if (p.code, p.term) == ("G1.53", "TT-82")]
    assert (Severity.ERROR in wrong) == (abs(off) > len(cents))


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_any_number_of_changes_together_gets_the_same_verdict(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TREES)))
    root = TREES[name]
    for place in data.draw(st.lists(st.sampled_from(list(places(root))), max_size=6, unique=True)):
        root = changed(root, place, data.draw(st.sampled_from(values_for(TREES[name], place))))
    for path, twice in data.draw(st.lists(st.sampled_from(list(parts(root))), max_size=1)):
        root = without_or_with_one_more(root, path, twice)
    if SCHEMA.validate(root):
        compare(root)


def test_every_assertion_of_the_official_check_has_been_compared() -> None:
    """None of the comparisons above is empty: together they make every single assertion fail."""
    seen = frozenset().union(
        *(judged(name, place) for name, place in EVERY_PLACE),
        judged_parts("transactions"),
        judged_parts("payments"),
        *(compare(not_together(case)) for case in NOT_TOGETHER),
    )
    assert len(assertions()) > 140
    assert sorted(assertions() - seen) == []


def test_every_rule_of_the_official_check_is_one_of_ours() -> None:
    assert {assertion.rule for assertion in assertions()} - RULES == set()


def test_what_differs_from_the_official_check_is_told() -> None:
    official = {assertion.rule for assertion in assertions()}
    assert RULES - official == set(OURS_ALONE)
    assert all(known.rule in official for known in DIFFERENCES)
    assert not official & set(NOT_HERE)
    assert not RULES & set(NOT_HERE)
