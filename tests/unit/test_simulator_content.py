"""At a glance: the flow type that the platform deduces, and the key by which two documents are the same."""

from __future__ import annotations

import pytest

from connector.simulator.content import glance
from tests.platform import invoice

CII = (
    b'<rsm:CrossIndustryInvoice xmlns:rsm="a" xmlns:ram="b">'
    b"<rsm:ExchangedDocumentContext><ram:ID>urn</ram:ID>"
    b"</rsm:ExchangedDocumentContext><rsm:ExchangedDocument><ram:ID>FA7</ram:ID><ram:TypeCode>380</ram:TypeCode>"
    b'<udt:DateTimeString format="102">20261122</udt:DateTimeString></rsm:ExchangedDocument>'
    b"%s<ram:SellerTradeParty><ram:SpecifiedTaxRegistration><ram:ID>FR32732829320</ram:ID>"
    b"</ram:SpecifiedTaxRegistration></ram:SellerTradeParty></rsm:CrossIndustryInvoice>"
)


def cdar(status: int) -> bytes:
    root = "rsm:CrossDomainAcknowledgementAndResponse"
    condition = f"<ram:ProcessConditionCode>{status}</ram:ProcessConditionCode>"
    return f"<{root}>{condition}</{root}>".encode()


def report(*elements: str, role: str = "SE") -> bytes:
    issuer = f'<Issuer><Id schemeId="0002">732829320</Id><RoleCode>{role}</RoleCode></Issuer>'
    document = f"<ReportDocument><Id>T1</Id>{issuer}</ReportDocument>"
    return f"<Report>{document}{''.join(elements)}</Report>".encode()


def test_a_ubl_invoice_is_known_by_number_year_and_siren() -> None:
    assert glance(invoice("FA1"), "UBL", None).key == "FA1|2026|732829320"


def test_an_identifier_in_an_extension_is_not_the_number_of_the_invoice() -> None:
    extended = invoice("FA1").replace(
        b"<cbc:CustomizationID>",
        b"<e:UBLExtensions><cbc:ID>S</cbc:ID></e:UBLExtensions><cbc:CustomizationID>",
    )
    assert glance(extended, "UBL", None).key == "FA1|2026|732829320"


def test_a_cii_invoice_is_known_however_many_lines_stand_before_its_seller() -> None:
    assert glance(CII % (b"<line/>" * 30_000), "CII", None).key == "FA7|2026|732829320"


def test_the_same_number_of_another_seller_is_another_invoice() -> None:
    assert glance(invoice("FA1"), "UBL", None).key != glance(invoice("FA1", "552100554"), "UBL", None).key


@pytest.mark.parametrize("content", [b"", b"anything", b"%PDF-1.7 ...", cdar(200), b"<Invoice></Invoice>"])
def test_what_has_no_readable_number_has_no_key(content: bytes) -> None:
    assert glance(content, "UBL", None).key is None


@pytest.mark.parametrize(
    ("content", "syntax", "contradicts"),
    [
        (invoice("1"), "UBL", False),
        (b'<!-- <Report> --><?pi?><x:CreditNote xmlns:x="u">', "UBL", False),
        (invoice("1"), "CII", True),
        (b"%PDF-1.7", "Factur-X", False),
        (b"%PDF-1.7", "UBL", True),
        (invoice("1"), "Factur-X", True),
        (b"<SomethingElse/>", "CII", False),
    ],
)
def test_a_label_that_the_content_contradicts_is_noticed(
    content: bytes, syntax: str, contradicts: bool
) -> None:
    assert glance(content, syntax, None).contradicts is contradicts


@pytest.mark.parametrize(
    ("content", "syntax", "rule", "flow_type"),
    [
        (invoice("1"), "UBL", None, "CustomerInvoice"),
        (invoice("1"), "UBL", "B2GInt", "StateInvoice"),
        (CII.replace(b"380", b"389") % b"", "CII", "B2B", "SupplierInvoice"),
        (cdar(212), "CDAR", None, "CustomerInvoiceLC"),
        (cdar(210), "CDAR", None, "SupplierInvoiceLC"),
        (cdar(210), "CDAR", "B2G", "StateSupplierInvoiceLC"),
        (
            report("<TransactionsReport><Invoice>", "</Invoice></TransactionsReport>"),
            "FRR",
            None,
            "UnitaryCustomerTransactionReport",
        ),
        (
            report("<TransactionsReport><Invoice></Invoice></TransactionsReport>", role="BY"),
            "FRR",
            None,
            "UnitarySupplierTransactionReport",
        ),
        (
            report("<TransactionsReport><Transactions></Transactions></TransactionsReport>"),
            "FRR",
            None,
            "AggregatedCustomerTransactionReport",
        ),
        (
            report("<PaymentsReport><Invoice></Invoice></PaymentsReport>"),
            "FRR",
            None,
            "UnitaryCustomerPaymentReport",
        ),
        (
            report("<PaymentsReport><Transactions></Transactions></PaymentsReport>"),
            "FRR",
            None,
            "AggregatedCustomerPaymentReport",
        ),
        (
            report("<PaymentsReport><Invoice></Invoice><Transactions></Transactions></PaymentsReport>"),
            "FRR",
            None,
            "MultiFlowReport",
        ),
    ],
)
def test_the_flow_type_follows_from_syntax_content_and_rule(
    content: bytes, syntax: str, rule: str | None, flow_type: str
) -> None:
    assert glance(content, syntax, rule).flow_type == flow_type


def test_a_report_is_known_by_its_number_and_its_declarant() -> None:
    assert glance(report(), "FRR", None).key == "T1||732829320"
