"""Names and envelopes of the public portal's flows: what anybody can unpack, and the same bytes each time."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from connector.gateways import ppf_cursor, ppf_flows
from connector.gateways.body import SpoolChanged
from connector.gateways.ppf_answers import FlowPage, KnownFlow
from connector.gateways.ppf_cursor import Place
from connector.gateways.ppf_flows import EnvelopeBody
from connector.model import Document, Family, FlowReport, Parcel, Syntax
from tests.integration.gateways_servers import parcel

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
CDV = "urn.cpro.gouv.fr:1p0:CDV:"


def document(syntax: Syntax, profile: str | None = None) -> Document:
    return Document(family=Family.INVOICE, syntax=syntax, kind="k", profile=profile)


def body_of(wanted: Parcel) -> bytes:
    async def taken() -> bytes:
        body = EnvelopeBody(wanted)
        whole = b"".join([piece async for piece in body.pieces()])
        assert (body.started, body.finished, body.length) == (True, True, len(whole))
        return whole

    return asyncio.run(taken())


# --------------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("syntax", "profile", "interface", "domain"),
    [
        (Syntax.UBL, None, "FFE0111A", "facturation"),
        (Syntax.CII, "urn:cen.eu:en16931:2017", "FFE0112A", "facturation"),
        (Syntax.CDAR, f"{CDV}invoice", "FFE0614A", "facturation"),
        (Syntax.CDAR, f"{CDV}einvoicingF1", "FFE0604A", "facturation"),
        (Syntax.CDAR, f"{CDV}ereportingF10", "FFE0624A", "e-reporting"),
        (Syntax.CDAR, None, "FFE0614A", "facturation"),
        (Syntax.FRR, None, "FFE1025A", "e-reporting"),
    ],
)
def test_a_flow_is_named_by_what_is_in_it_and_belongs_to_a_domain(
    tmp_path: Path, syntax: Syntax, profile: str | None, interface: str, domain: str
) -> None:
    wanted = parcel(tmp_path, number=1, document=document(syntax, profile))
    name = ppf_flows.flow_name(replace(wanted, number=290), "PPF262")
    assert name == f"{interface}_PPF262_PPF262{interface[3:7]}000000000000290"
    assert re.fullmatch(r"FFE\d{4}[A-Z]_[A-Z0-9]{6}_[A-Z0-9]{25}", name)
    assert ppf_flows.domain_of(name) == domain


@pytest.mark.parametrize(
    ("name", "syntax", "inner"),
    [
        ("FA1__0123abcd.xml", Syntax.UBL, "Full_FA1__0123abcd.xml"),
        ("FA1__0123abcd.xml", Syntax.FRR, "FA1__0123abcd.xml"),
        ("X" * 110 + "__0123abcd.xml", Syntax.CII, "Full_" + "X" * 81 + "__0123abcd.xml"),
    ],
)
def test_the_document_in_a_flow_keeps_a_name_that_is_unique_and_fits(
    tmp_path: Path, name: str, syntax: Syntax, inner: str
) -> None:
    wanted = parcel(tmp_path, name=name, document=document(syntax))
    assert ppf_flows.inner_name(wanted) == inner
    assert len(inner) <= 100
    with tarfile.open(fileobj=io.BytesIO(body_of(wanted))) as packed:
        assert packed.getnames() == [inner]


# --------------------------------------------------------------------------- envelopes
@pytest.mark.parametrize("size", [1, 511, 512, 513, 65_535 - 1536, 65_535, 65_536, 300_000])
def test_anybody_can_unpack_an_envelope_and_its_length_was_known_before(tmp_path: Path, size: int) -> None:
    content = bytes(place % 251 for place in range(size))
    whole = body_of(parcel(tmp_path, content=content))
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as packed:
        (entry,) = packed.getmembers()
        opened = packed.extractfile(entry)
        assert opened is not None
        assert opened.read() == content
    done = subprocess.run(
        ["tar", "--extract", "--gzip", "--to-stdout"], input=whole, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (content, b"")


def test_H11_each_attempt_sends_the_same_bytes(tmp_path: Path) -> None:
    first = parcel(tmp_path, content=b"<Invoice/>" * 9_000)
    again = replace(first, attempt=2, path=first.path.rename(tmp_path / "elsewhere"))
    assert body_of(first_copy := replace(first, path=again.path)) == body_of(again)
    assert ppf_flows.sha256_of_envelope(first_copy) == sha256(body_of(again)).hexdigest()


def test_S10_a_copy_of_another_length_is_not_sent(tmp_path: Path) -> None:
    wanted = parcel(tmp_path, content=b"<Invoice/>")
    body = EnvelopeBody(replace(wanted, size=wanted.size + 1))

    async def first_piece() -> None:
        async for _ in body.pieces():
            break

    with pytest.raises(SpoolChanged):
        asyncio.run(first_piece())
    assert not body.started


# --------------------------------------------------------------------------- reading what has changed
def flow(number: int, milliseconds: int) -> KnownFlow:
    at = NOW + timedelta(milliseconds=milliseconds)
    return KnownFlow(report=FlowReport(flow_id=str(number), updated_at=at))


def read_all(flows: list[KnownFlow], size: int, place: Place | None = None) -> tuple[list[str], Place]:
    """Everything a portal tells, page by page of `size`, in the order of change."""
    place, seen = place or Place(), []
    for _ in range(100):
        start, skip = place.start(NOW - timedelta(hours=1), 0.0)
        found = [one for one in flows if (one.report.updated_at or NOW) >= start]
        page = found[skip : skip + size]
        seen += [one.report.flow_id for one in page]
        told = FlowPage(flows=tuple(page), partial=skip + len(page) < len(found))
        places = {"facturation": place.after(told, (start, skip), NOW + timedelta(days=1))}
        place = ppf_cursor.read_places(ppf_cursor.written(places))["facturation"]
        if place.at is None:
            return seen, place
    raise AssertionError("it does not end")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("step", [0, 1, 10])
def test_H15_all_flows_are_read_whatever_the_page_even_those_changed_at_one_moment(
    size: int, step: int
) -> None:
    flows = [flow(number, number // 5 * step) for number in range(23)]
    seen, place = read_all(flows, size)
    assert set(seen) == {str(number) for number in range(23)}
    assert place == Place(high=flows[-1].report.updated_at)
    later = [*flows, flow(23, 5_000)]
    assert "23" in read_all(later, size, place)[0]


def test_H15_a_flow_dated_in_the_future_does_not_carry_the_cursor_past_others() -> None:
    page = FlowPage(flows=(flow(1, 0), flow(2, 86_400_000)), partial=False)
    assert Place().after(page, (NOW, 0), NOW).high == NOW


def test_a_portal_that_never_turns_its_pages_does_not_keep_us_for_ever() -> None:
    place, rounds = Place(), 0
    while True:
        asked = place.start(NOW, 0.0)
        place = place.after(FlowPage(flows=(flow(1, 0),) * 100, partial=True), asked, NOW)
        rounds += 1
        if place.at is None:
            break
    assert rounds <= ppf_cursor.MOST_OF_A_MOMENT / 100 + 1


@pytest.mark.parametrize("stored", [None, "", "x", "[]", '{"facturation": 7}', "2026-11-22T08:00:00Z"])
def test_a_cursor_that_cannot_be_read_begins_anew(stored: str | None) -> None:
    place = ppf_cursor.read_places(stored).get("facturation", Place())
    assert place.start(NOW, 5.0) == (NOW, 0)
