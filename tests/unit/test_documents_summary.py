"""The business summary says what people recognise a document by, and survives what is missing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.documents.reading import date as iso_date
from connector.documents.reading import siren
from connector.documents.summary import READERS, summarise
from connector.model import Document, Family, Party, Syntax
from connector.samples.cii import cii_invoice
from connector.samples.frr import frr_report
from connector.samples.parties import BUYER, SELLER
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.validation.catalogue import load_catalogue

MADE = {
    "ubl-invoice": ubl_invoice(lines=3),
    "ubl-creditnote": ubl_credit_note(lines=3),
    "cii-invoice": cii_invoice(lines=3),
    "frr-report": frr_report(transactions=3),
}


def summary(kind: str, document: bytes) -> Document:
    return summarise(kind, etree.fromstring(document))


def test_every_kind_of_the_catalogue_has_a_reader() -> None:
    assert set(READERS) == set(load_catalogue().entries) == set(MADE)


@pytest.mark.parametrize(
    ("kind", "syntax", "number", "code", "day"),
    [
        ("ubl-invoice", Syntax.UBL, "FA-2026-0001", "380", "2026-09-01"),
        ("ubl-creditnote", Syntax.UBL, "AV-2026-0001", "381", "2026-09-15"),
        ("cii-invoice", Syntax.CII, "FC-2026-0001", "380", "2026-09-01"),
    ],
)
def test_an_invoice_is_summed_up(kind: str, syntax: Syntax, number: str, code: str, day: str) -> None:
    seen = summary(kind, MADE[kind])
    assert seen == Document(
        family=Family.INVOICE,
        syntax=syntax,
        kind=kind,
        profile="urn:cen.eu:en16931:2017",
        number=number,
        issue_date=day,
        type_code=code,
        seller=Party(siren=SELLER, name="Menuiserie Saint-Éloi SAS"),
        buyer=Party(siren=BUYER, name="Maison Lefèvre & Fils SAS"),
        currency="EUR",
        total_without_vat="133.80",
        total_vat="26.76",
        total_with_vat="160.56",
        lines=3,
    )


def test_a_report_is_summed_up() -> None:
    report = frr_report(number="T-9", type_code="RE", period_end=date(2026, 9, 10), transactions=12)
    assert summary("frr-report", report) == Document(
        family=Family.EREPORTING,
        syntax=Syntax.FRR,
        kind="frr-report",
        number="T-9",
        issue_date="2026-10-01",
        type_code="RE",
        seller=Party(siren=SELLER, name="Menuiserie Saint-Éloi SAS"),
        lines=12,
        period_start="2026-09-01",
        period_end="2026-09-10",
    )


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(MADE)), data=st.data())
def test_a_document_without_some_of_its_elements_is_still_summed_up(kind: str, data: st.DataObject) -> None:
    root = etree.fromstring(MADE[kind])
    below = list(root.iter())[1:]
    for element in data.draw(st.lists(st.sampled_from(below), max_size=30, unique=True)):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    assert summarise(kind, root).kind == kind


@pytest.mark.parametrize(
    ("before", "after", "seller"),
    [
        ('schemeID="0002">' + SELLER, 'schemeID="0009">' + SELLER + "00017", SELLER),
        ('schemeID="0002">' + SELLER, ">" + SELLER[:3] + " " + SELLER[3:6] + " " + SELLER[6:], SELLER),
        ('<cbc:CompanyID schemeID="0002">' + SELLER, "<cbc:CompanyID>RCS Lyon", None),
        (
            '<cbc:CompanyID schemeID="0002">',
            f"<cbc:CompanyID>{BUYER}</cbc:CompanyID><cbc:CompanyID schemeID='0002'>",
            SELLER,
        ),
    ],
)
def test_the_siren_is_found_in_the_ways_it_is_written(before: str, after: str, seller: str | None) -> None:
    document = MADE["ubl-invoice"].decode().replace(before, after, 1)
    assert summary("ubl-invoice", document.encode()).seller.siren == seller


def test_the_vat_is_that_in_the_currency_of_the_invoice() -> None:
    other = '<cac:TaxTotal><cbc:TaxAmount currencyID="USD">1.00</cbc:TaxAmount></cac:TaxTotal><cac:TaxTotal>'
    document = MADE["ubl-invoice"].decode().replace("<cac:TaxTotal>", other, 1)
    assert summary("ubl-invoice", document.encode()).total_vat == "26.76"


def test_long_values_are_cut_and_blanks_squeezed() -> None:
    seen = summary("ubl-invoice", ubl_invoice(number="  A\n  1 ", seller_name="x" * 5000))
    assert seen.number == "A 1"
    assert seen.seller.name == "x" * 120


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20260901", "2026-09-01"),
        ("20260901083000", "2026-09-01"),
        ("20261301", "20261301"),
        ("01/09/2026", "01/09/2026"),
        (None, None),
    ],
)
def test_a_compact_date_becomes_iso_and_another_stays(written: str | None, read: str | None) -> None:
    assert iso_date(written) == read


@pytest.mark.parametrize("written", ["12345678", "1234567890", "FR123456789", "١٢٣٤٥٦٧٨٩", "", None])
def test_what_is_no_siren_is_none(written: str | None) -> None:
    assert siren(written) is None
