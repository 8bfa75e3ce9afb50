"""A Factur-X PDF is judged by the schema of the profile its invoice names, and by what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.model import Family, Inspection, Severity, Syntax, VerdictStatus
from connector.samples.cii import GUIDELINES, cii_invoice
from connector.samples.facturx import LEVELS, Attachment, facturx_invoice, pdf
from connector.samples.ubl import ubl_invoice
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas

SCHEMAS = Schemas()
for kind_of_all in SCHEMAS.catalogue.entries:
    SCHEMAS.schema(kind_of_all)
XML = cii_invoice(number="FX-7", lines=3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "facture.bin"


def inspect(file: Path, data: bytes) -> Inspection:
    file.write_bytes(data)
    return inspect_file(file, SCHEMAS)


def carrying(xml: bytes, level: str = "EN 16931") -> bytes:
    return pdf([Attachment(content=xml)], level=level)


def codes(seen: Inspection) -> list[str]:
    return [problem.code for problem in seen.verdict.problems]


@pytest.mark.parametrize("profile", sorted(LEVELS))
def test_a_facturx_of_every_profile_is_valid_and_summed_up(file: Path, profile: str) -> None:
    seen = inspect(file, facturx_invoice(number="FX-1", lines=2, profile=profile))
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.VALID, [])
    assert seen.document is not None
    assert (seen.document.kind, seen.document.syntax) == (f"facturx-{profile}", Syntax.FACTUR_X)
    assert (seen.document.family, seen.document.number) == (Family.INVOICE, "FX-1")
    assert seen.document.total_with_vat
    assert seen.document.lines == (0 if profile in ("minimum", "basicwl") else 2)
    assert "Factur-X" in (seen.verdict.schema or "")


@pytest.mark.parametrize("profile", sorted(set(GUIDELINES) - {"extended-ctc-fr"}))
def test_what_a_profile_does_not_know_breaks_its_schema(file: Path, profile: str) -> None:
    beyond = cii_invoice(profile=profile).replace(
        b"<ram:SellerTradeParty>", b"<ram:Nonsense/><ram:SellerTradeParty>", 1
    )
    seen = inspect(file, carrying(beyond, LEVELS[profile]))
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.INVALID, ["xsd-unexpected-element"])


def test_lines_in_a_minimum_invoice_break_its_schema(file: Path) -> None:
    claimed = cii_invoice(lines=1).replace(GUIDELINES["en16931"].encode(), GUIDELINES["minimum"].encode())
    seen = inspect(file, carrying(claimed, "MINIMUM"))
    assert seen.document is not None
    assert (seen.document.kind, seen.verdict.status) == ("facturx-minimum", VerdictStatus.INVALID)


def test_a_fault_in_the_xml_is_told_with_its_place_and_line(file: Path) -> None:
    wrong = XML.replace(b"<ram:LineTotalAmount>12.50", b"<ram:LineTotalAmount>12,50", 1)
    (problem,) = inspect(file, carrying(wrong)).verdict.problems
    assert (problem.code, problem.found, problem.invoice_line) == ("xsd-wrong-type", "12,50", "1")
    assert problem.line == wrong[: wrong.index(b"12,50")].count(b"\n") + 1
    assert problem.where is not None
    assert problem.where.endswith("/LineTotalAmount")


def test_a_pdf_that_announces_another_profile_is_invalid_and_still_has_its_number(file: Path) -> None:
    seen = inspect(file, carrying(XML, "EXTENDED"))
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.INVALID, ["facturx-profile-mismatch"])
    assert seen.document is not None
    assert seen.document.number == "FX-7"


def test_an_invoice_that_was_changed_after_the_pdf_was_made_is_invalid(file: Path) -> None:
    seen = inspect(file, pdf([Attachment(content=XML, checksum=bytes(16))], level="EN 16931"))
    assert codes(seen) == ["facturx-checksum"]


def test_an_old_name_of_the_attachment_and_missing_marks_are_warnings_only(file: Path) -> None:
    seen = inspect(
        file, pdf([Attachment(content=XML, name="ZUGFeRD-invoice.xml", relationship="Unspecified")])
    )
    assert seen.verdict.status is VerdictStatus.VALID
    assert {problem.severity for problem in seen.verdict.problems} == {Severity.WARNING}
    assert sorted(codes(seen)) == ["facturx-level", "facturx-name", "facturx-relationship", "pdfa-part"]


def test_a_guideline_that_is_no_profile_is_an_error(file: Path) -> None:
    seen = inspect(file, carrying(XML.replace(b"urn:cen.eu:en16931:2017", b"urn:example:other")))
    assert (seen.verdict.status, codes(seen)) == (VerdictStatus.INVALID, ["facturx-profile-unknown"])


@pytest.mark.parametrize(
    ("xml", "code", "found"),
    [
        (XML[: len(XML) // 2], "facturx-xml-unreadable", "factur-x.xml"),
        (b"", "facturx-xml-unreadable", "factur-x.xml"),
        (b"<!DOCTYPE a []>" + XML.split(b"\n", 1)[1], "facturx-xml-unreadable", "factur-x.xml"),
        (ubl_invoice(), "kind-not-supported", "PDF (ubl-invoice)"),
        (b"<a/>", "kind-not-supported", "PDF (a)"),
        (
            b'<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"/>',
            "kind-not-supported",
            "PDF (ZUGFeRD 1)",
        ),
    ],
)
def test_a_whole_pdf_with_a_bad_invoice_is_unreadable_and_waits_for_nothing(
    file: Path, xml: bytes, code: str, found: str
) -> None:
    seen = inspect(file, carrying(xml))
    (problem,) = seen.verdict.problems
    assert (seen.verdict.status, problem.code, problem.found) == (VerdictStatus.UNREADABLE, code, found)
    assert not seen.verdict.incomplete


def test_an_invoice_that_is_not_utf8_is_told_as_in_a_file_of_its_own(file: Path) -> None:
    latin = XML.decode().replace("UTF-8", "ISO-8859-1", 1).encode("latin-1", "xmlcharrefreplace")
    assert codes(inspect(file, carrying(latin))) == ["xml-not-utf8"]


def test_a_pdf_that_is_cut_may_still_be_growing(file: Path) -> None:
    seen = inspect(file, facturx_invoice()[:-40])
    assert (codes(seen), seen.verdict.incomplete) == (["pdf-incomplete"], True)
