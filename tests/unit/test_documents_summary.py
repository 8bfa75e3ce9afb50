"""The business summary says what people recognise a document by, and survives what is missing."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.documents.reading import date as iso_date
from connector.documents.reading import siren
from connector.documents.summary import READERS, summarise
from connector.model import Announced, Document, Family, Party, Reason, Reference, Syntax
from connector.samples.annuaire import annuaire_extract, annuaire_update
from connector.samples.cdar import lifecycle_message
from connector.samples.cii import GUIDELINES, cii_invoice
from connector.samples.frr import frr_report
from connector.samples.parties import BUYER, SELLER, vat_number
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.validation.catalogue import load_catalogue

MADE = {
    "ubl-invoice": ubl_invoice(lines=3),
    "ubl-creditnote": ubl_credit_note(lines=3),
    "cii-invoice": cii_invoice(lines=3),
    "frr-report": frr_report(transactions=3),
    "cdar": lifecycle_message(status_code="213", reason_code="DOUBLON"),
    "annuaire-f12-f13": annuaire_update(lines=3),
    "annuaire-f14": annuaire_extract(lines=3),
    **{f"facturx-{profile}": cii_invoice(lines=3, profile=profile) for profile in GUIDELINES},
}


def summary(kind: str, document: bytes) -> Document:
    return summarise(kind, etree.fromstring(document))


def party(siren: str, name: str) -> Party:
    return Party(
        siren=siren,
        siren_scheme="0002",
        vat=vat_number(siren),
        name=name,
        endpoint=siren,
        endpoint_scheme="0225",
    )


def test_every_kind_of_the_catalogue_has_a_reader() -> None:
    assert set(READERS) == set(load_catalogue().entries) == set(MADE)


@pytest.mark.parametrize(
    ("kind", "syntax", "number", "code", "day"),
    [
        ("ubl-invoice", Syntax.UBL, "FA-2026-0001", "380", "2026-09-01"),
        ("ubl-creditnote", Syntax.UBL, "AV-2026-0001", "381", "2026-09-15"),
        ("cii-invoice", Syntax.CII, "FC-2026-0001", "380", "2026-09-01"),
        ("facturx-en16931", Syntax.FACTUR_X, "FC-2026-0001", "380", "2026-09-01"),
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
        seller=party(SELLER, "Menuiserie Saint-Éloi SAS"),
        buyer=party(BUYER, "Maison Lefèvre & Fils SAS"),
        currency="EUR",
        total_without_vat="133.80",
        total_vat="26.76",
        total_with_vat="160.56",
        lines=3,
    )


def test_what_an_invoice_names_as_its_recipient_and_refers_to_is_read() -> None:
    address = f"{BUYER}_{BUYER}00012_COMPTA-{'X' * 92}"  # as long as an address may be
    made = ubl_invoice(buyer_address=f" {address}\n", buyer_reference="VOIRIE", order_reference="EJ 7")
    seen = summary("ubl-invoice", made)
    assert (seen.buyer.endpoint, seen.buyer.endpoint_scheme) == (address, "0225")
    assert (seen.buyer_reference, seen.order_reference) == ("VOIRIE", "EJ 7")
    ram = "<ram:BuyerReference>VOIRIE</ram:BuyerReference>"
    order = "<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>EJ 7</ram:IssuerAssignedID>"
    cii = MADE["cii-invoice"].decode()
    cii = cii.replace("<ram:SellerTradeParty>", f"{ram}<ram:SellerTradeParty>", 1)
    cii = cii.replace(
        "</ram:BuyerTradeParty>", f"</ram:BuyerTradeParty>{order}</ram:BuyerOrderReferencedDocument>"
    )
    seen = summary("cii-invoice", cii.encode())
    assert (seen.buyer.endpoint, seen.buyer.endpoint_scheme) == (BUYER, "0225")
    assert (seen.buyer_reference, seen.order_reference) == ("VOIRIE", "EJ 7")


def test_a_report_is_summed_up() -> None:
    made = frr_report(number="T-9", type_code="RE", period_end=date(2026, 9, 10), transactions=12)
    assert summary("frr-report", made) == Document(
        family=Family.EREPORTING,
        syntax=Syntax.FRR,
        kind="frr-report",
        number="T-9",
        issue_date="2026-10-01",
        type_code="RE",
        seller=Party(siren=SELLER, siren_scheme="0002", name="Menuiserie Saint-Éloi SAS"),
        currency="EUR",
        total_without_vat="21537.00",
        total_vat="2539.86",
        lines=12,
        period_start="2026-09-01",
        period_end="2026-09-10",
        report_kind="10.3",
        role="SE",
        invoices=0,
        transactions=12,
    )


def report(block: str, content: str) -> Document:
    period = "<ReportPeriod><StartDate>20260901</StartDate><EndDate>20260930</EndDate></ReportPeriod>"
    return summary("frr-report", f"<Report><{block}>{period}{content}</{block}></Report>".encode())


INVOICE = """<Invoice><ID>F1</ID><CurrencyCode>{currency}</CurrencyCode><MonetaryTotal>
<TaxExclusiveAmount>100.10</TaxExclusiveAmount><TaxAmount CurrencyCode="EUR">20.02</TaxAmount>
</MonetaryTotal></Invoice>"""
DAY = """<Transactions><TransactionsCurrency>EUR</TransactionsCurrency>
<TaxExclusiveAmount>-0.10</TaxExclusiveAmount><TaxTotal>-0.02</TaxTotal></Transactions>"""
PAYMENT = "<{name}><Payment><SubTotals><Amount>12.5</Amount></SubTotals></Payment></{name}>"


def test_a_report_of_invoices_and_days_is_known_by_its_counts_and_sums() -> None:
    seen = report("TransactionsReport", INVOICE.format(currency="EUR") * 2 + DAY)
    assert (seen.report_kind, seen.invoices, seen.transactions, seen.lines) == ("10.1,10.3", 2, 1, 3)
    assert (seen.currency, seen.total_without_vat, seen.total_vat) == ("EUR", "200.10", "40.02")


def test_amounts_in_two_currencies_are_not_added_up() -> None:
    seen = report("TransactionsReport", INVOICE.format(currency="USD") + DAY)
    assert (seen.currency, seen.total_without_vat, seen.total_vat) == (None, None, "20.00")


@pytest.mark.parametrize(("name", "kind"), [("Invoice", "10.2"), ("Transactions", "10.4")])
def test_a_report_of_payments_is_known_by_what_was_received(name: str, kind: str) -> None:
    seen = report("PaymentsReport", PAYMENT.format(name=name) * 3)
    assert (seen.report_kind, seen.currency, seen.total_with_vat) == (kind, "EUR", "37.5")
    assert seen.total_without_vat is None


@pytest.mark.parametrize(
    ("block", "kind"), [("TransactionsReport", "10.1,10.3"), ("PaymentsReport", "10.2,10.4")]
)
def test_an_empty_report_is_of_the_kinds_of_its_block(block: str, kind: str) -> None:
    seen = report(block, "")
    assert (seen.report_kind, seen.invoices, seen.transactions) == (kind, 0, 0)


@settings(deadline=None)
@given(amount=st.one_of(st.text(max_size=40), st.sampled_from(["1E999999", "NaN", "9" * 200, "1 000.00"])))
def test_what_is_no_amount_adds_nothing_and_costs_nothing(amount: str) -> None:
    root = etree.fromstring(f"<Report><TransactionsReport>{DAY}</TransactionsReport></Report>")
    with contextlib.suppress(ValueError):  # not every character may stand in XML
        root[0][0][1].text = amount
    seen = summarise("frr-report", root)
    assert len(seen.total_without_vat or "") < 40


def test_a_lifecycle_message_is_summed_up() -> None:
    seller = Party(siren=SELLER, siren_scheme="0002", name="Menuiserie Saint-Éloi SAS")
    invoice = Reference(number="FA-2026-0001", issue_date="2026-09-01", type_code="380", issuer=seller)
    assert summary("cdar", MADE["cdar"]) == Document(
        family=Family.LIFECYCLE,
        syntax=Syntax.CDAR,
        kind="cdar",
        profile="urn.cpro.gouv.fr:1p0:CDV:invoice",
        number="CDV-2026-0001",
        issue_date="2026-09-03",
        type_code="305",
        lines=1,
        sender=Party(name="0238:9999"),
        recipient=seller,
        status_code="213",
        about=invoice,
        statuses=(
            Announced(
                code="213",
                words="Rejetée",
                at="2026-09-03T09:15:00",
                about=invoice,
                reasons=(Reason(code="DOUBLON"),),
            ),
        ),
    )


def test_every_status_of_a_message_is_told_with_what_was_paid_and_what_it_lacks_from_the_message() -> None:
    one = lifecycle_message(status_code="212", paid=[("1000.00", "20.00"), ("50.00", "5.5")])
    start, end = one.index(b"<ram:ReferenceReferencedDocument>"), one.index(b"</rsm:AcknowledgementDocument>")
    second = one[start:end].replace(b"FA-2026-0001", b"FA-2026-0002").replace(b">212<", b">205<")
    told = summary("cdar", one[:end] + second + one[end:]).statuses
    assert [(each.code, each.about.number, each.at) for each in told] == [
        ("212", "FA-2026-0001", "2026-09-03T09:15:00"),
        ("205", "FA-2026-0002", "2026-09-03T09:15:00"),
    ]
    assert [(each.kind, each.amount, each.currency, each.rate) for each in told[0].amounts] == [
        ("MEN", "1000.00", "EUR", "20.00"),
        ("MEN", "50.00", "EUR", "5.5"),
    ]


def test_a_directory_file_is_summed_up() -> None:
    assert summary("annuaire-f14", MADE["annuaire-f14"]) == Document(
        family=Family.DIRECTORY,
        syntax=Syntax.DIRECTORY,
        kind="annuaire-f14",
        issue_date="2026-09-01",
        type_code="D",
        lines=3,
    )
    assert summary("annuaire-f12-f13", MADE["annuaire-f12-f13"]).lines == 3


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
        ('schemeID="0002">' + SELLER, 'schemeID="0060">' + SELLER, None),  # a DUNS number
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


def test_a_siret_is_kept_as_written_even_when_it_is_another_companys() -> None:
    other = (
        f'<cac:PartyIdentification><cbc:ID schemeID="0009">{BUYER} 00017</cbc:ID></cac:PartyIdentification>'
    )
    document = MADE["ubl-invoice"].decode().replace("<cac:PartyName>", f"{other}<cac:PartyName>", 1)
    seller = summary("ubl-invoice", document.encode()).seller
    assert (seller.siren, seller.siret) == (SELLER, f"{BUYER}00017")


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
