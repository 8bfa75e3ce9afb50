"""Parties of UBL invoices are remembered by their XML: never mixed up, and never without bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.documents import ubl
from connector.documents.safe_xml import read_root
from connector.documents.summary import summarise
from connector.model import Document, Party
from connector.samples.ubl import ubl_invoice
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas


def _read(data: bytes) -> Document:
    return summarise("ubl-invoice", read_root(data))


@pytest.fixture(autouse=True)
def _nobody_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ubl, "_parties", {})


def test_a_party_read_again_is_the_same_as_when_it_was_read_first() -> None:
    first = _read(ubl_invoice(number="FA1"))
    assert ubl._parties
    again = _read(ubl_invoice(number="FA2"))
    assert (again.seller, again.buyer) == (first.seller, first.buyer)
    assert again.number == "FA2"


def test_one_changed_digit_is_another_party() -> None:
    data = ubl_invoice()
    known = _read(data).buyer
    assert known.siren is not None
    other = known.siren[:-1] + str((int(known.siren[-1]) + 1) % 10)
    assert _read(data.replace(known.siren.encode(), other.encode())).buyer.siren == other


def test_the_same_company_as_seller_and_as_buyer_is_read_in_its_place() -> None:
    there = _read(ubl_invoice())
    assert there.seller.siren and there.buyer.siren
    back = _read(ubl_invoice(seller_siren=there.buyer.siren, buyer_siren=there.seller.siren))
    assert (back.seller.siren, back.buyer.siren) == (there.buyer.siren, there.seller.siren)


def test_the_number_of_remembered_parties_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ubl, "_MOST_PARTIES", 4)
    for number in range(20):
        name = f"Client {number}"
        assert _read(ubl_invoice(buyer_name=name)).buyer.name == name
        assert len(ubl._parties) <= 4


def test_a_party_of_many_bytes_is_read_and_not_remembered() -> None:
    long = "Client " + "x" * 10_000
    buyer = _read(ubl_invoice(buyer_name=long)).buyer
    assert (buyer.name or "").startswith("Client xxx")
    assert buyer not in ubl._parties.values()


def test_an_invoice_without_its_buyer_has_a_buyer_of_whom_nothing_is_known() -> None:
    data = ubl_invoice()
    begin, end = b"<cac:AccountingCustomerParty>", b"</cac:AccountingCustomerParty>"
    without = data[: data.index(begin)] + data[data.index(end) + len(end) :]
    assert _read(without).buyer == Party()


@pytest.mark.parametrize("between", [b"<!-- x -->", b"<?x y?>"])
@pytest.mark.parametrize("stream_above", [1, 10_000_000])
def test_a_comment_in_the_middle_of_a_number_does_not_cut_it(
    tmp_path: Path, between: bytes, stream_above: int
) -> None:
    path = tmp_path / "FA1.xml"
    path.write_bytes(ubl_invoice(number="FA1").replace(b">FA1<", b">FA" + between + b"1<"))
    seen = inspect_file(path, Schemas(), stream_above=stream_above)
    assert seen.document is not None
    assert seen.document.number == "FA1"
