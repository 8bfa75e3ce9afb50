"""The rules of flux 10 as a file meets them: in a tree or a stream, on any route, however large or wrong."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.model import Inspection, Severity, VerdictStatus
from connector.samples.frr import Head, payments_report, transactions_report
from connector.samples.frr_large import write_report
from connector.samples.ubl import ubl_invoice
from connector.validation.flux10.findings import MOST_OF_ONE_KIND
from connector.validation.flux10.report import ReportRules, rules_for
from connector.validation.inspect import STREAM_ABOVE, inspect_file
from connector.validation.schemas import Schemas

SCHEMAS = Schemas()
MB = 1_000_000
LIMIT = 75 * 1024  # KiB; the program alone takes about 45 MiB
KINDS = ("10.1", "10.2", "10.3", "10.4")
HOW = pytest.mark.parametrize("stream_above", [STREAM_ABOVE, 100], ids=["tree", "stream"])
TITLE = "Flux 10, DGFiP v3.2 (annexe 7 v1.9)"
WRONG = transactions_report(invoices=3, transactions=3, full=True).replace(b">TLB1<", b">T<", 2)

MEASURE = """
import sys
from pathlib import Path
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
seen = inspect_file(Path(sys.argv[1]), Schemas(), rules=sys.argv[2])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(seen.verdict.status, seen.document.lines, len(seen.verdict.problems), peak)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.xml"


def inspect(file: Path, report: bytes, rules: str, stream_above: int = STREAM_ABOVE) -> Inspection:
    file.write_bytes(report)
    return inspect_file(file, SCHEMAS, rules=rules, stream_above=stream_above)


@HOW
@pytest.mark.parametrize(
    ("rules", "status", "severities", "title"),
    [
        ("off", VerdictStatus.VALID, [], None),
        ("warn", VerdictStatus.VALID, [Severity.WARNING], TITLE),
        ("error", VerdictStatus.INVALID, [Severity.ERROR], TITLE),
    ],
)
def test_a_route_says_how_rules_count(
    file: Path,
    rules: str,
    status: VerdictStatus,
    severities: list[Severity],
    title: str | None,
    stream_above: int,
) -> None:
    seen = inspect(file, WRONG, rules, stream_above)
    problems = [problem for problem in seen.verdict.problems if problem.source == "rules"]
    assert (seen.verdict.status, seen.verdict.rules) == (status, title)
    assert [problem.severity for problem in problems] == severities
    assert [(problem.code, problem.occurrences) for problem in problems] == (
        [("G1.68", 2)] if severities else []
    )


@pytest.mark.parametrize("address", ["https://exemple.fr", "0238:9999"])  # libxml2 refuses the second
def test_a_tree_and_a_stream_find_the_same_at_the_same_places(file: Path, address: str) -> None:
    report = transactions_report(Head(sender_address=address), invoices=4, transactions=4, full=True)
    for right, wrong in (
        (b"<ID>FX-", b"<ID>FX  "),
        (b"<StartDate>2026", b"<StartDate>2O26"),
        (b"<Code>S<", b"<Code>T<"),
        (b'"EUR"', b'"USD"'),
        (b"<Amount>12.50", b"<Amount>12.505"),
        (b"<IssueDate>2", b"<IssueDate>3"),
        (b"<TaxPercent>20<", b"<TaxPercent>21<"),
    ):
        report = report.replace(right, wrong, 5)
    tree, stream = inspect(file, report, "error"), inspect(file, report, "error", 100)
    assert tree == stream
    assert len(tree.verdict.problems) > 10
    assert {p.invoice_line for p in tree.verdict.problems if "/Invoice[2]" in str(p.where)} == {
        "FX 202609-000002"
    }


@pytest.mark.parametrize("stream_above", [STREAM_ABOVE, 100], ids=["tree", "stream"])
def test_a_report_that_its_schema_refuses_is_not_judged_by_rules(file: Path, stream_above: int) -> None:
    report = WRONG.replace(b"<TypeCode>IN</TypeCode>", b"")
    seen = inspect(file, report, "error", stream_above)
    assert {problem.source for problem in seen.verdict.problems} == {"xsd"}
    assert seen.verdict.rules is None


def test_an_electronic_address_that_libxml2_refuses_does_not_keep_the_rules_out(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too large to be read again as a tree, and read twice because of the address (V-trap of xs:anyURI)."""
    monkeypatch.setattr("connector.validation.inspect.LINES_BELOW", 100)
    report = WRONG.replace(
        b"<RoleCode>WK</RoleCode>",
        b"<RoleCode>WK</RoleCode><URIUniversalCommunication><URIID>0238:1</URIID></URIUniversalCommunication>",
    )
    seen = inspect(file, report, "error", 100)
    assert [problem.code for problem in seen.verdict.problems] == ["xsd-wrong-type", "G1.68"]


def test_an_invoice_has_nothing_to_do_with_the_rules_of_reports(file: Path) -> None:
    seen = inspect(file, ubl_invoice(), "warn")
    assert TITLE not in (seen.verdict.rules or "")


@pytest.mark.parametrize("size", [10_000, 500_000, 3 * MB, 9 * MB])
def test_a_report_of_any_size_is_judged_once(file: Path, size: int) -> None:
    """However it is read for its size: no invoice is told to be there twice, no fault counted twice."""
    write_report(file, "10.1", size)
    report = file.read_bytes()
    assert inspect(file, report, "error").verdict.problems == ()
    (problem,) = inspect(file, report.replace(b"<ID>B1<", b"<ID>B9<"), "error").verdict.problems
    assert (problem.code, problem.occurrences) == ("G1.02", report.count(b"<ID>B1<"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_of_twenty_megabytes_takes_no_more_memory_than_a_small_one(file: Path, kind: str) -> None:
    """By its XSD and the rules, in a process of its own; as a tree it would take 160 MB more."""
    write_report(file, kind, 20 * MB)
    measured = [sys.executable, "-c", MEASURE, str(file), "error"]
    said = subprocess.run(measured, capture_output=True, text=True, check=True, timeout=100).stdout.split()
    status, lines, problems, peak = said[0], int(said[1]), int(said[2]), int(said[-1])
    assert (status, problems) == ("valid", 0)
    assert lines > 20_000
    assert peak < LIMIT


def test_a_report_wrong_in_every_line_takes_no_more_memory_either(file: Path) -> None:
    write_report(file, "10.3", 12 * MB)
    number = itertools.count()
    file.write_bytes(
        re.sub(rb"TLB1|<TaxTotal>", lambda found: _wrong(found[0], next(number)), file.read_bytes())
    )
    measured = [sys.executable, "-c", MEASURE, str(file), "error"]
    said = subprocess.run(measured, capture_output=True, text=True, check=True, timeout=100).stdout.split()
    kinds = 2  # the category, and the total that is not the sum of its rates
    assert (said[0], int(said[2])) == ("invalid", kinds * MOST_OF_ONE_KIND + 1)
    assert int(said[-1]) < LIMIT


def _wrong(right: bytes, number: int) -> bytes:
    """Another wrong category, and another amount, each time."""
    return b"T%d" % number if right == b"TLB1" else b"<TaxTotal>%d" % number


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_report_looks_like_the_rules_do_not_stumble(data: st.DataObject) -> None:
    """While a report streams by, they see it before the schema has spoken."""
    base = data.draw(
        st.sampled_from([WRONG, payments_report(invoices=2, transactions=2), transactions_report(invoices=2)])
    )
    root = etree.fromstring(base)
    for element in data.draw(st.lists(st.sampled_from(list(root.iter())[1:]), max_size=5, unique=True)):
        change = data.draw(st.sampled_from(["text", "rename", "attributes", "remove", "child", "move"]))
        parent = element.getparent()
        if change == "text":
            element.text = data.draw(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])))
        elif change == "rename":
            element.tag = data.draw(st.sampled_from(["{urn:x}ID", "Invoice", "Transactions", "TaxSubTotal"]))
        elif change == "attributes":
            element.attrib.clear()
        elif change == "child":
            etree.SubElement(
                element, data.draw(st.sampled_from(["Invoice", "ID", "Amount", "Line"]))
            ).text = "x"
        elif change == "move" and element is not root[0]:
            root.append(element)
        elif parent is not None:
            parent.remove(element)
    rules = rules_for("frr-report", "error")
    assert isinstance(rules, ReportRules)
    for problem in rules.whole(root):
        assert problem.where is not None or problem.code == "problems-truncated"
