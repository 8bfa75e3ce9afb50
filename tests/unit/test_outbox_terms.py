"""From XML paths to words that an accountant knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import connector.outbox.terms
from connector.messages import LANGUAGES, Language, Messages
from connector.outbox.terms import Spot, line_of, place, term_of

TABLE = tomllib.loads(Path(connector.outbox.terms.__file__).with_name("terms.toml").read_text("utf-8"))
CII_LINE = "/CrossIndustryInvoice/SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem[4]"


@pytest.mark.parametrize(
    ("path", "term"),
    [
        ("/Invoice/ID", "BT-1"),
        ("/CreditNote/ID", "BT-1"),
        ("/Invoice/InvoiceLine[2]/ID", "BT-126"),
        ("/CreditNote/CreditNoteLine[2]/ID", "BT-126"),
        ("/CreditNote/CreditNoteLine/CreditedQuantity/@unitCode", "BT-130"),
        ("/Invoice/LegalMonetaryTotal/PayableAmount/@currencyID", "BT-115"),
        ("/{http://x/y}Invoice/{urn:y}TaxTotal/{urn:y}TaxAmount", "BT-110"),
        ("/ubl:Invoice/cac:TaxTotal/cac:TaxSubtotal[2]/cbc:TaxAmount", "BT-117"),
        ("/CrossIndustryInvoice/ExchangedDocument/ID", "BT-1"),
        (f"{CII_LINE}/SpecifiedLineTradeDelivery/BilledQuantity", "BT-129"),
        ("/Report/ReportDocument/Id", "TT-1"),
        ("/Report/TransactionsReport/Invoice[3]/ID", "TT-19"),
        ("/Report/TransactionsReport/Transactions[3]/TaxTotal", "TT-83"),
        ("/Invoice/Unheard/Of", None),
        ("/Report/TransactionsReport/Invoice[3]/DueDate", "TT-201"),
        ("", None),
    ],
)
def test_an_element_has_its_business_term(path: str, term: str | None) -> None:
    assert term_of(path) == term


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_the_table_has_a_name_in_both_languages(language: str) -> None:
    messages = Messages("fr" if language == "fr" else "en")
    used = {term for table in TABLE.values() for term in table.values()}
    named = {key.partition(".")[2] for key in ("term." + term for term in used) if messages.has(key)}
    assert named == used
    assert len(used) >= 200


def test_every_element_of_a_report_that_the_tax_office_names_has_its_name_here() -> None:
    assert sum(term.startswith("TT-") for term in TABLE["ereporting"].values()) >= 100


def where(*paths: str, language: Language = "fr") -> str:
    return place([Spot(path=path) for path in paths], Messages(language))


def test_a_line_is_named_by_its_position_when_nobody_knows_its_number() -> None:
    assert where("/Invoice/InvoiceLine[2]/ID") == "ligne 2 – Numéro de ligne (BT-126)"
    assert line_of(f"{CII_LINE}/AssociatedDocumentLineDocument/LineID") == 4
    assert line_of("/Invoice/InvoiceLine/ID") == 1
    assert line_of("/Invoice/ID") is None


def test_lines_with_the_same_fault_are_named_together() -> None:
    paths = [f"/Invoice/InvoiceLine[{n}]/Price/PriceAmount" for n in (7, 3, 12)]
    assert where(*paths).startswith("lignes 3, 7, 12 – Prix unitaire")


def test_a_line_is_named_by_its_own_number_and_what_it_sells() -> None:
    path = "/Invoice/InvoiceLine[{}]/Price/PriceAmount"
    spots = [
        Spot(path=path.format(2), line="30", name="Pompe P12"),
        Spot(path=path.format(5), line="A-1", name="Joint\u202e torique"),
    ]
    assert place(spots[:1], Messages("fr")).startswith("ligne 30 «\u00a0Pompe P12\u00a0» – Prix unitaire")
    assert place(spots, Messages("en")).startswith('lines 30 "Pompe P12", A-1 "Joint torique" – ')
    many = [Spot(path=path.format(n), line=str(n * 10), name="x") for n in range(1, 12)]
    assert place(many, Messages("fr")).startswith("lignes 10, 20, 30, 40, 50, 60, 70, 80, … – ")


def test_the_term_of_a_rule_counts_before_that_of_its_element() -> None:
    spots = [Spot(path="/Invoice")]
    assert place(spots, Messages("fr"), "BT-112") == "Montant total TTC (BT-112)"
    assert place(spots, Messages("fr"), "BT-9999") == "ensemble du document"


def test_an_element_without_a_term_is_told_by_the_group_around_it() -> None:
    path = "/Invoice/AccountingCustomerParty/Party/Logo/Fax"
    assert where(path) == "Client (BG-7), élément «\u00a0Fax\u00a0»"
    assert where("/Invoice/Foo", language="en") == 'element "Foo"'


def test_an_entry_of_a_report_is_named_by_its_position() -> None:
    path = "/Report/TransactionsReport/Transactions[8]/TaxTotal"
    assert where(path).startswith("transactions, bloc n°\u00a08 – Montant de TVA")
    others = [path.replace("8", str(n)) for n in (1, 2)]
    assert where(path, *others).startswith("transactions, blocs n°\u00a01, 2, 8 –")
    invoice = Spot(path="/Report/PaymentsReport/Invoice[2]/Payment/Date", line="FA-7")
    assert place([invoice], Messages("fr")) == "facture n°\u00a0FA-7 – Date de paiement (TT-92)"
