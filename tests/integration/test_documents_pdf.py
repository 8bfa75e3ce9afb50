"""The invoice comes out of a PDF whole or not at all, whatever was done to the PDF."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from connector.documents.pdf import MOST_UNPACKED, read_pdf
from connector.documents.recognise import NotADocument
from connector.samples.cii import cii_invoice
from connector.samples.facturx import Attachment, facturx_invoice, pdf

XML = cii_invoice(lines=3)
WHOLE = pdf([Attachment(content=XML)], level="EN 16931")
OTHER = Attachment(content=b"<other/>", name="conditions.xml")


def refusal(data: bytes) -> NotADocument:
    with pytest.raises(NotADocument) as refused:
        read_pdf(io.BytesIO(data))
    return refused.value


def code(data: bytes) -> str:
    return refusal(data).problem.code


def by_pypdf(change: Callable[[PdfWriter], object]) -> bytes:
    """Another writer's PDF, changed before it is written."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_attachment("factur-x.xml", XML)
    change(writer)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


# --------------------------------------------------------------------------- what is in it
def test_a_facturx_gives_its_xml_and_what_it_says_of_it() -> None:
    carried = read_pdf(io.BytesIO(WHOLE))
    assert carried.xml == XML
    assert (carried.name, carried.size, carried.relationship) == ("factur-x.xml", len(XML), "Data")
    assert (carried.level, carried.pdfa_part) == ("EN 16931", "3")
    assert carried.checksum is not None
    assert len(carried.checksum) == 32


def test_the_pdf_of_another_writer_is_read_too() -> None:
    assert read_pdf(io.BytesIO(by_pypdf(lambda writer: None))).xml == XML


@pytest.mark.parametrize("checksum", [b"0123456789abcdef", b"\xff\xfe" + bytes(14), b"a1" * 16])
def test_a_checksum_is_read_whatever_its_bytes_look_like(checksum: bytes) -> None:
    carried = read_pdf(io.BytesIO(pdf([Attachment(content=XML, checksum=checksum)])))
    assert carried.checksum == (checksum.decode() if len(checksum) == 32 else checksum.hex())


def test_without_metadata_or_checksum_nothing_is_claimed() -> None:
    carried = read_pdf(io.BytesIO(pdf([Attachment(content=XML, checksum=b"")])))
    assert (carried.level, carried.pdfa_part, carried.checksum) == (None, None, None)


@pytest.mark.parametrize("name", ["Factur-X.XML", "ZUGFeRD-invoice.xml", "xrechnung.xml"])
def test_the_names_of_the_invoice_are_compared_without_case(name: str) -> None:
    carried = read_pdf(io.BytesIO(pdf([OTHER, Attachment(content=XML, name=name)])))
    assert (carried.xml, carried.name) == (XML, name)


def test_of_several_the_best_name_wins_wherever_it_stands() -> None:
    attachments = [
        Attachment(content=b"<old/>", name="ZUGFeRD-invoice.xml"),
        OTHER,
        Attachment(content=XML),
    ]
    for order in (attachments, attachments[::-1]):
        assert read_pdf(io.BytesIO(pdf(order))).xml == XML


def test_two_different_invoices_under_one_name_are_one_too_many() -> None:
    same = Attachment(content=XML)
    assert read_pdf(io.BytesIO(pdf([same, same]))).xml == XML
    assert code(pdf([same, Attachment(content=b"<a/>")])) == "facturx-several"


@pytest.mark.parametrize(("attachments", "found"), [([], None), ([OTHER], "conditions.xml")])
def test_a_plain_pdf_is_told_as_one_with_what_it_has(
    attachments: list[Attachment], found: str | None
) -> None:
    fault = refusal(pdf(attachments))
    assert (fault.problem.code, fault.problem.found, fault.incomplete) == ("facturx-no-invoice", found, False)


# --------------------------------------------------------------------------- is it whole
@settings(deadline=None, max_examples=300)
@given(share=st.floats(0, 0.9999))
def test_A01_a_pdf_cut_anywhere_is_incomplete_and_never_read(share: float) -> None:
    cut = WHOLE[: 10 + int((len(WHOLE.rstrip()) - 11) * share)]
    fault = refusal(cut)
    assert (fault.problem.code, fault.incomplete) == ("pdf-incomplete", True)


def test_A01_a_cut_update_does_not_show_the_version_before_it() -> None:
    update = b"9 0 obj\n<< /Type /Update >>\nendobj\n"
    for end in range(1, len(update)):
        assert refusal(WHOLE + update[:end]).incomplete


def test_A01_a_linearized_pdf_must_have_its_whole_length() -> None:
    head = b"%%PDF-1.7\n1 0 obj\n<< /Linearized 1 /L %d /N 1 >>\nendobj\n"
    planned = len(WHOLE) + 100_000
    assert refusal(head % planned + WHOLE[9:]).incomplete


@pytest.mark.parametrize("tail", [bytes(512), b"\n" + bytes(3)])
def test_A04_a_preallocated_pdf_is_incomplete(tail: bytes) -> None:
    assert refusal(WHOLE + tail).incomplete


@pytest.mark.parametrize("tail", [b"PK\x03\x04 an archive too", b"<html>", b"#!/bin/sh"])
def test_a_pdf_with_something_behind_it_is_not_taken_for_a_pdf(tail: bytes) -> None:
    assert code(WHOLE + tail) == "pdf-incomplete"


# --------------------------------------------------------------------------- damage and attack
@pytest.mark.parametrize("passwords", [("", "owner"), ("user", "owner")], ids=["owner only", "user"])
@pytest.mark.parametrize("algorithm", ["RC4-128", "RC4-40"])
def test_a_protected_pdf_is_told_as_such(passwords: tuple[str, str], algorithm: str) -> None:
    user, owner = passwords
    protected = by_pypdf(lambda writer: writer.encrypt(user, owner, algorithm=algorithm))
    assert code(protected) == "pdf-encrypted"


def test_a_table_that_claims_more_objects_than_the_file_can_hold_is_damage_and_not_size() -> None:
    table = WHOLE.index(b"xref\n0 ") + len(b"xref\n0 ")
    fault = refusal(WHOLE[:table] + b"65535" + WHOLE[WHOLE.index(b"\n", table) :])
    assert (fault.problem.code, fault.problem.expected) == ("pdf-damaged", None)


@settings(deadline=None, max_examples=300)
@given(
    start=st.integers(9, len(WHOLE) - 200), length=st.integers(1, 120), filling=st.sampled_from(b"\0 x\xff")
)
def test_a_hole_in_a_pdf_gives_the_right_xml_or_a_wrong_checksum_or_a_refusal(
    start: int, length: int, filling: int
) -> None:
    holed = WHOLE[:start] + bytes([filling]) * length + WHOLE[start + length :]
    try:
        carried = read_pdf(io.BytesIO(holed[: len(WHOLE)]))
    except NotADocument as fault:
        assert fault.problem.code in ("pdf-damaged", "pdf-encrypted", "facturx-no-invoice", "pdf-incomplete")
        return
    assert carried.xml == XML or carried.checksum is not None or carried.size != len(carried.xml)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic_get_an_answer(data: bytes) -> None:
    for tail in (b"", b"\nstartxref\n0\n%%EOF\n", b"\nstartxref\n12\n%%EOF\n"):
        refusal(b"%PDF-1.7\n" + data + tail)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"/Filter /FlateDecode", b"/Filter /NoSuchCode"),
        (b"/Filter /FlateDecode", b"/Filter /ASCII85Dec"),
        (b"/Type /Filespec /F", b"/Type /Filespec /X"),
        (b"/EF <<", b"/XX <<"),
        (b"/Names [", b"/Names 7 [7 0 R "),
        (b"/Pages ", b"/Names "),
    ],
)
def test_a_pdf_that_lies_about_its_parts_is_answered(before: bytes, after: bytes) -> None:
    assert before in WHOLE
    data = WHOLE.replace(before, after)
    try:
        assert read_pdf(io.BytesIO(data)).xml == XML
    except NotADocument as fault:
        assert fault.problem.code in ("pdf-damaged", "facturx-no-invoice")


def test_P05_a_stream_that_unpacks_to_too_much_is_refused_in_time() -> None:
    packed = zlib.compress(bytes(3 * MOST_UNPACKED), 9)
    start = time.process_time()
    fault = refusal(pdf([Attachment(content=XML, packed=packed)]))
    assert fault.problem.code == "pdf-unpacks-too-large"
    assert fault.problem.expected == str(MOST_UNPACKED)
    assert time.process_time() - start < 10


def test_metadata_with_entities_claim_nothing_and_harm_nothing() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    carried = read_pdf(io.BytesIO(WHOLE.replace(b"<x:xmpmeta", laughs + b"<x:xmpmeta")))
    assert (carried.xml, carried.level) == (XML, None)


def test_an_attachment_that_only_the_list_of_associated_files_names_is_found() -> None:
    data = facturx_invoice().replace(b"/EmbeddedFiles << /Names [", b"/EmbeddedFiles << /Kids [1 0 R] /N [")
    assert b"CrossIndustryInvoice" in read_pdf(io.BytesIO(data)).xml


def test_a_large_attachment_beside_the_invoice_is_not_unpacked() -> None:
    beside = Attachment(content=b"x", name="photo.bin", packed=zlib.compress(bytes(2 * MOST_UNPACKED), 9))
    assert read_pdf(io.BytesIO(pdf([beside, Attachment(content=XML)]))).xml == XML


# --------------------------------------------------------------------------- facts of pypdf 7
def test_pypdf_takes_printable_checksums_for_text() -> None:
    data = pdf([Attachment(content=XML, checksum=b"0123456789abcdef")])
    (attachment,) = PdfReader(io.BytesIO(data)).attachment_list
    assert isinstance(attachment.checksum, str)


def test_pypdf_shows_an_older_version_of_a_pdf_whose_update_was_cut() -> None:
    update = b"9 0 obj\n<< /Type /Update >>\nendo"
    assert list(PdfReader(io.BytesIO(WHOLE + update)).attachment_list)
