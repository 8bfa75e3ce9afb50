"""The samples are what they say: they validate, their sums add up, their identifiers pass their checks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.documents.reading import text
from connector.documents.safe_xml import name_of, read_root
from connector.samples import parties
from connector.samples.annuaire import annuaire_extract, annuaire_update
from connector.samples.cdar import lifecycle_message
from connector.samples.cii import GUIDELINES, cii_invoice
from connector.samples.frr import frr_report
from connector.samples.ubl import LINES_FOR_10_KB, ubl_credit_note, ubl_invoice
from connector.validation.schemas import Schemas

NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"], codec="utf-8"), min_size=1, max_size=60)


SCHEMAS = Schemas()
for kind in SCHEMAS.catalogue.entries:
    SCHEMAS.schema(kind)  # not in the time of the first example


def schema_accepts(document: bytes) -> bool:
    root = read_root(document)
    return bool(SCHEMAS.schema(SCHEMAS.kinds_by_root[name_of(root)]).validate(root))


def luhn_holds(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


@settings(deadline=None)
@given(lines=st.integers(1, 40), number=NAMES, name=NAMES)
def test_every_invoice_and_credit_note_is_valid_by_its_schema(lines: int, number: str, name: str) -> None:
    for make in (ubl_invoice, ubl_credit_note, cii_invoice):
        document = make(number=number, seller_name=name, lines=lines)
        assert schema_accepts(document)


@settings(deadline=None)
@given(transactions=st.integers(0, 60), kind=st.sampled_from(["IN", "RE"]))
def test_every_report_is_valid_by_its_schema(transactions: int, kind: str) -> None:
    assert schema_accepts(frr_report(transactions=transactions, type_code=kind))


@pytest.mark.parametrize("profile", sorted(GUIDELINES))
def test_every_profile_of_a_cii_invoice_is_valid_by_the_schema_of_that_profile(profile: str) -> None:
    document = read_root(cii_invoice(lines=3, profile=profile))
    assert SCHEMAS.schema(f"facturx-{profile}").validate(document)


@settings(deadline=None)
@given(number=NAMES, reason=st.sampled_from([None, "DOUBLON"]), lines=st.integers(1, 5))
def test_every_lifecycle_message_and_directory_file_is_valid_by_its_schema(
    number: str, reason: str | None, lines: int
) -> None:
    assert schema_accepts(lifecycle_message(number=number, invoice=number, reason_code=reason))
    assert schema_accepts(annuaire_update(lines=lines))
    assert schema_accepts(annuaire_extract(lines=lines))


@settings(deadline=None)
@given(stem=st.integers(0, 99_999_999))
def test_a_made_up_siren_passes_luhn_and_its_vat_number_has_the_right_key(stem: int) -> None:
    siren = parties.siren(stem)
    vat = parties.vat_number(siren)
    assert len(siren) == 9
    assert luhn_holds(siren)
    assert int(vat[2:4]) == (12 + 3 * (int(siren) % 97)) % 97


def test_the_check_digit_is_that_of_a_known_siren() -> None:
    assert parties.siren(73_282_932) == "732829320"


@settings(deadline=None)
@given(lines=st.integers(1, 60))
def test_the_totals_of_an_invoice_add_up(lines: int) -> None:
    root = etree.fromstring(ubl_invoice(lines=lines))
    nets = [Decimal(text(line, "LineExtensionAmount") or "") for line in root.iterchildren("{*}InvoiceLine")]
    net = Decimal(text(root, "LegalMonetaryTotal", "TaxExclusiveAmount") or "")
    vat = Decimal(text(root, "TaxTotal", "TaxAmount") or "")
    assert sum(nets) == net
    assert abs(vat - net * Decimal("0.2")) <= Decimal("0.005")
    assert Decimal(text(root, "LegalMonetaryTotal", "PayableAmount") or "") == net + vat


def test_the_sums_of_a_report_are_exact_as_rule_g1_53_asks() -> None:
    root = etree.fromstring(frr_report(transactions=45))
    days = root.findall("TransactionsReport/Transactions")
    assert len(days) == 45
    for day in days:
        parts = day.findall("TaxSubtotal")
        for whole, part in (("TaxExclusiveAmount", "TaxableAmount"), ("TaxTotal", "TaxTotal")):
            assert Decimal(day.findtext(whole) or "") == sum(Decimal(p.findtext(part) or "") for p in parts)


def test_every_day_of_a_report_is_in_its_period() -> None:
    root = etree.fromstring(frr_report(period_start=date(2026, 9, 1), period_end=date(2026, 9, 10)))
    days = {element.text for element in root.iter("Date")}
    assert days == {f"202609{day:02d}" for day in range(1, 11)}


def test_the_line_count_for_ten_kilobytes_is_right() -> None:
    assert 9_500 <= len(ubl_invoice(lines=LINES_FOR_10_KB)) <= 10_500
