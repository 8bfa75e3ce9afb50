"""A document beside those the journal knows: reports that replace each other, numbers that are used up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector import admission, crosscheck
from connector.calendars import read_calendar
from connector.model import (
    Document,
    Family,
    Inspection,
    Job,
    Outcome,
    Party,
    Problem,
    Severity,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)
from connector.policy import RouteRules
from tests.unit.policy_jobs import NOW, RULES, document, inspection, job

REPORTS = RouteRules(accept=frozenset({Family.EREPORTING}), calendar=read_calendar())


def report(number: str = "ER1", type_code: str = "IN", **more: Any) -> Document:
    """A report of October, 30 daily aggregates, made in November and in time for nobody's deadline."""
    facts: dict[str, Any] = {
        "family": Family.EREPORTING,
        "syntax": Syntax.FRR,
        "kind": "frr-report",
        "number": number,
        "issue_date": "2026-11-02",
        "type_code": type_code,
        "seller": Party(siren="732829320"),
        "role": "SE",
        "period_start": "2026-10-01",
        "period_end": "2026-10-31",
        "report_kind": "10.3",
        "invoices": 0,
        "transactions": 30,
        "total_without_vat": "3000.00",
        "total_vat": "600.00",
    }
    return Document(**(facts | more))


def told(
    number: str = "ER1",
    type_code: str = "IN",
    *,
    state: State = State.DONE,
    outcome: Outcome | None = Outcome.ACCEPTED,
    attempts: int = 1,
    **more: Any,
) -> Job:
    """An earlier report."""
    return job(
        state,
        f"20261102-080000-{number.encode().hex():0>8.8}",
        sha256=number.ljust(64, "x"),
        document=report(number, type_code, **more),
        outcome=outcome,
        attempts=attempts,
    )


def decided(new: Document, *earlier: Job, **rules: Any) -> Job:
    seen = Inspection(verdict=Verdict(status=VerdictStatus.VALID), document=new)
    return admission.inspected(job(State.SPOOLED), seen, earlier, replace(REPORTS, **rules), NOW)


def warned(after: Job) -> list[str]:
    """The codes of a going job's warnings, but for what the calendar has to say."""
    assert after.state is State.VALID
    assert after.verdict is not None
    assert all(problem.severity is Severity.WARNING for problem in after.verdict.problems)
    return [problem.code for problem in after.verdict.problems if problem.code != "report-late"]


def reasons(after: Job) -> list[tuple[str, str | None, str | None, str | None]]:
    assert after.outcome is Outcome.HELD
    return [(p.code, p.where, p.found, p.expected) for p in after.problems]


# --------------------------------------------------------------------------- a rectifying report
def test_a_rectifying_report_that_carries_less_is_held_and_says_what_there_is_less_of() -> None:
    earlier = told()
    after = decided(report("ER2", "RE", transactions=29, total_without_vat="2900.00"), earlier)
    assert reasons(after) == [
        ("report-carries-less", "transactions", "29", "30"),
        ("report-carries-less", "total_without_vat", "2900.00", "3000.00"),
    ]
    assert after.twin == earlier.id


@pytest.mark.parametrize("more", [{}, {"transactions": 31}, {"total_vat": "600.01"}], ids=str)
def test_a_rectifying_report_that_carries_as_much_or_more_goes(more: dict[str, Any]) -> None:
    assert warned(decided(report("ER2", "RE", **more), told())) == []


def test_a_rectifying_report_is_held_against_all_initial_ones_together() -> None:
    both = [told("ER1"), told("ER1b", transactions=5, total_without_vat="10.00", total_vat="2.00")]
    after = decided(report("ER2", "RE"), *both)
    assert reasons(after)[0] == ("report-carries-less", "transactions", "30", "35")


def test_a_rectifying_report_replaces_what_came_before_the_last_rectifying_one() -> None:
    smaller = told("ER2", "RE", transactions=10, total_without_vat="1000.00", total_vat="200.00")
    third = report("ER3", "RE", transactions=10, total_without_vat="1000.00", total_vat="200.00")
    assert warned(decided(third, told(), smaller)) == []
    assert reasons(decided(replace(third, transactions=9), told(), smaller)) == [
        ("report-carries-less", "transactions", "9", "10")
    ]


def test_an_empty_rectifying_report_takes_everything_away_and_is_held() -> None:
    empty = report(
        "ER2", "RE", report_kind="10.1,10.3", transactions=0, total_without_vat=None, total_vat=None
    )
    assert reasons(decided(empty, told())) == [("report-carries-less", "transactions", "0", "30")]


def test_one_kind_left_out_of_a_report_that_had_two_is_less() -> None:
    two = told(report_kind="10.1,10.3", invoices=4)
    after = decided(report("ER2", "RE"), two)
    assert reasons(after) == [("report-carries-less", "invoices", "0", "4")]


def test_credits_are_compared_by_their_size() -> None:
    credits_only = told(total_without_vat="-100.00", total_vat="-20.00")
    more = report("ER2", "RE", total_without_vat="-150.00", total_vat="-30.00")
    less = report("ER2", "RE", total_without_vat="-50.00", total_vat="-20.00")
    assert warned(decided(more, credits_only)) == []
    assert reasons(decided(less, credits_only)) == [
        ("report-carries-less", "total_without_vat", "-50.00", "-100.00")
    ]


def test_amounts_in_several_currencies_are_not_compared_but_counts_are() -> None:
    assert warned(decided(report("ER2", "RE", total_without_vat="1.00"), told(total_without_vat=None))) == []
    assert reasons(decided(report("ER2", "RE", transactions=1), told(total_without_vat=None)))


@pytest.mark.parametrize(
    "other",
    [
        {"role": "BY"},
        {"period_end": "2026-10-30"},
        {"seller": Party(siren="552100554")},
        {"report_kind": "10.1"},
    ],
    ids=str,
)
def test_another_role_period_declarant_or_kind_of_data_is_not_replaced(other: dict[str, Any]) -> None:
    after = decided(report("ER2", "RE", transactions=1), told(**other))
    assert warned(after) == ["report-without-initial"]


@pytest.mark.parametrize(
    "outcome", [Outcome.REJECTED_BY_PLATFORM, Outcome.INADMISSIBLE, Outcome.UNREADABLE, Outcome.DUPLICATE]
)
def test_what_the_platform_does_not_have_is_not_replaced(outcome: Outcome) -> None:
    assert warned(decided(report("ER2", "RE"), told(outcome=outcome))) == ["report-without-initial"]


def test_a_report_that_was_held_and_never_sent_is_not_replaced_and_one_in_doubt_is() -> None:
    less = report("ER2", "RE", transactions=1)
    assert warned(decided(less, told(outcome=Outcome.HELD, attempts=0))) == ["report-without-initial"]
    assert reasons(decided(less, told(outcome=Outcome.HELD, attempts=1)))


def test_a_report_on_its_way_counts_already() -> None:
    assert reasons(decided(report("ER2", "RE", transactions=1), told(state=State.RECEIVED, outcome=None)))


# --------------------------------------------------------------------------- a second initial report
def test_a_second_initial_report_of_a_period_is_held_with_the_first_one_named() -> None:
    earlier = told()
    after = decided(report("ER2"), earlier)
    assert reasons(after) == [("report-already-sent", None, earlier.id, None)]
    assert after.twin == earlier.id


def test_a_second_initial_report_of_another_kind_of_data_or_role_goes() -> None:
    assert warned(decided(report("ER2", report_kind="10.1", invoices=3, transactions=0), told())) == []
    assert warned(decided(report("ER2", role="BY"), told())) == []


@pytest.mark.parametrize(
    ("new", "code"),
    [(report("ER2"), "report-already-sent"), (report("ER2", "RE", transactions=1), "report-carries-less")],
)
def test_a_route_may_send_all_reports_of_a_period_and_they_carry_a_warning(new: Document, code: str) -> None:
    assert warned(decided(new, told(), on_same_period="send")) == [code]


def test_the_very_same_report_again_is_a_duplicate_before_it_is_anything_else() -> None:
    earlier = replace(told(), sha256=job(State.SPOOLED).sha256)
    assert decided(report("ER1"), earlier).outcome is Outcome.DUPLICATE


# --------------------------------------------------------------------------- numbers
def rejected(*codes: str, flow_id: str | None = "flow-1", **more: Any) -> Job:
    return job(
        State.DONE,
        "20261122-080000-0000000f",
        sha256="b" * 64,
        document=document(),
        outcome=Outcome.REJECTED_BY_PLATFORM,
        flow_id=flow_id,
        problems=tuple(Problem(code=code, source="platform") for code in codes),
        **more,
    )


def after_one(earlier: Job, **rules: Any) -> Job:
    return admission.inspected(job(State.SPOOLED), inspection(), [earlier], replace(RULES, **rules), NOW)


def test_the_number_of_an_invoice_that_was_issued_and_rejected_is_used_up() -> None:
    earlier = rejected("REJ_SEMAN")
    after = after_one(earlier)
    assert reasons(after) == [("number-void", None, earlier.id, None)]
    assert after.twin == earlier.id
    assert after_one(earlier, on_same_number="send").state is State.VALID


@pytest.mark.parametrize(
    "earlier",
    [
        rejected("REJ_SEMAN", flow_id=None),
        rejected("ROUTAGE_ERR"),
        rejected("DOUBLON"),
        rejected("IRR_SYNTAX"),
        rejected("InvalidSchema"),
        rejected(),
    ],
    ids=["not taken", "no address", "the first one stands", "not read", "not read either", "nobody says why"],
)
def test_a_rejection_that_issued_nothing_leaves_the_number_free(earlier: Job) -> None:
    assert after_one(earlier).state is State.VALID


def test_P17_the_very_same_bytes_after_a_rejection_are_a_retry_that_goes() -> None:
    earlier = replace(rejected("REJ_SEMAN"), sha256=job(State.SPOOLED).sha256)
    assert after_one(earlier).state is State.VALID


def test_an_invoice_that_stands_is_named_before_one_whose_number_it_used_up() -> None:
    standing = job(State.DONE, "20261122-090000-0000000f", sha256="c" * 64, outcome=Outcome.ACCEPTED)
    after = admission.inspected(
        job(State.SPOOLED), inspection(), [rejected("REJ_SEMAN"), standing], RULES, NOW
    )
    assert reasons(after) == [("same-number", None, standing.id, None)]


def test_an_invoice_and_a_credit_note_of_one_number_both_go_with_a_warning() -> None:
    earlier = job(State.DONE, "20261122-090000-0000000f", sha256="c" * 64, outcome=Outcome.ACCEPTED,
                  document=document(type_code="381"))  # fmt: skip
    after = after_one(earlier)
    assert after.verdict is not None
    assert after.state is State.VALID
    assert [(p.code, p.found) for p in after.verdict.problems] == [("same-number-other-type", earlier.id)]
    failed = replace(earlier, outcome=Outcome.INADMISSIBLE)
    assert after_one(failed).verdict == Verdict(status=VerdictStatus.VALID)


def test_keys_are_asked_for_by_what_an_inspection_saw() -> None:
    seen = Inspection(verdict=Verdict(status=VerdictStatus.VALID), document=report())
    assert crosscheck.keys_of(seen) == (
        "ereporting|732829320|ER1|2026-10-01/2026-10-31",
        "period|732829320|SE|2026-10-01/2026-10-31",
    )
    assert crosscheck.keys_of(replace(seen, document=None)) == ()


@pytest.mark.parametrize(
    "lacking",
    [{"seller": Party()}, {"period_end": None}, {"family": Family.LIFECYCLE}, {"family": Family.DIRECTORY}],
    ids=str,
)
def test_a_report_that_does_not_say_enough_gets_in_nobodys_way(lacking: dict[str, Any]) -> None:
    assert crosscheck.kin_key(report(**lacking)) is None
    assert crosscheck.report_clash(job(State.SPOOLED, document=report(**lacking)), [told()]) is None
