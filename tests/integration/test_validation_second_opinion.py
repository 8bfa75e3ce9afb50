"""What xmlschema adds to a refusal, and what it is never trusted with.

The facts about the engines that shape this are held here, too: a release that changes one fails a test.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from pytest_httpserver import HTTPServer

from connector.model import Problem, Severity, VerdictStatus
from connector.samples import broken
from connector.samples.cii import cii_invoice
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice
from connector.validation import second_opinion
from connector.validation.catalogue import load_catalogue
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
from connector.validation.xsd import log_lines

SCHEMAS = Schemas()
VALID = {"ubl-invoice": ubl_invoice(lines=2), "cii-invoice": cii_invoice(), "frr-report": frr_report()}
AMOUNT = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:{}"/></xs:schema>'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "FA1.xml"


def problems(file: Path, data: bytes) -> Sequence[Problem]:
    file.write_bytes(data)
    return inspect_file(file, SCHEMAS).verdict.problems


def facts(found: Sequence[Problem]) -> list[tuple[str, str | None, int | None, str | None, str | None]]:
    return [(p.code, p.where, p.line, p.found, p.expected) for p in found]


# --------------------------------------------------------------------------- what it adds
def four_faults() -> bytes:
    """An invoice without its date, and with a wrong amount, quantity and postal code behind that."""
    data = broken.invoice_without_date(lines=2)
    data = data.replace(b"cbc:PostalZone>", b"cbc:PostalCode>", 2)
    start = data.index(b">", data.index(b"<cbc:PayableAmount")) + 1
    data = data[:start] + b"12,50" + data[data.index(b"<", start) :]
    return data.replace(b'unitCode="C62">2<', b'unitCode="C62">two<')


def test_what_libxml2_hides_behind_its_first_fault_is_told_as_well(file: Path) -> None:
    data = four_faults()
    root = etree.fromstring(data)
    schema = SCHEMAS.schema("ubl-invoice")
    assert not schema.validate(root)
    assert len(log_lines(schema.error_log)) == 1
    found = [
        (code, where, value, expected) for code, where, _, value, expected in facts(problems(file, data))
    ]
    assert found[0][:3] == ("xsd-unexpected-element", "/Invoice/DueDate", "DueDate")
    assert [place for place in found[1:] if place[0] != "xsd-unexpected-element"] == [
        ("xsd-wrong-type", "/Invoice/LegalMonetaryTotal/PayableAmount", "12,50", "xs:decimal"),
        ("xsd-wrong-type", "/Invoice/InvoiceLine[2]/InvoicedQuantity", "two", "xs:decimal"),
    ]
    assert ("/Invoice/AccountingSupplierParty/Party/PostalAddress/PostalCode", "PostalCode") in [
        (where, value) for _, where, value, _ in found
    ]


def test_the_words_are_the_same_whichever_engine_found_it(file: Path) -> None:
    fault = (b"<TaxTotal>", b"<TaxTotal>x")
    alone = VALID["frr-report"].replace(*fault, 1)
    behind = alone.replace(b"</ReportPeriod>", b"</ReportPeriod><More/>", 1)
    (seen,) = problems(file, alone)
    _, hidden = problems(file, behind)
    assert (hidden.code, hidden.where, hidden.line, hidden.found, hidden.expected) == (
        seen.code,
        seen.where,
        seen.line,
        seen.found,
        seen.expected,
    )


@pytest.mark.parametrize(
    ("kind", "before", "after", "fact"),
    [
        ("frr-report", b' schemeId="0002"', b"", ("xsd-missing-attribute", "/@schemeId", None, "schemeId")),
        ("frr-report", b'<Id schemeId="0002"', b'<Id no="1" schemeId="0002"',
         ("xsd-unexpected-attribute", "/@no", "no", None)),
        ("frr-report", b"<RoleCode>SE</RoleCode>", b"",
         ("xsd-missing-element", "/Issuer", None, "RoleCode")),
        ("frr-report", b"<Issuer>", b"<Issuer>text", ("xsd-text-not-allowed", "/Issuer", None, None)),
        ("cii-invoice", b'format="102">', b'form="102">',
         ("xsd-unexpected-attribute", "/@form", "form", None)),
    ],
)  # fmt: skip
def test_every_class_of_hidden_fault_has_its_code(
    file: Path, kind: str, before: bytes, after: bytes, fact: tuple[str, str, str | None, str | None]
) -> None:
    data = VALID[kind].replace(before, after, 1)
    behind = data.replace(b"<ReportDocument>", b"<Stray/><ReportDocument>").replace(
        b"<rsm:ExchangedDocument>", b"<rsm:Stray/><rsm:ExchangedDocument>"
    )
    found = [
        (p.code, p.found, p.expected) for p in problems(file, behind) if (p.where or "").endswith(fact[1])
    ]
    assert found == [(fact[0], *fact[2:])]


def test_one_fault_stays_one_problem(file: Path) -> None:
    assert len(problems(file, broken.invoice_without_date(lines=3))) == 1
    moved = (
        VALID["frr-report"]
        .replace(b"<TypeCode>IN</TypeCode>", b"")
        .replace(b"</Issuer>", b"</Issuer><TypeCode>IN</TypeCode>")
    )
    assert len(problems(file, moved)) == 1
    twice = VALID["ubl-invoice"].replace(b"<cbc:ID>", b"<cbc:Id>").replace(b"</cbc:ID>", b"</cbc:Id>")
    codes = [(p.code, p.where) for p in problems(file, twice)]
    assert len(codes) == len(set(codes))


@given(kind=st.sampled_from(sorted(VALID)), data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_only_ever_adds_to_what_libxml2_said(file: Path, kind: str, data: st.DataObject) -> None:
    root = etree.fromstring(VALID[kind])
    for element in data.draw(st.lists(st.sampled_from(list(root.iter())[1:]), max_size=4, unique=True)):
        parent = element.getparent()
        if parent is not None and data.draw(st.booleans()):
            parent.remove(element)
        else:
            element.text = data.draw(st.sampled_from(["x", "1 000.00", "", "\u0667"]))
    mutant = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    file.write_bytes(mutant)
    told = inspect_file(file, SCHEMAS)
    schema = SCHEMAS.schema(kind)
    sound = schema.validate(etree.fromstring(mutant))
    assert (told.verdict.status is VerdictStatus.VALID) == sound
    assert len(told.verdict.problems) == len({(p.code, p.where, p.found) for p in told.verdict.problems})


# --------------------------------------------------------------------------- what it is not trusted with
@pytest.mark.parametrize("amount", ["1 000.00", "1\u00a0000.00", "1\u202f000.00"])
def test_xmlschema_accepts_amounts_with_blanks_and_the_gate_does_not(file: Path, amount: str) -> None:
    assert xmlschema.XMLSchema10(AMOUNT.format("decimal")).is_valid(f"<a>{amount}</a>")
    data = broken.invoice_with_spaced_amount().replace(b"1 000.00", amount.encode())
    (problem,) = problems(file, data)
    assert (problem.code, problem.found, problem.severity) == ("xsd-wrong-type", amount, Severity.ERROR)


def test_xmlschema_accepts_digits_of_other_scripts_and_the_gate_does_not(file: Path) -> None:
    assert xmlschema.XMLSchema10(AMOUNT.format("integer")).is_valid("<a>\u0667</a>")
    data = VALID["frr-report"].replace(b"<TransactionsCount>10<", "<TransactionsCount>\u0667<".encode(), 1)
    (problem,) = problems(file, data)
    assert (problem.code, problem.found) == ("xsd-wrong-type", "\u0667")


def test_xmlschema_breaks_off_at_an_unknown_type_and_what_was_found_stays(file: Path) -> None:
    data = VALID["frr-report"].replace(b"<ReportDocument>", b"<Stray/><ReportDocument>", 1)
    instance = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="foo"'
    data = data.replace(b"<RoleCode>", b"<RoleCode " + instance + b">", 1)
    xsd = xmlschema.XMLSchema10(str(SCHEMAS.catalogue.locate("frr-report")))
    with pytest.raises(KeyError):
        list(xsd.iter_errors(etree.fromstring(data)))
    assert "/Report/Stray" in [problem.where for problem in problems(file, data)]


def test_a_schema_that_xmlschema_cannot_read_costs_the_opinion_and_nothing_else(tmp_path: Path) -> None:
    own = tmp_path / "maison.xsd"
    own.write_text("<xs:schema")
    catalogue = load_catalogue(overrides={"ubl-invoice": own})
    root = etree.fromstring(four_faults())
    first = (Problem(code="xsd-unexpected-element", source="xsd", where="/Invoice/DueDate", line=8),)
    opinion = second_opinion.SecondOpinion(catalogue)
    assert list(opinion.completed("ubl-invoice", root, first)) == list(first)
    assert list(opinion.completed("ubl-invoice", root, first)) == list(first)


def test_it_is_not_asked_about_large_documents(file: Path) -> None:
    data = four_faults()
    name = b' xmlns:x="urn:' + b"x" * second_opinion.LARGEST + b'"'
    filled = data.replace(b"<Invoice", b"<Invoice" + name, 1)
    assert len(problems(file, data)) > len(problems(file, filled)) == 1


def test_the_largest_document_it_sees_takes_it_a_bounded_time(file: Path) -> None:
    stray = VALID["frr-report"].replace(b"<ReportDocument>", b"<Stray/><ReportDocument>")
    attribute = b'<Id no="' + b"1" * (second_opinion.LARGEST - len(stray) - 100) + b'" schemeId="0002"'
    many = frr_report(transactions=400).replace(b"<ReportDocument>", b"<Stray/><ReportDocument>")
    many = many.replace(b"<TaxTotal>", b"<TaxTotal>x")
    assert len(many) < second_opinion.LARGEST
    for data in (stray.replace(b'<Id schemeId="0002"', attribute, 1), many):
        started = time.process_time()
        assert problems(file, data)
        assert time.process_time() - started < 5


def test_a_schema_location_in_a_document_is_never_followed(file: Path, httpserver: HTTPServer) -> None:
    url = httpserver.url_for("/evil.xsd")
    hint = (
        b'<Report xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:noNamespaceSchemaLocation="' + url.encode() + b'"><Stray/>'
    )
    assert problems(file, VALID["frr-report"].replace(b"<Report>", hint))
    assert httpserver.log == []


def test_sound_documents_never_load_it(tmp_path: Path) -> None:
    for kind, data in VALID.items():
        (tmp_path / f"{kind}.xml").write_bytes(data)
    (tmp_path / "amount.xml").write_bytes(broken.invoice_with_spaced_amount())
    script = """
import sys
from pathlib import Path
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
schemas = Schemas()
for path in Path(sys.argv[1]).iterdir():
    inspect_file(path, schemas)
print([name for name in ("xmlschema", "elementpath") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
