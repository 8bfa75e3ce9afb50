"""From XML paths to words that an accountant knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import connector.outbox.terms
from connector.messages import LANGUAGES, Messages
from connector.outbox.terms import line_of, place, term_of

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
        ("/Report/TransactionsReport/Invoice[3]/DueDate", None),
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
    assert len(used) >= 60


def test_a_line_is_named_by_its_number() -> None:
    assert place("/Invoice/InvoiceLine[2]/ID", [], Messages("fr")) == "ligne 2 – Numéro de ligne (BT-126)"
    assert line_of(f"{CII_LINE}/AssociatedDocumentLineDocument/LineID") == 4
    assert line_of("/Invoice/InvoiceLine/ID") == 1
    assert line_of("/Invoice/ID") is None


def test_lines_with_the_same_fault_are_named_together() -> None:
    others = [f"/Invoice/InvoiceLine[{n}]/Price/PriceAmount" for n in (7, 3, 12)]
    assert place(others[0], others, Messages("fr")).startswith("lignes 3, 7, 12 – Prix unitaire")


def test_an_element_without_a_term_is_told_by_the_group_around_it() -> None:
    where = "/Invoice/AccountingCustomerParty/Party/Contact/Fax"
    assert place(where, [], Messages("fr")) == "Client (BG-7), élément «\u00a0Fax\u00a0»"
    assert place("/Invoice/Foo", [], Messages("en")) == 'element "Foo"'


def test_an_entry_of_a_report_is_named_by_its_position() -> None:
    where = "/Report/TransactionsReport/Transactions[8]/TaxTotal"
    assert place(where, [], Messages("fr")).startswith("transactions, bloc n°\u00a08 – Montant de TVA")
    others = [where.replace("8", str(n)) for n in (1, 2)]
    assert place(where, others, Messages("fr")).startswith("transactions, blocs n°\u00a01, 2, 8 –")
