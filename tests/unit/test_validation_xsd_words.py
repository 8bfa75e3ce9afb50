"""libxml2's sentences are taken apart into code, value and expectation.

The sentences come from libxml2 itself, by small schemas: a release that words them otherwise fails here.
"""

from __future__ import annotations

import pytest
from lxml import etree

from connector.model import Problem, Severity
from connector.validation.xsd import locate, log_lines, place, problems_of

SCHEMA = etree.XMLSchema(
    etree.fromstring("""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t"
    elementFormDefault="qualified">
  <xs:element name="R"><xs:complexType><xs:sequence>
    <xs:element name="Code" maxOccurs="unbounded"><xs:complexType><xs:simpleContent>
      <xs:extension base="CodeType"><xs:attribute name="list" use="required"/></xs:extension>
    </xs:simpleContent></xs:complexType></xs:element>
    <xs:element name="When" type="xs:date"/>
    <xs:choice maxOccurs="unbounded">
      <xs:element name="Siren" type="Siren"/><xs:element name="Short" type="Short"/>
      <xs:element name="LineAmount" type="Amount"/><xs:element name="Web" type="xs:anyURI"/>
    </xs:choice>
  </xs:sequence></xs:complexType></xs:element>
  <xs:simpleType name="CodeType"><xs:restriction base="xs:token">
    <xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Siren"><xs:restriction base="xs:string">
    <xs:pattern value="[0-9]{9}"/><xs:length value="9"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Short"><xs:restriction base="xs:string">
    <xs:maxLength value="3"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Amount"><xs:restriction base="xs:decimal">
    <xs:fractionDigits value="2"/></xs:restriction></xs:simpleType>
</xs:schema>""")
)
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
WHOLE = """<R xmlns="urn:t">
<Code list="x">A</Code>
<When>2026-09-01</When>
<Siren>123456789</Siren>
</R>"""


def problems(document: str) -> tuple[Problem, ...]:
    root = etree.fromstring(document)
    SCHEMA.validate(root)
    return problems_of(log_lines(SCHEMA.error_log), root)


def facts(document: str) -> list[tuple[str, str | None, int | None, str | None, str | None]]:
    return [(p.code, p.where, p.line, p.found, p.expected) for p in problems(document)]


def test_a_valid_document_has_no_problem() -> None:
    assert problems(WHOLE) == ()


@pytest.mark.parametrize(
    ("before", "after", "fact"),
    [
        (">A<", ">C<", ("xsd-wrong-value", "/R/Code", 2, "C", "A, B")),
        ("123456789<", "12345678x<", ("xsd-wrong-value", "/R/Siren", 4, "12345678x", "pattern [0-9]{9}")),
        (
            "<Siren>123456789</Siren>",
            "<Short>long</Short>",
            ("xsd-wrong-value", "/R/Short", 4, "long", "maxLength 3"),
        ),
        (
            "<Siren>123456789</Siren>",
            "<LineAmount>1.234</LineAmount>",
            ("xsd-wrong-value", "/R/LineAmount", 4, "1.234", "fractionDigits 2"),
        ),
        ("2026-09-01", "01/09/2026", ("xsd-wrong-type", "/R/When", 3, "01/09/2026", "xs:date")),
        (' list="x"', "", ("xsd-missing-attribute", "/R/Code/@list", 2, None, "list")),
        (' list="x"', ' list="x" lst="y"', ("xsd-unexpected-attribute", "/R/Code/@lst", 2, "lst", None)),
        ("<When>2026-09-01</When>\n", "", ("xsd-unexpected-element", "/R/Siren", 3, "Siren", "Code, When")),
        (
            "<When>2026-09-01</When>\n<Siren>123456789</Siren>\n",
            "",
            ("xsd-missing-element", "/R", 1, None, "Code, When"),
        ),
        (
            "<Siren>123456789</Siren>",
            '<Siren xmlns="">123456789</Siren>',
            ("xsd-wrong-namespace", "/R/Siren", 4, "", "urn:t"),
        ),
        (
            "<Siren>123456789</Siren>",
            '<x:Siren xmlns:x="urn:x">123456789</x:Siren>',
            ("xsd-wrong-namespace", "/R/Siren", 4, "urn:x", "urn:t"),
        ),
        ("<When>", "text<When>", ("xsd-text-not-allowed", "/R", 1, "text", None)),
        ("2026-09-01", "<a/>2026-09-01", ("xsd-child-not-allowed", "/R/When", 3, "a", None)),
        ("<When>", '<When a="1">', ("xsd-unexpected-attribute", "/R/When/@a", 3, "a", None)),
        (
            "<When>",
            f'<When {XSI} xsi:nil="true">',
            ("xsd-unexpected-attribute", "/R/When/@nil", 3, "xsi:nil", None),
        ),
        (
            "<When>",
            f'<When {XSI} xsi:type="foo">',
            ("xsd-unexpected-attribute", "/R/When/@type", 3, "xsi:type", None),
        ),
    ],
)
def test_one_fault_is_one_problem(
    before: str, after: str, fact: tuple[str, str, int, str | None, str | None]
) -> None:
    assert facts(WHOLE.replace(before, after)) == [fact]


def test_every_problem_keeps_the_words_of_the_engine() -> None:
    (problem,) = problems(WHOLE.replace(">A<", ">C<"))
    assert "is not an element of the set" in (problem.message or "")
    assert problem.source == "xsd"


def test_an_amount_with_inner_blanks_is_refused_even_by_a_type_without_a_name() -> None:
    schema = etree.XMLSchema(
        etree.fromstring("""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="PayableAmount">
  <xs:simpleType><xs:restriction base="xs:decimal"/></xs:simpleType></xs:element></xs:schema>""")
    )
    for value in ("1 000.00", "1\u00a0000.00", "1\u202f000.00", "1.000,00"):
        root = etree.fromstring(f"<PayableAmount>{value}</PayableAmount>")
        schema.validate(root)
        (problem,) = problems_of(log_lines(schema.error_log), root)
        assert (problem.code, problem.found, problem.expected) == ("xsd-wrong-type", value, "xs:decimal")


@pytest.mark.parametrize("address", ["0238:1234", "0225:552100554_A:B", f"0238:{'1' * 3000}"])
def test_an_address_that_only_libxml2_takes_for_no_uri_is_a_warning(address: str) -> None:
    (problem,) = problems(WHOLE.replace("</R>", f"<Web>{address}</Web></R>"))
    assert problem.severity is Severity.WARNING
    assert (problem.found or "")[:10] == address[:10]


@pytest.mark.parametrize("address", ["%zz", "http://[bad", "a#b#c", "http://host:port/"])
def test_what_both_engines_take_for_no_uri_is_an_error(address: str) -> None:
    (problem,) = problems(WHOLE.replace("</R>", f"<Web>{address}</Web></R>"))
    assert (problem.severity, problem.found) == (Severity.ERROR, address)


def test_like_problems_are_one_with_occurrences_and_others_stay_apart() -> None:
    codes = "".join(f'<Code list="x">{value}</Code>\n' for value in ("C", "D", "C", "C"))
    seen = problems(WHOLE.replace('<Code list="x">A</Code>\n', codes))
    assert [(p.found, p.where, p.line, p.occurrences) for p in seen] == [
        ("C", "/R/Code[1]", 2, 3),
        ("D", "/R/Code[2]", 3, 1),
    ]


def test_at_most_two_hundred_problems_are_kept_and_the_rest_is_counted() -> None:
    codes = "".join(f'<Code list="x">C{n}</Code>\n' for n in range(1000))
    *kept, rest = problems(WHOLE.replace('<Code list="x">A</Code>\n', codes))
    assert len(kept) == 200
    assert (rest.code, rest.severity, rest.occurrences) == ("problems-truncated", Severity.WARNING, 800)


def test_a_very_long_value_is_cut_in_the_problem() -> None:
    (problem,) = problems(WHOLE.replace(">A<", f">{'C' * 5_000}<"))
    assert len(problem.found or "") == 300
    (problem,) = problems(WHOLE.replace(">A<", f">{'C' * 1_000_000}<"))
    assert len(problem.message or "") == 2000


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/*", "/a"),
        ("/*/*[2]", "/a/c[1]"),
        ("/*/x:c", "/a/c[2]"),
        ("/*/*[4]/d", "/a/b[2]/d"),
        ("/*/*[9]", None),
    ],
)
def test_a_place_is_a_path_of_local_names_with_positions(path: str, written: str | None) -> None:
    root = etree.fromstring('<a xmlns="urn:a"><b/><c/><x:c xmlns:x="urn:x"/><b><d xmlns=""/></b></a>')
    node = locate(root, path)
    assert (None if node is None else place(node)) == written
