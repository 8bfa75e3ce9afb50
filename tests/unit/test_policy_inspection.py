"""What becomes of a file once it was looked into: duplicates, same numbers, poison, the unfinished."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector import admission, crosscheck
from connector.model import (
    Family,
    InspectionLost,
    Job,
    Outcome,
    Party,
    State,
    Verdict,
    VerdictStatus,
)
from tests.unit.policy_jobs import NOW, RULES, document, inspection, job, twin

FAILED = [
    Outcome.REJECTED_BEFORE_SENDING,
    Outcome.INADMISSIBLE,
    Outcome.REJECTED_BY_PLATFORM,
    Outcome.UNREADABLE,
    Outcome.CANCELLED,
]
STANDING = [Outcome.ACCEPTED, Outcome.HELD, Outcome.REFUSED_BY_BUYER, None]


def decided(*twins: Job, **rules: Any) -> Job:
    """A valid document next to these twins."""
    return admission.inspected(job(State.SPOOLED), inspection(), twins, replace(RULES, **rules), NOW)


def other_bytes(outcome: Outcome | None, state: State = State.DONE) -> Job:
    return twin(outcome, state, sha256="b" * 64)


# --------------------------------------------------------------------------- same bytes, same number
def test_A14_the_same_name_alone_says_nothing() -> None:
    assert decided().state is State.VALID


@pytest.mark.parametrize("outcome", STANDING)
def test_A15_the_same_bytes_again_are_a_duplicate_of_the_first(outcome: Outcome | None) -> None:
    earlier = twin(outcome, State.DONE if outcome else State.RECEIVED)
    after = decided(earlier, twin(Outcome.DUPLICATE, id="20261122-080000-00000010"))
    assert (after.outcome, after.twin) == (Outcome.DUPLICATE, earlier.id)


def test_A15_a_route_may_hold_duplicates_or_send_them() -> None:
    assert decided(twin(Outcome.ACCEPTED), duplicates="hold").outcome is Outcome.HELD
    sent = decided(twin(Outcome.ACCEPTED), duplicates="send")
    assert sent.state is State.VALID
    assert sent.tracking_id != decided().tracking_id  # a deposit of its own, not found by the first one's key


@pytest.mark.parametrize("outcome", FAILED)
def test_P17_what_failed_does_not_stand_in_the_way_and_the_retry_has_its_own_key(outcome: Outcome) -> None:
    retry = decided(twin(outcome), other_bytes(outcome))
    assert retry.state is State.VALID
    assert retry.tracking_id != decided().tracking_id


@pytest.mark.parametrize("outcome", STANDING)
def test_A16_the_same_number_with_other_bytes_is_held_with_both_named(outcome: Outcome | None) -> None:
    earlier = other_bytes(outcome, State.DONE if outcome else State.SENDING)
    after = decided(earlier)
    assert (after.outcome, after.twin) == (Outcome.HELD, earlier.id)
    assert [problem.code for problem in after.problems] == ["same-number"]


def test_A16_a_route_may_send_the_same_number_again() -> None:
    assert decided(other_bytes(Outcome.ACCEPTED), on_same_number="send").state is State.VALID


@pytest.mark.parametrize("state", [State.CLAIMED, State.SPOOLED, State.VOID])
def test_of_two_equal_files_in_work_the_undecided_one_does_not_count(state: State) -> None:
    assert decided(twin(None, state), other_bytes(None, state)).state is State.VALID


def test_an_invalid_document_of_a_known_number_is_told_what_is_wrong_with_it() -> None:
    seen = inspection(VerdictStatus.INVALID)
    after = admission.inspected(job(State.SPOOLED), seen, [other_bytes(Outcome.ACCEPTED)], RULES, NOW)
    assert after.outcome is Outcome.REJECTED_BEFORE_SENDING


# --------------------------------------------------------------------------- the business key
def test_A16_a_number_counts_for_its_seller_year_and_type() -> None:
    key = crosscheck.business_key(document())
    same = crosscheck.business_key(document(issue_date="2026-12-31", total_with_vat="1.00"))
    different = [
        crosscheck.business_key(document("FA2")),
        crosscheck.business_key(document(issue_date="2027-01-01")),
        crosscheck.business_key(document(type_code="381")),
        crosscheck.business_key(document(seller=Party(siren="552100554"))),
    ]
    assert key == same
    assert key not in different
    assert len(set(different)) == 4


@pytest.mark.parametrize(
    "lacking",
    [{"number": None}, {"seller": Party()}, {"issue_date": None}, {"family": Family.LIFECYCLE}],
    ids=str,
)
def test_a_document_that_does_not_say_enough_has_no_key(lacking: dict[str, Any]) -> None:
    assert crosscheck.business_key(document(**lacking)) is None


def test_a_report_of_the_same_number_for_another_period_is_another_report() -> None:
    september = document(family=Family.EREPORTING, period_start="2026-09-01", period_end="2026-09-30")
    october = replace(september, period_start="2026-10-01", period_end="2026-10-31")
    assert crosscheck.business_key(september) != crosscheck.business_key(october)


def test_documents_without_a_key_are_compared_by_their_bytes_alone() -> None:
    nameless = job(State.VALID, "20261122-080000-00000001", document=document(None))
    other = replace(nameless, id="20261122-080000-00000002", sha256="b" * 64)
    assert crosscheck.twins_among([nameless, other], job(State.SPOOLED), ()) == [nameless]


def test_a_job_is_not_its_own_twin_and_counts_as_it_was_decided_last() -> None:
    earlier = job(State.SPOOLED, "20261122-080000-00000001")
    decided_now = replace(earlier, state=State.VALID)
    own = job(State.SPOOLED)
    assert crosscheck.twins_among([earlier, own, decided_now], own, ()) == [decided_now]


# --------------------------------------------------------------------------- poison, and the unfinished
def test_P04_a_file_that_kills_its_checker_three_times_is_set_aside() -> None:
    poison = job(State.SPOOLED, tries=0)
    for deaths in (1, 2):
        poison = admission.tried_alone(poison) if deaths > 1 else poison
        poison = admission.inspected(poison, InspectionLost(reason="crash"), [], RULES, NOW)
        assert (poison.state, poison.tries) == (State.SPOOLED, deaths)
    poison = admission.tried_alone(poison)
    after = admission.inspected(poison, InspectionLost(reason="crash"), [], RULES, NOW)
    assert after.outcome is Outcome.UNREADABLE
    assert admission.judged_unseen(poison, RULES, NOW) is not None  # all of us may die with it


def test_trouble_of_the_disk_is_not_the_files_fault() -> None:
    suspect = job(State.SPOOLED, tries=1)
    after = admission.inspected(admission.tried_alone(suspect), InspectionLost(reason="io"), [], RULES, NOW)
    assert (after.state, after.tries) == (State.SPOOLED, 1)
    assert after.not_before is not None


def test_A01_an_unfinished_document_waits_and_then_is_an_error() -> None:
    cut = inspection(VerdictStatus.UNREADABLE, incomplete=True)
    young = job(State.SPOOLED, claimed_at=NOW - timedelta(seconds=1))
    waiting = admission.inspected(young, cut, [], RULES, NOW)
    assert (waiting.state, waiting.waits_for, waiting.tries) == (State.CLAIMED, "incomplete", 0)
    over = admission.inspected(young, cut, [], RULES, NOW + RULES.incomplete_grace)
    assert over.outcome is Outcome.UNREADABLE


def test_A12_an_empty_file_and_P21_a_huge_one_are_judged_unseen() -> None:
    empty = admission.judged_unseen(job(State.SPOOLED, size=0), RULES, NOW)
    huge = admission.judged_unseen(job(State.SPOOLED, size=RULES.max_size + 1), RULES, NOW)
    assert empty is not None
    assert huge is not None
    assert [problem.code for problem in (*empty.problems, *huge.problems)] == ["file-empty", "file-too-large"]


def test_a_kind_that_the_route_does_not_accept_is_refused_even_when_it_is_valid() -> None:
    after = decided(accept=frozenset({Family.EREPORTING}))
    assert after.outcome is Outcome.REJECTED_BEFORE_SENDING
    assert [problem.code for problem in after.problems] == ["kind-not-accepted"]


def test_what_cannot_be_read_is_unreadable_whatever_it_may_be() -> None:
    seen = replace(inspection(), verdict=Verdict(status=VerdictStatus.UNREADABLE), document=None)
    assert admission.inspected(job(State.SPOOLED), seen, [], RULES, NOW).outcome is Outcome.UNREADABLE
