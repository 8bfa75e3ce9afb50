"""What a file is follows from its bytes alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents.recognise import NotADocument, match_in_pdf, match_root, refuse_unless_xml

KINDS = {("urn:a", "Invoice"): "ubl-invoice", (None, "Report"): "frr-report"}


@pytest.mark.parametrize(
    ("data", "code", "found"),
    [
        (b"", "file-empty", None),
        (b"PK\x03\x04rest", "kind-not-supported", "zip"),
        (b"PK\x05\x06" + bytes(18), "kind-not-supported", "zip"),
        (b"\x1f\x8b\x08", "kind-not-supported", "gzip"),
        (b"number;date\n1;2026", "kind-unknown", None),
        ('{"invoice": 1}'.encode("utf-16"), "kind-unknown", None),
        (b"  \n", "kind-unknown", None),
    ],
)
def test_what_is_not_xml_is_named(data: bytes, code: str, found: str | None) -> None:
    with pytest.raises(NotADocument) as refused:
        refuse_unless_xml(data)
    assert (refused.value.problem.code, refused.value.problem.found) == (code, found)
    assert not refused.value.incomplete


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_xml_is_let_through_in_every_encoding(encoding: str) -> None:
    refuse_unless_xml('<?xml version="1.0"?><a/>'.encode(encoding))


@settings(deadline=None)
@given(size=st.integers(1, 5000))
def test_A04_a_file_of_nuls_only_is_still_being_written(size: int) -> None:
    with pytest.raises(NotADocument) as refused:
        refuse_unless_xml(bytes(size))
    assert refused.value.incomplete


def test_a_root_in_its_namespace_names_its_kind() -> None:
    assert match_root(("urn:a", "Invoice"), KINDS).kind == "ubl-invoice"
    assert match_root((None, "Report"), KINDS).right_namespace


@pytest.mark.parametrize("root", [(None, "Invoice"), ("urn:b", "Invoice"), ("urn:x", "Report")])
def test_a_known_root_in_a_wrong_namespace_still_names_its_kind(root: tuple[str | None, str]) -> None:
    match = match_root(root, KINDS)
    assert match.kind in KINDS.values()
    assert not match.right_namespace


@pytest.mark.parametrize(
    ("root", "code", "found"),
    [
        (("urn:x", "CrossIndustryDocument"), "kind-not-supported", "ZUGFeRD 1"),
        ((None, "html"), "kind-unknown", "html"),
    ],
)
def test_other_roots_are_named(root: tuple[str | None, str], code: str, found: str) -> None:
    with pytest.raises(NotADocument) as refused:
        match_root(root, KINDS)
    assert (refused.value.problem.code, refused.value.problem.found) == (code, found)


@pytest.mark.parametrize(
    ("root", "found"),
    [
        (("urn:a", "Invoice"), "PDF (ubl-invoice)"),
        ((None, "SCRDMCCBDACIOMessageStructure"), "PDF (Order-X)"),
        ((None, "html"), "PDF (html)"),
    ],
)
def test_only_a_cii_invoice_in_a_pdf_makes_it_a_facturx(root: tuple[str | None, str], found: str) -> None:
    with pytest.raises(NotADocument) as refused:
        match_in_pdf(root, KINDS)
    assert (refused.value.problem.code, refused.value.problem.found) == ("kind-not-supported", found)
