"""Whose status it is, and what it changes: the rules of `lifecycle`, alone and in any order of coming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import lifecycle
from connector.incoming import Delivery, Effect, Incoming, Matter, Phase, Stand
from connector.lifecycle import Receiver, Receivers
from connector.model import (
    Announced,
    Document,
    Family,
    FetchFailed,
    IncomingFlow,
    Inspection,
    Job,
    Outcome,
    Party,
    Reason,
    Reference,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SIREN = "732829320"


def job(job_id: str = "20261122-080000-00000001", number: str = "FA1", **changes: object) -> Job:
    """An accepted invoice."""
    document = Document(
        family=Family.INVOICE,
        syntax=Syntax.UBL,
        kind="ubl-invoice",
        number=number,
        issue_date="2026-11-20",
        type_code="380",
        seller=Party(siren=SIREN),
    )
    whole = Job(
        id=job_id,
        route="ventes",
        account="pa",
        state=State.DONE,
        claimed_at=NOW,
        attempts=1,
        tracking_id=f"t-{job_id}",
        flow_id=f"f-{job_id}",
        outcome=Outcome.ACCEPTED,
        document=document,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def said(
    code: str = "205",
    at: str | None = None,
    reasons: Sequence[str] = (),
    *,
    number: str | None = "FA1",
    issue_date: str | None = "2026-11-20",
    type_code: str = "380",
) -> Announced:
    about = Reference(number=number, issue_date=issue_date, type_code=type_code, issuer=Party(siren=SIREN))
    return Announced(code=code, at=at, reasons=tuple(Reason(code=each) for each in reasons), about=about)


def flow(**changes: object) -> Incoming:
    whole = Incoming(
        id="20261122-090000-0000000a",
        account="pa",
        flow_id="in-1",
        state=Stand.FETCHED,
        matter=Matter.SALES_STATUS,
        seen_at=NOW,
        sha256="0" * 64,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def told(*announced: Announced, of: Job | None = None) -> list[tuple[Effect, str | None]]:
    """What each of these does, coming in this order."""
    delivered: list[Delivery] = []
    effects = []
    for each in announced:
        effect, current = lifecycle.effect_of(each, of or job(), delivered)
        effects.append((effect, current))
        delivered.append(delivery(each, effect))
    return effects


def delivery(status: Announced, effect: Effect) -> Delivery:
    return Delivery(
        id="d",
        incoming="i",
        account="pa",
        route="ventes",
        state=Phase.NOTED,
        noted_at=NOW,
        subject="s",
        flow_id="in-1",
        status=status,
        effect=effect,
    )


# --------------------------------------------------------------------------- what a flow is about
@pytest.mark.parametrize(
    ("flow_type", "syntax", "matter"),
    [
        ("CustomerInvoiceLC", "CDAR", Matter.SALES_STATUS),
        ("StateCustomerInvoiceLC", "CDAR", Matter.SALES_STATUS),
        ("AggregatedCustomerTransactionReport", "CDAR", Matter.SALES_STATUS),
        ("SupplierInvoiceLC", "CDAR", Matter.PURCHASE_STATUS),
        ("StateSupplierInvoiceLC", "CDAR", Matter.PURCHASE_STATUS),
        ("SupplierInvoice", "UBL", Matter.DOCUMENT),
        ("CustomerInvoice", "Factur-X", Matter.DOCUMENT),
        ("SomethingNew", None, Matter.DOCUMENT),
        (None, None, Matter.DOCUMENT),
    ],
)
def test_the_listing_tells_what_a_flow_is_about(
    flow_type: str | None, syntax: str | None, matter: Matter
) -> None:
    listed = IncomingFlow(flow_id="in-1", flow_type=flow_type, syntax=syntax)
    assert lifecycle.seen(listed, "pa", "id", NOW).matter is matter


def test_a_flow_that_is_not_given_is_asked_for_a_day_and_one_refused_for_good_at_once() -> None:
    not_found = FetchFailed(reason="not-found", final=False)
    assert not lifecycle.is_given_up(flow(), not_found, NOW + timedelta(hours=23))
    assert lifecycle.is_given_up(flow(), not_found, NOW + timedelta(hours=25))
    assert lifecycle.is_given_up(flow(), FetchFailed(reason="too-large", final=True), NOW)
    given = lifecycle.given_up(flow(), FetchFailed(reason="read", final=True, words="cut"))
    assert [(each.code, each.message) for each in given.problems] == [("incoming-not-given", "cut")]


def test_a_flow_is_put_off_longer_and_longer_but_never_more_than_an_hour() -> None:
    pauses = []
    waiting = flow(state=Stand.SEEN)
    for _ in range(20):
        waiting = lifecycle.put_off(waiting, "not-found", NOW)
        assert waiting.not_before is not None
        pauses.append(waiting.not_before - NOW)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=2), timedelta(hours=1))


def test_P04_a_flow_that_a_checker_dies_on_is_looked_into_three_times() -> None:
    looked, waiting = 0, flow()
    while not lifecycle.is_told_unseen(waiting):
        if waiting.tries:  # as `reception.sort_out` does: counted before it goes alone
            waiting = replace(waiting, tries=waiting.tries + 1)
            if lifecycle.is_told_unseen(waiting):
                break
        looked += 1
        if lifecycle.is_lost(waiting):
            break
        waiting = lifecycle.not_judged(waiting, "crash", NOW)
    assert looked == 3
    assert lifecycle.not_judged(flow(), "io", NOW).tries == 0
    assert lifecycle.not_judged(flow(tries=3), "io", NOW).tries == 2


# --------------------------------------------------------------------------- whose status it is
def test_the_ids_of_a_flow_come_before_the_number_of_an_invoice() -> None:
    first, repeat = job(), job("20261122-080000-00000002", outcome=Outcome.REJECTED_BY_PLATFORM)
    jobs = [first, repeat]
    assert lifecycle.subject_of(said("213"), repeat.flow_id, jobs) == repeat
    assert lifecycle.subject_of(said("213"), repeat.tracking_id, jobs) == repeat
    assert lifecycle.subject_of(said("213"), "not ours", jobs) == first
    assert lifecycle.subject_of(said("213"), None, jobs) == first


@pytest.mark.parametrize(
    "other", [said(number="FA2"), said(issue_date="2025-11-20"), said(number=None, issue_date=None)]
)
def test_another_number_or_year_or_none_is_nobodys(other: Announced) -> None:
    assert lifecycle.subject_of(other, None, [job()]) is None
    assert lifecycle.subject_of(said(number="FA2"), job().flow_id, [job()]) is None  # even if the flow fits


def test_another_seller_is_nobodys_and_a_missing_one_does_not_contradict() -> None:
    other = replace(said(), about=replace(said().about, issuer=Party(siren="552100554")))
    assert lifecycle.subject_of(other, None, [job()]) is None
    bare = replace(said(), about=Reference(number="FA1"))
    assert lifecycle.subject_of(bare, None, [job()]) == job()


def test_an_invoice_that_never_left_has_no_status() -> None:
    assert lifecycle.subject_of(said(), None, [job(attempts=0, outcome=Outcome.UNREADABLE)]) is None


def test_of_an_invoice_and_a_credit_note_with_one_number_the_type_decides() -> None:
    invoice, note = job(), job("20261122-080000-00000002")
    assert note.document is not None
    note = replace(note, document=replace(note.document, type_code="381"))
    assert lifecycle.subject_of(said(type_code="381"), None, [invoice, note]) == note
    assert lifecycle.subject_of(said(type_code="380"), None, [invoice, note]) == invoice


# --------------------------------------------------------------------------- what it changes
def test_an_ordinary_life_goes_from_status_to_status() -> None:
    codes = ["200", "201", "202", "203", "204", "205", "211", "212"]
    assert told(*map(said, codes)) == [(Effect.CURRENT, code) for code in codes]


def test_what_comes_late_or_again_is_kept_and_changes_nothing() -> None:
    late = [said("205", "2026-11-22T10:00:00"), said("204", "2026-11-22T09:00:00"), said("203")]
    assert told(*late) == [(Effect.CURRENT, "205"), (Effect.KEPT, "205"), (Effect.KEPT, "205")]
    assert told(said("205"), said("205")) == [(Effect.CURRENT, "205"), (Effect.KEPT, "205")]


@pytest.mark.parametrize("code", ["", "601", "250", "501", "20", "2055", "ABC", "２０５", None])
def test_a_code_without_a_place_in_an_invoices_life_is_kept(code: str | None) -> None:
    assert told(replace(said(), code=code)) == [(Effect.KEPT, None)]


def test_a_refusal_ends_it_even_if_its_clock_is_behind() -> None:
    ended = [said("205", "2026-11-22T10:00:00"), said("210", "2026-11-22T09:00:00"), said("212")]
    assert told(*ended) == [(Effect.CURRENT, "205"), (Effect.CURRENT, "210"), (Effect.AFTER_END, "210")]


@pytest.mark.parametrize(
    ("reasons", "outcome", "effect"),
    [
        (["DOUBLON"], Outcome.ACCEPTED, Effect.FIRST_STANDS),
        (["REJ_UNI"], Outcome.ACCEPTED, Effect.FIRST_STANDS),
        (["DOUBLON", "CALCUL_ERR"], Outcome.ACCEPTED, Effect.CURRENT),
        ([], Outcome.ACCEPTED, Effect.CURRENT),
        (["DOUBLON"], Outcome.REJECTED_BY_PLATFORM, Effect.CURRENT),
        (["DOUBLON"], None, Effect.FIRST_STANDS),
        (["DOUBLON"], Outcome.HELD, Effect.FIRST_STANDS),
    ],
)
def test_only_a_rejection_for_being_a_repeat_leaves_an_invoice_alone(
    reasons: list[str], outcome: Outcome | None, effect: Effect
) -> None:
    assert told(said("213", reasons=reasons), of=job(outcome=outcome))[0][0] is effect


ANY = st.builds(
    said,
    code=st.sampled_from(["200", "203", "204", "205", "207", "210", "212", "213", "601", "X"]),
    at=st.sampled_from([None, "2026-11-20T08:00:00", "2026-11-21T08:00:00", "2026-11-22"]),
    reasons=st.sampled_from([(), ("DOUBLON",), ("CALCUL_ERR",)]),
)


@given(st.lists(ANY, max_size=12))
def test_in_any_order_the_first_end_stays_and_every_status_is_answered(announced: list[Announced]) -> None:
    effects = told(*announced)
    assert len(effects) == len(announced)
    ends = [
        place
        for place, (each, (effect, _)) in enumerate(zip(announced, effects, strict=True))
        if each.code in ("210", "213") and effect is Effect.CURRENT
    ]
    if ends:
        assert all(current == announced[ends[0]].code for _, current in effects[ends[0] :])
        assert all(effect is not Effect.CURRENT for effect, _ in effects[ends[0] + 1 :])


# --------------------------------------------------------------------------- where it goes
HERE = Receivers(
    routes=("ventes", "achats", "achats-b"),
    receiving=(Receiver(route="achats"), Receiver(route="achats-b", companies=frozenset({"552100554"}))),
)


def test_what_belongs_to_no_document_of_ours_goes_to_the_route_of_its_company() -> None:
    assert HERE.route_for(["552100554"]) == "achats-b"
    assert HERE.route_for([SIREN]) == "achats"
    assert HERE.route_for([]) == "achats"
    assert Receivers(routes=("ventes",)).route_for([SIREN]) == "ventes"
    assert Receivers(routes=("ventes",)).matters == (Matter.SALES_STATUS,)


def announcing(*statuses: Announced, lines: int | None = None) -> Inspection:
    document = Document(
        family=Family.LIFECYCLE,
        syntax=Syntax.CDAR,
        kind="cdar",
        lines=len(statuses) if lines is None else lines,
        statuses=statuses,
    )
    return Inspection(verdict=Verdict(status=VerdictStatus.VALID), document=document)


def test_a_message_about_several_documents_is_told_document_by_document() -> None:
    first, second = job(), job("20261122-080000-00000002", number="FA2")
    seen = announcing(said("205"), said("210", number="FA2"), said("205", number="FA9"), said("212"))
    parts = lifecycle.deliveries_of(flow(), seen, [first, second], {}, HERE, NOW)
    assert [(part.job, part.effect, part.route) for part in parts] == [
        (first.id, Effect.CURRENT, "ventes"),
        (second.id, Effect.CURRENT, "ventes"),
        (None, Effect.UNMATCHED, "achats"),
        (first.id, Effect.CURRENT, "ventes"),
    ]
    assert [part.current for part in parts] == ["205", "210", None, "212"]
    assert len({part.id for part in parts}) == 4
    assert all(part.document is not None and part.document.statuses == () for part in parts)


@pytest.mark.parametrize("lines", [21, 9000])
def test_a_message_that_announces_many_is_laid_down_once_and_not_beside_each_status(lines: int) -> None:
    announced = [said()] * 21
    whole, *others = lifecycle.deliveries_of(
        flow(), announcing(*announced, lines=lines), [job()], {}, HERE, NOW
    )
    assert (whole.status, whole.subject, whole.sha256) == (None, flow().id, "0" * 64)
    assert [(part.job, part.sha256) for part in others] == [(job().id, None)] * 21


def test_a_status_of_a_route_that_is_gone_goes_where_the_rest_goes() -> None:
    (part,) = lifecycle.deliveries_of(flow(), announcing(said()), [job(route="old")], {}, HERE, NOW)
    assert (part.job, part.route) == (job().id, "achats")


def test_nothing_that_came_goes_without_a_delivery() -> None:
    invoice = replace(announcing(), document=replace(job().document, lines=3))  # type: ignore[type-var]
    unread = Inspection(verdict=Verdict(status=VerdictStatus.UNREADABLE))
    for seen in (None, unread, announcing(), invoice):
        (part,) = lifecycle.deliveries_of(flow(), seen, [], {}, HERE, NOW)
        assert (part.status, part.sha256, part.route) == (None, "0" * 64, "achats")
