"""The rules of flux 10 one by one, on plain values; what no official check can tell us is told here."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector.model import Problem, Severity
from connector.samples.frr import Head, payments_report, transactions_report
from connector.validation.flux10 import groups
from connector.validation.flux10.findings import MOST_OF_ONE_KIND, Finding, Findings, Place
from connector.validation.flux10.report import ReportRules, rules_for
from connector.validation.flux10.tables import Shape, tables
from connector.validation.flux10.values import as_date, is_amount, is_identifier, value_rules
from connector.validation.flux10.words import Fault, Group
from connector.validation.xsd import MOST_PROBLEMS

TODAY = date(2026, 11, 22)
FACTS = tables(TODAY).facts
XSD = Path(str(distribution("pyfrctc").locate_file("pyfrctc/frr-xsd")))


def found_in(report: bytes, today: date = TODAY, level: Severity = Severity.ERROR) -> list[Problem]:
    return ReportRules(today, level).whole(etree.fromstring(report))


def codes(report: bytes, today: date = TODAY) -> list[str]:
    return [problem.code for problem in found_in(report, today)]


def broken(kind: str, value: str, today: date = TODAY) -> list[str]:
    return [rule.id for rule in value_rules(tables(today).facts)[kind] if not rule.holds(value)]


# --------------------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("kind", "value", "rules"),
    [
        ("date", "20240229", []),
        ("date", "20230229", ["G1.09"]),
        ("date", "2026-09-01", ["G1.09"]),
        ("date", "19991231", ["G1.36"]),
        ("date", "20261231", []),
        ("past-date", "20261122", []),
        ("past-date", "20261123", ["G1.07"]),
        ("past-date", "99999999", ["G1.09", "G1.36"]),
        ("moment", "20261001235959", []),
        ("moment", "20261001240000", ["G7.53"]),
        ("transmission-id", "ER 2026/09_001", []),
        ("transmission-id", "ER  2026", ["G1.104"]),
        ("number", "F" * 35, ["PPF-G1.05"]),
        ("number", "F" * 36, ["G1.05"]),
        ("number", "FA n°1", ["G1.05"]),
        ("due-code", "5", []),
        ("due-code", "432", ["PPF-P1.11"]),
        ("due-code", "433", ["P1.11"]),
        ("currency", "CHF", []),
        ("currency", "CHX", ["G1.10"]),
        ("payment-currency", "CHF", ["G6.27"]),
        ("country", "XI", []),
        ("country", "UK", ["G2.01"]),
        ("amount", "-12.50", []),
        ("amount", "12,50", ["G1.14"]),
        ("amount", "1 000.00", ["G1.14"]),
        ("quantity", "0.1234", []),
        ("price", "-1", ["G1.16"]),
        ("payment", "-1.00", ["G1.16"]),
        ("rate", "5.50", []),
        ("rate", "19", ["G1.24"]),
        ("rate", "vingt", ["G1.24"]),
        ("rate", "sNaN", ["G1.24"]),
        ("rate", " +20. ", []),
        ("count", "1000000000", ["A6-COUNT"]),
        ("count", "-3", ["A6-COUNT"]),
        ("unit", "C62", []),
        ("unit", "pce", ["A6-UNIT"]),
        ("note-subject", "aab", ["G1.52"]),
        ("euro", "USD", ["G6.23"]),
    ],
)
def test_a_value_breaks_exactly_these_rules(kind: str, value: str, rules: list[str]) -> None:
    assert broken(kind, value) == rules


def test_what_the_public_portal_does_not_take_yet_is_a_warning_until_it_does() -> None:
    assert broken("number", "F" * 21, date(2026, 12, 31)) == ["PPF-G1.05"]
    assert broken("number", "F" * 21, date(2027, 1, 1)) == []
    assert broken("due-code", "3", date(2027, 6, 30)) == ["PPF-P1.11"]
    assert broken("due-code", "3", date(2027, 7, 1)) == []
    report = transactions_report(invoices=1).replace(b"FX-202609-000001", b"FX-202609-000001-SUITE")
    (problem,) = found_in(report)
    assert (problem.code, problem.severity) == ("PPF-G1.05", Severity.WARNING)


def test_a_refund_is_a_warning_because_the_sources_contradict_each_other() -> None:
    (problem,) = found_in(payments_report(transactions=1).replace(b"<Amount>", b"<Amount>-", 1))
    assert (problem.code, problem.severity, problem.term) == ("G1.16", Severity.WARNING, "TT-99")


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_of_the_century_is_a_date(day: date) -> None:
    assert as_date(f"{day:%Y%m%d}") == day


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2))
def test_every_amount_of_two_decimals_and_nineteen_digits_is_one(amount: Decimal) -> None:
    assert is_amount(f"{amount:f}", 2, signed=True)
    assert is_amount(f"{amount:f}", 2, signed=False) == (not f"{amount:f}".startswith("-"))


@given(st.text(max_size=60))
def test_an_identifier_is_never_told_to_be_right_with_a_blank_at_an_end(value: str) -> None:
    assert not is_identifier(f" {value}", 100)
    assert not is_identifier(f"{value} ", 100)


# --------------------------------------------------------------------------- groups
def one(values: dict[str, str], **groups: list[Group]) -> Group:
    return Group(values={name: [value] for name, value in values.items()}, groups=groups)


def test_a_cent_a_part_is_allowed_and_no_more() -> None:
    def gap(total: str) -> list[Fault]:
        parts = [one({"TaxableAmount": "10.00", "TaxTotal": "2.00"}) for _ in range(3)]
        day = one(
            {"TransactionsCurrency": "EUR", "TaxExclusiveAmount": total, "TaxTotal": "6.00"},
            TaxSubtotal=parts,
        )
        return list(groups.day_adds_up(day, FACTS))

    assert gap("30.02") == []
    assert [fault.severity for fault in gap("30.04")] == [Severity.ERROR]
    assert [(fault.at, fault.found, fault.expected) for fault in gap("29.96")] == [
        ("TaxExclusiveAmount", "29.96", "30.00")
    ]


def test_a_gap_that_only_binary_arithmetic_sees_is_a_warning() -> None:
    """100.01 - 100.00 is a cent to everybody, and more than a cent to a computer that counts in binary."""
    day = one(
        {"TransactionsCurrency": "EUR", "TaxExclusiveAmount": "100.01", "TaxTotal": "20.00"},
        TaxSubtotal=[one({"TaxableAmount": "100.00", "TaxTotal": "20.00"})],
    )
    assert [fault.severity for fault in groups.day_adds_up(day, FACTS)] == [Severity.WARNING]


def test_sums_in_another_currency_are_not_judged() -> None:
    day = one({"TransactionsCurrency": "CHF", "TaxExclusiveAmount": "1.00", "TaxTotal": "0.00"})
    assert list(groups.day_adds_up(day, FACTS)) == []


def test_a_report_made_before_its_period_is_over_is_told() -> None:
    head = Head(period_end=date(2026, 11, 30))
    (made, over) = sorted(found_in(transactions_report(head)), key=lambda problem: problem.term or "")[::-1]
    assert (made.code, made.term, made.expected) == ("G7.43", "TT-3", "> 20261130")
    assert (over.code, over.term, over.expected) == ("G7.43", "TT-18", "< 20261122")


def test_a_period_in_the_future_has_not_begun() -> None:
    head = Head(period_start=date(2026, 12, 1), period_end=date(2026, 12, 31))
    assert "G6.24" in codes(transactions_report(head))
    assert "G6.24" not in codes(transactions_report(head), today=date(2027, 2, 1))


def test_one_day_is_no_period() -> None:
    head = Head(period_start=date(2026, 9, 30))
    (problem,) = found_in(payments_report(head, transactions=1))
    assert (problem.code, problem.found, problem.expected) == ("G6.25", "20260930", "> 20260930")


@pytest.mark.parametrize(("report", "found"), [("both", "TransactionsReport, PaymentsReport"), ("none", "")])
def test_a_report_is_of_transactions_or_of_payments(report: str, found: str) -> None:
    root = etree.fromstring(transactions_report(transactions=1))
    if report == "both":
        root.append(etree.fromstring(payments_report(transactions=1))[1])
    else:
        root.remove(root[1])
    (problem,) = ReportRules(TODAY).whole(root)
    assert (problem.code, problem.where, problem.term, problem.found) == ("G6.29", "/Report", "TB-0", found)


# --------------------------------------------------------------------------- the report as a whole
def test_an_invoice_number_is_told_once_for_a_year_and_a_seller() -> None:
    report = transactions_report(invoices=3).replace(b"-000003</ID>", b"-000001</ID>")
    (problem,) = found_in(report)
    assert (problem.code, problem.where, problem.found, problem.term) == (
        "G1.42",
        "/Report/TransactionsReport/Invoice[3]/ID",
        "FX-202609-000001",
        "TT-19",
    )
    other_year = report.replace(b"<IssueDate>20260903", b"<IssueDate>20250903")
    assert codes(other_year) == []
    other_seller = transactions_report(Head(role="BY"), invoices=3).replace(b"-000003</ID>", b"-000001</ID>")
    assert codes(other_seller) == []


def test_a_problem_says_where_what_and_what_instead() -> None:
    report = transactions_report(invoices=2).replace(b"<Percent>20<", b"<Percent>19<")
    (problem,) = found_in(report)
    assert problem == Problem(
        code="G1.24",
        source="rules",
        where="/Report/TransactionsReport/Invoice[1]/TaxSubTotal/TaxCategory/Percent",
        line=27,
        term="TT-57",
        found="19",
        expected="0, 0.9, 1.05, 1.75, 2.1, 5.5, 7, 8.5, 9.2, 9.6, 10, 13, 19.6, 20, 20.6",
        occurrences=2,
        invoice_line="FX-202609-000001",
    )


def test_an_attribute_is_named_in_the_path() -> None:
    (problem,) = found_in(
        transactions_report(invoices=1).replace(b'CurrencyCode="EUR"', b'CurrencyCode="USD"')
    )
    assert problem.where == "/Report/TransactionsReport/Invoice[1]/MonetaryTotal/TaxAmount/@CurrencyCode"
    assert problem.term == "TT-202"


def test_a_comment_in_a_value_is_no_part_of_it() -> None:
    report = transactions_report(transactions=1)
    assert codes(report.replace(b">TLB1<", b">TL<!-- note -->B1<")) == []
    assert codes(report.replace(b">TLB1<", b">TL<!-- note -->X1<")) == ["G1.68"]
    assert codes(report.replace(b"<Date>", b"<!-- day --><?x y?><Date>")) == []


def test_lengths_of_annexe_6_are_kept() -> None:
    report = transactions_report(Head(declarant_name="N" * 151))
    (problem,) = found_in(report)
    assert (problem.code, problem.term, problem.expected) == ("A6-LENGTH", "TT-14", "<= 150")


def test_the_stamp_of_the_platform_is_a_warning_unless_the_tables_say_otherwise() -> None:
    """What an accounting package writes there, the platform writes anew (G6.22, G7.51)."""
    report = transactions_report().replace(b'schemeId="0238">9999<', b'schemeId="0002">732829320<')
    report = report.replace(b">WK<", b">SE<")
    problems = found_in(report)
    assert [problem.code for problem in problems] == ["G6.22", "G6.22", "G7.51"]
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert {p.severity for p in ReportRules(TODAY, stamp=Severity.ERROR).whole(etree.fromstring(report))} == {
        Severity.ERROR
    }


def test_rules_that_only_warn_never_make_a_report_invalid() -> None:
    report = transactions_report(transactions=1).replace(b"TLB1", b"X")
    assert [p.severity for p in found_in(report)] == [Severity.ERROR]
    assert [p.severity for p in found_in(report, level=Severity.WARNING)] == [Severity.WARNING]


def test_there_are_rules_for_reports_on_routes_that_want_them() -> None:
    assert rules_for("frr-report", "off") is None
    assert rules_for("ubl-invoice", "error") is None
    assert rules_for("frr-report", "warn") is not None


# --------------------------------------------------------------------------- findings
def finding(kind: str, value: str, rule: str = "G1.09") -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, kind=kind, term=None, found=value, expected=None)


def test_like_findings_are_one_and_only_the_first_is_looked_up() -> None:
    looked: list[int] = []
    findings = Findings(Severity.ERROR)
    for number in range(1000):

        def locate(number: int = number) -> Place:
            looked.append(number)
            return Place(f"/R/I[{number + 1}]", number)

        findings.add(finding("R/I", "x"), locate)
    (problem,) = findings.problems()
    assert (problem.where, problem.occurrences) == ("/R/I[1]", 1000)
    assert looked == [0]


def test_many_different_wrong_values_do_not_hide_another_fault_and_all_are_counted() -> None:
    findings = Findings(Severity.ERROR)
    for number in range(5000):
        findings.add(finding("R/I", str(number)), lambda: Place("/R/I", 1))
    findings.add(finding("R/E", "x"), lambda: Place("/R/E", 2))
    (*problems, rest) = findings.problems()
    assert len(problems) == MOST_OF_ONE_KIND + 1
    assert problems[-1].where == "/R/E"
    assert (rest.code, rest.occurrences) == ("problems-truncated", 5000 - MOST_OF_ONE_KIND)


def test_there_is_an_end_to_the_list_of_problems() -> None:
    findings = Findings(Severity.ERROR)
    for number in range(1000):
        findings.add(finding(f"R/{number}", "x"), lambda: Place("/R", 1))
    (*problems, rest) = findings.problems()
    assert (len(problems), rest.occurrences) == (MOST_PROBLEMS, 1000 - MOST_PROBLEMS)


def test_a_value_as_long_as_a_book_is_cut() -> None:
    (problem,) = found_in(transactions_report(transactions=1).replace(b"TLB1", b"X" * 100_000))
    assert problem.found is not None
    assert len(problem.found) <= 300


# --------------------------------------------------------------------------- the tables
def leaves(shape: Shape) -> set[str]:
    """Paths of all that can hold a value."""
    found = {inner.path for _, _, inner in shape.attributes}
    if shape.broken is not None:
        return found | {shape.path}
    return found.union(*(leaves(below) for below in shape.below.values()))


def schema_leaves() -> set[str]:
    """The same, as the XSD has them."""
    xs = "{http://www.w3.org/2001/XMLSchema}"
    types = {
        f"{file.stem[:3]}:{kind.get('name')}": kind
        for file in XSD.glob("*.xsd")
        for kind in etree.parse(str(file)).getroot().iterchildren(f"{xs}complexType")
    }

    def below(node: etree._Element, path: str) -> set[str]:
        found: set[str] = set()
        for child in node:
            if child.tag == f"{xs}attribute":
                found.add(f"{path}/@{child.get('name')}")
            elif child.tag == f"{xs}element":
                inner = f"{path}/{child.get('name')}"
                kind = (child.get("type") or "").replace("trs:", "tra:")
                more = below(types.get(kind, child), inner)
                simple = not any("/@" not in place for place in more)
                found |= more | ({inner} if simple else set())
            else:
                found |= below(child, path)
        return found

    return below(types["ere:ReportType"], "Report")


def test_every_value_of_the_schema_has_its_place_in_the_tables() -> None:
    without_rule = {place for place in schema_leaves() if place.endswith("/@ChargeIndicator")}
    assert leaves(tables(TODAY).root) == schema_leaves() - without_rule


def test_every_group_rule_is_for_places_that_exist() -> None:
    for rule in groups.GROUP_RULES:
        for place in rule.at:
            shape = tables(TODAY).root.at(place.partition("/")[2])
            assert rule in shape.rules


def test_code_lists_have_the_form_of_their_codes() -> None:
    assert all(len(code) == 3 and code.isupper() for code in FACTS.codes["currencies"])
    assert all(len(code) == 2 and code.isupper() for code in FACTS.codes["countries"])
    assert {"EUR", "USD", "CHF"} <= set(FACTS.codes["currencies"])
    assert {"FR", "DE", "XI"} <= set(FACTS.codes["countries"])
    assert all(len(set(listed)) == len(listed) for listed in FACTS.codes.values())
