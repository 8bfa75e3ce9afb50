"""Reading XML resolves nothing, fetches nothing, and tells wrong from unfinished."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pytest_httpserver import HTTPServer

from connector.documents.recognise import NotADocument, refuse_unless_xml
from connector.documents.safe_xml import read_head, read_root
from connector.samples import broken
from connector.samples.cii import cii_invoice
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice

UTF8 = ubl_invoice(number="É-1", note="« à régler »")
TEXT = UTF8.decode().replace(' encoding="UTF-8"', "")
WHOLE = {
    "ubl": UTF8,
    "ubl with a mark": b"\xef\xbb\xbf" + UTF8,
    "ubl in UTF-16": TEXT.encode("utf-16"),
    "ubl in ISO-8859-1": broken.invoice_in_latin1(),
    "cii": cii_invoice(),
    "frr": frr_report(transactions=2),
}


def fault_of(data: bytes) -> NotADocument:
    with pytest.raises(NotADocument) as refused:
        refuse_unless_xml(data[:4096])
        read_root(data)
    return refused.value


@settings(deadline=None)
@given(name=st.sampled_from(sorted(WHOLE)), share=st.floats(0, 1, exclude_max=True))
def test_A01_a_document_cut_anywhere_is_incomplete_never_wrong(name: str, share: float) -> None:
    whole = WHOLE[name].rstrip(b"\0\r\n")
    cut = whole[: max(1, int(len(whole) * share))]
    fault = fault_of(cut)
    assert fault.incomplete
    assert fault.problem.code == "xml-incomplete"


@settings(deadline=None)
@given(share=st.floats(0, 1), nuls=st.integers(4, 9000))
def test_A04_a_document_that_ends_in_nuls_is_incomplete(share: float, nuls: int) -> None:
    assert fault_of(UTF8[: int(len(UTF8) * share)] + bytes(nuls)).incomplete


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"<a>\n<b></a>", 2),
        (b"<a>\n<b>R & D</b></a>", 2),
        (b"<a/>\n<a/>", 2),
        (b"<a>\n\x01</a>", 2),
        (b"<a>\n&nbsp;</a>", 2),
        (b"<a>\n<x:b/></a>", 2),
        (b"<a>\n<b c='1' c='2'/></a>", 2),
        (b"\n<?xml version='1.0'?><a/>", 2),
        (b"<a xmlns='urn:x'><b></b>\n</c>", 2),
    ],
)
def test_what_can_never_become_well_formed_is_wrong_and_not_incomplete(data: bytes, line: int) -> None:
    fault = fault_of(data)
    assert (fault.problem.code, fault.problem.line, fault.incomplete) == ("xml-not-well-formed", line, False)
    assert fault.problem.message


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;",  # cut off as well
        b"<!DOCTYPE a [<!ENTITY l0 'lol'>"
        + b"".join(b"<!ENTITY l%d '%s'>" % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><a z='&l11;'/>",
        broken.invoice_with_doctype(),
    ],
)
def test_P05_a_doctype_is_refused_whatever_it_declares(data: bytes) -> None:
    assert fault_of(data).problem.code == "xml-doctype"
    with pytest.raises(NotADocument) as refused:
        read_head(io.BytesIO(data))
    assert refused.value.problem.code == "xml-doctype"


def test_nothing_is_fetched_from_the_network(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("")
    url = httpserver.url_for("/x")
    fault_of(f"<!DOCTYPE a SYSTEM '{url}'><a/>".encode())
    read_root(
        f"<?xml-stylesheet href='{url}'?><a xmlns:i='http://www.w3.org/2001/XInclude'"
        f" xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='urn:x {url}'>"
        f"<i:include href='{url}'/></a>".encode()
    )
    assert httpserver.log == []


@pytest.mark.parametrize("tail", [b"</a>" * 100_000, b""])
def test_P05_a_hundred_thousand_levels_are_too_deep(tail: bytes) -> None:
    fault = fault_of(b"<a>" * 100_000 + tail)
    assert fault.problem.code == "xml-too-deep"
    assert not fault.incomplete


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (broken.invoice_in_wrong_encoding(), "UTF-8"),
        (b"<a>\xe9t\xe9</a>", "UTF-8"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a>ete</a>", "UTF-16"),
        (b"<?xml version='1.0' encoding='FOO-8'?><a>ete</a>", "FOO-8"),
        (b"<?xml version='1.0' encoding='US-ASCII'?><a>\xe9</a>", "US-ASCII"),
    ],
)
def test_bytes_that_do_not_fit_the_declared_encoding_are_the_documents_fault(
    data: bytes, declared: str, tmp_path: Path
) -> None:
    fault = fault_of(data)
    assert (fault.problem.code, fault.problem.found) == ("xml-encoding", declared)
    assert not fault.incomplete


def test_lxml_still_raises_oserror_for_a_wrong_encoding_when_it_opens_the_file(tmp_path: Path) -> None:
    """Why nothing here lets lxml open a file: this looks like a broken disk."""
    file = tmp_path / "x.xml"
    file.write_bytes(broken.invoice_in_wrong_encoding())
    with pytest.raises(OSError, match="Invalid bytes"):
        etree.parse(str(file))


def test_a_text_of_more_than_ten_megabytes_is_read() -> None:
    assert len(read_root(b"<a>" + b"x" * 11_000_000 + b"</a>").text or "") == 11_000_000
