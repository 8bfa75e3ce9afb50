"""A problem in a line is told with the line's own number and article, however many problems there are."""

from __future__ import annotations

import time

import pytest
from lxml import etree

from connector.documents.lines import line_of, name_lines
from connector.documents.summary import READERS
from connector.model import Problem
from connector.samples.cii import cii_invoice
from connector.samples.ubl import ubl_invoice

UBL, CII, FRR = READERS["ubl-invoice"], READERS["cii-invoice"], READERS["frr-report"]
LINE = "/CrossIndustryInvoice/SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem"


def named(where: str, kind: str, document: bytes) -> tuple[str | None, str | None]:
    (problem,) = name_lines([Problem(code="c", where=where)], etree.fromstring(document), READERS[kind])
    return problem.invoice_line, problem.line_name


@pytest.mark.parametrize(
    ("kind", "document", "where"),
    [
        ("ubl-invoice", ubl_invoice(lines=3), "/Invoice/InvoiceLine[2]/Price/PriceAmount"),
        ("ubl-invoice", ubl_invoice(lines=3), "/Invoice/InvoiceLine[2]"),
        ("cii-invoice", cii_invoice(lines=3), f"{LINE}[2]/SpecifiedTradeProduct/Name"),
        ("facturx-en16931", cii_invoice(lines=3), f"{LINE}[2]/@id"),
    ],
)
def test_the_line_is_named(kind: str, document: bytes, where: str) -> None:
    assert named(where, kind, document) == ("2", "Ramette de papier A4 80 g")


def test_the_only_line_has_no_position_in_its_path() -> None:
    assert named("/Invoice/InvoiceLine/ID", "ubl-invoice", ubl_invoice()) == ("1", "Étagère en chêne, 120 cm")


@pytest.mark.parametrize(
    "where",
    [None, "", "/Invoice", "/Invoice/TaxTotal", "/Invoice/InvoiceLine[9]/ID", "seller", "//x[", "/a/b"],
)
def test_elsewhere_there_is_no_line(where: str | None) -> None:
    problem = Problem(code="c", where=where)
    assert name_lines([problem], etree.fromstring(ubl_invoice()), UBL) == (problem,)


def test_of_a_report_the_line_is_the_invoice_it_is_in() -> None:
    report = (
        b"<Report><PaymentsReport><Invoice><InvoiceID>F-7</InvoiceID></Invoice></PaymentsReport></Report>"
    )
    assert named("/Report/PaymentsReport/Invoice/Payment/Date", "frr-report", report) == ("F-7", None)
    assert line_of("/Report/TransactionsReport/Transactions[4]/Date", FRR) == (
        ("TransactionsReport",),
        "Transactions",
        4,
    )


def test_what_is_named_already_stays() -> None:
    problem = Problem(code="c", where="/Invoice/InvoiceLine/ID", invoice_line="A")
    assert name_lines([problem], etree.fromstring(ubl_invoice()), UBL) == (problem,)


def test_two_hundred_problems_in_ten_thousand_lines_take_one_walk() -> None:
    root = etree.fromstring(ubl_invoice(lines=10_000))
    problems = [Problem(code="c", where=f"/Invoice/InvoiceLine[{9_800 + n}]/ID") for n in range(200)]
    start = time.process_time()
    assert [problem.invoice_line for problem in name_lines(problems, root, UBL)] == [
        str(9_800 + n) for n in range(200)
    ]
    assert time.process_time() - start < 1
