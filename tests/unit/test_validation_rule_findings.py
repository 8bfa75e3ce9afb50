"""From a Schematron report to problems: names, places, severity, grouping."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import pytest
from lxml import etree

from connector.model import Problem, Severity
from connector.validation.rules.findings import MOST_PROBLEMS, Places, problems_of
from connector.validation.rules.svrl import Raised, read_svrl
from connector.validation.xsd import place

INVOICE = etree.fromstring(
    b"""<Invoice xmlns="urn:i" xmlns:c="urn:c">
<c:ID schemeID="0002">FA-1</c:ID>
<c:Line><c:ID>1</c:ID><!-- a remark --><c:Item c:far="x"><c:Name> Pompe </c:Name></c:Item></c:Line>
<c:Line><c:ID>2</c:ID><c:Item><c:Name/></c:Item></c:Line>
<other:Line xmlns:other="urn:o"/>
</Invoice>"""
)
LINE = "/*:Invoice[namespace-uri()='urn:i'][1]/*:Line[namespace-uri()='urn:c']"


def report(*findings: str) -> str:
    body = "".join(findings)
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<svrl:schematron-output xmlns:svrl="http://purl.oclc.org/dsdl/svrl">'
        f'<svrl:fired-rule context="/"/>{body}<svrl:fired-rule context="/"/></svrl:schematron-output>'
    )


def failed(
    text: str,
    rule: str | None = None,
    flag: str | None = None,
    location: str = "/",
    tag: str = "failed-assert",
) -> str:
    named = f" id={quoteattr(rule)}" if rule else ""
    flagged = f' flag="{flag}"' if flag else ""
    return (
        f'<svrl:{tag} test="x"{named}{flagged} location={quoteattr(location)}>'
        f"<svrl:text>{escape(text)}</svrl:text></svrl:{tag}>"
    )


def raised(rule: str, location: str, *, flag: str | None = None, text: str = "t") -> Raised:
    return Raised(rule=rule, flag=flag, location=location, text=text)


def strict(rule: str, flag: str | None) -> Severity:
    return Severity.WARNING if flag == "warning" else Severity.ERROR


def problems(*raised: Raised, root: etree._Element = INVOICE) -> Sequence[Problem]:
    return problems_of(raised, root, strict)


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("BR-CO-15", "[BR-CO-15]-Invoice total", "BR-CO-15"),
        ("BR-FR-12_BT-49", "[BR-FR-12/BT-49] : adresse", "BR-FR-12_BT-49"),
        ("FX-SCH-A-000047", "\n\t[BR-45]-Each VAT breakdown", "BR-45"),
        ("FX-SCH-A-000027", "Element 'x' must occur", "FX-SCH-A-000027"),
        ("FX-SCH-A-000372", "[PEPPOL-EN16931-R008]-No empty", "PEPPOL-EN16931-R008"),
        (None, "[G1.104] identifiant", "G1.104"),
        (None, "[G1.05a] montant", "G1.05a"),
        (None, "Element 'x' is marked as not used", None),
        (None, "[a remark] of no rule", None),
    ],
)
def test_a_rule_goes_by_the_name_that_everybody_knows(
    rule: str | None, text: str, expected: str | None
) -> None:
    (found,) = read_svrl(report(failed(text, rule)))
    assert found.rule == expected
    assert found.text == " ".join(text.split())


def test_reports_count_like_failed_asserts_and_roles_like_flags() -> None:
    told = failed("t", "A-1", tag="successful-report").replace("test=", 'role="Warning" test=')
    assert [(each.rule, each.flag) for each in read_svrl(report(told, failed("t", "A-2", "FATAL")))] == [
        ("A-1", "warning"),
        ("A-2", "fatal"),
    ]


def test_a_report_of_a_clean_document_says_nothing() -> None:
    assert list(read_svrl(report())) == []


@pytest.mark.parametrize(
    ("location", "where", "found"),
    [
        ("/*:Invoice[namespace-uri()='urn:i'][1]", "/Invoice", None),
        (f"{LINE}[1]/*:ID[namespace-uri()='urn:c'][1]", "/Invoice/Line[1]/ID", "1"),
        (f"{LINE}[2]", "/Invoice/Line[2]", None),
        (f"{LINE}[1]/*:Item[namespace-uri()='urn:c'][1]/*:Name[1]", "/Invoice/Line[1]/Item/Name", "Pompe"),
        (f"{LINE}[2]/*:Item[namespace-uri()='urn:c'][1]/*:Name[1]", "/Invoice/Line[2]/Item/Name", None),
        ("/*:Invoice[1]/*:Line[namespace-uri()='urn:o'][1]", "/Invoice/Line[3]", None),
        ("/Invoice[1]/c:ID[1]/@schemeID", "/Invoice/ID/@schemeID", "0002"),
        (
            f"{LINE}[1]/*:Item[1]/@*[local-name()='far' and namespace-uri()='urn:c']",
            "/Invoice/Line[1]/Item/@far",
            "x",
        ),
        (f"{LINE}[9]", None, None),
        ("/*:Order[1]", None, None),
        ("/", None, None),
        ("//*[contains(., 'x')]", None, None),
    ],
)
def test_a_place_is_told_in_our_words(location: str, where: str | None, found: str | None) -> None:
    (problem,) = problems(raised("R-1", location))
    assert (problem.where, problem.found) == (where, found)
    assert (problem.line is None) == (where is None)


def test_our_paths_are_those_of_schema_problems() -> None:
    places = Places(INVOICE)
    for element in INVOICE.iter("*"):
        assert places.path(element) == place(element)


def test_the_problem_says_who_found_it_how_grave_it_is_and_keeps_its_words() -> None:
    (problem,) = problems(raised("R-1", f"{LINE}[2]", flag="warning", text="[R-1]-Line two."))
    assert problem == Problem(
        code="R-1",
        severity=Severity.WARNING,
        source="rules",
        where="/Invoice/Line[2]",
        line=4,
        message="[R-1]-Line two.",
    )


def test_a_finding_without_a_name_gets_the_one_of_its_rule_set() -> None:
    nameless = Raised(rule=None, flag=None, location="/", text="t")
    (problem,) = problems_of([nameless], INVOICE, strict, unnamed="FX-NOT-USED")
    assert problem.code == "FX-NOT-USED"


def test_the_same_fault_on_several_lines_is_one_problem_with_occurrences() -> None:
    found = problems(raised("R-1", f"{LINE}[1]"), raised("R-1", f"{LINE}[2]"), raised("R-2", f"{LINE}[1]"))
    assert [(each.code, each.where, each.occurrences) for each in found] == [
        ("R-1", "/Invoice/Line[1]", 2),
        ("R-2", "/Invoice/Line[1]", 1),
    ]


def test_the_same_rule_with_other_values_stays_apart() -> None:
    found = problems(*(raised("R-1", f"{LINE}[{n}]/*:ID[1]") for n in (1, 2)))
    assert [each.found for each in found] == ["1", "2"]


def test_ten_thousand_faults_are_counted_in_bounded_space() -> None:
    lines = "".join(f"<L><I>{n}</I></L>" for n in range(10_000))
    root = etree.fromstring(f"<R>{lines}</R>")
    found = problems(*(raised("R-1", f"/R[1]/L[{n + 1}]/I[1]") for n in range(10_000)), root=root)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1].code == "problems-truncated"
    assert found[-1].severity is Severity.WARNING
    assert sum(each.occurrences for each in found) == 10_000


def test_long_values_and_sentences_are_cut() -> None:
    root = etree.fromstring(f"<R>{'x' * 5000}</R>")
    (problem,) = problems(raised("R-1", "/R[1]", text="y" * 5000), root=root)
    assert len(problem.found or "") == 300
    assert len(problem.message or "") == 2000
