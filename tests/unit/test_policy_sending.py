"""What answers, look-ups and reports make of a job: never sent again on a guess (FILEDROP H01-H18)."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import policy
from connector.model import (
    Absent,
    AckStatus,
    FlowReport,
    Found,
    Inconclusive,
    NotSent,
    Outcome,
    Problem,
    Received,
    Refused,
    State,
    Unknown,
)
from tests.unit.policy_jobs import ALREADY, LOOKUP, NOW, job, report

OK, ERROR, PENDING = AckStatus.OK, AckStatus.ERROR, AckStatus.PENDING


# --------------------------------------------------------------------------- answers
def test_H11_the_intent_is_complete_before_the_first_byte_leaves() -> None:
    first = policy.intent(job(State.VALID), NOW)
    assert (first.state, first.attempts, first.first_sent_at, first.sent_at) == (State.SENDING, 1, NOW, NOW)


def test_a_second_attempt_keeps_the_key_and_the_time_of_the_first() -> None:
    valid = job(State.VALID, attempts=1, first_sent_at=NOW - timedelta(hours=1), sent_at=NOW)
    again = policy.intent(valid, NOW + timedelta(hours=1))
    assert (again.attempts, again.first_sent_at) == (2, NOW - timedelta(hours=1))
    assert again.tracking_id == valid.tracking_id


@pytest.mark.parametrize("reason", ["read", "write", "timeout", "server-error", "unreadable-answer"])
def test_H02_H03_H05_a_lost_or_senseless_answer_is_in_doubt(reason: str) -> None:
    after = policy.answered(job(State.SENDING), Unknown(reason=reason), LOOKUP, NOW)
    assert (after.state, after.not_before) == (State.UNKNOWN, NOW)


def test_H01_what_certainly_was_not_sent_goes_back_and_waits_longer_each_time() -> None:
    waits = []
    for attempts in (1, 2, 3, 20):
        after = policy.answered(job(State.SENDING, attempts=attempts), NotSent(reason="connect"), LOOKUP, NOW)
        assert after.state is State.VALID
        assert after.not_before is not None
        waits.append((after.not_before - NOW).total_seconds())
    assert waits == sorted(waits)
    assert waits[-1] == 600


def test_H04_the_platforms_own_pause_is_kept() -> None:
    after = policy.answered(job(State.SENDING), NotSent(reason="rate", retry_after=7), LOOKUP, NOW)
    assert after.not_before == NOW + timedelta(seconds=7)


def test_H06_when_the_account_is_stopped_its_documents_wait_for_it_and_are_no_errors() -> None:
    answer = NotSent(reason="unauthorized", stops_account=True)
    after = policy.answered(job(State.SENDING), answer, LOOKUP, NOW)
    assert (after.state, after.not_before, after.waits_for) == (State.VALID, None, "unauthorized")
    assert after.outcome is None


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        (["InvalidSchema"], Outcome.INADMISSIBLE),
        (["VirusFound", "FlowTypeError"], Outcome.INADMISSIBLE),
        (["InvalidSchema", "BR-01"], Outcome.REJECTED_BY_PLATFORM),
        (["http-400"], Outcome.REJECTED_BY_PLATFORM),
        ([], Outcome.REJECTED_BY_PLATFORM),
    ],
)
def test_H08_a_refusal_ends_the_job_with_the_platforms_reasons(codes: list[str], outcome: Outcome) -> None:
    problems = tuple(Problem(code=code, source="platform") for code in codes)
    after = policy.answered(job(State.SENDING), Refused(problems=problems), LOOKUP, NOW)
    assert (after.state, after.outcome, after.problems) == (State.CONCLUDED, outcome, problems)


def test_a_receipt_is_not_an_acceptance() -> None:
    after = policy.answered(job(State.SENDING), Received(flow_id="flow-9", at=NOW), LOOKUP, NOW)
    assert (after.state, after.flow_id, after.outcome) == (State.RECEIVED, "flow-9", None)


# --------------------------------------------------------------------------- look-ups
def test_H02_a_deposit_that_is_found_is_adopted_and_not_sent_again() -> None:
    after = policy.looked_up(job(State.UNKNOWN), Found(flows=(report(PENDING),)), LOOKUP, NOW)
    assert (after.state, after.flow_id) == (State.RECEIVED, "flow-1")


def test_H13_absent_is_believed_only_after_enough_looks_over_enough_time() -> None:
    doubtful = job(State.UNKNOWN, sent_at=NOW)
    for looks, seconds in ((0, 0), (0, 5000), (1, 5000), (2, 899), (50, 899)):
        now = NOW + timedelta(seconds=seconds)
        after = policy.looked_up(job(State.UNKNOWN, sent_at=NOW, lookups=looks), Absent(), LOOKUP, now)
        assert after.state is State.UNKNOWN, (looks, seconds)
        assert after.lookups == looks + 1
        assert after.not_before == now + LOOKUP.interval
    believed = policy.looked_up(
        job(State.UNKNOWN, sent_at=NOW, lookups=2), Absent(), LOOKUP, NOW + LOOKUP.visibility
    )
    assert (believed.state, believed.tracking_id) == (State.VALID, doubtful.tracking_id)


def test_H09_a_platform_that_has_it_and_does_not_find_it_is_asked_of_a_person() -> None:
    claimed = job(State.UNKNOWN, sent_at=NOW, lookups=2, waits_for="already-exists")
    after = policy.looked_up(claimed, Absent(), LOOKUP, NOW + LOOKUP.visibility)
    assert after.outcome is Outcome.HELD


def test_H14_two_flows_are_held_with_both_named() -> None:
    found = Found(flows=(report(PENDING), report(OK, flow_id="flow-2")))
    after = policy.looked_up(job(State.UNKNOWN), found, LOOKUP, NOW)
    assert after.outcome is Outcome.HELD
    assert after.problems[0].found == "flow-1, flow-2"


def test_H14_a_repeat_that_the_platform_refused_does_not_count_beside_the_true_one() -> None:
    found = Found(flows=(report(ERROR, ALREADY, flow_id="flow-2"), report(OK)))
    after = policy.looked_up(job(State.UNKNOWN), found, LOOKUP, NOW)
    assert (after.state, after.flow_id) == (State.RECEIVED, "flow-1")


def test_H15_a_look_up_that_cannot_be_had_is_asked_again_and_goes_to_a_person_after_a_day() -> None:
    silence = Inconclusive(reason="connect")
    doubtful = job(State.UNKNOWN, sent_at=NOW)
    assert policy.looked_up(doubtful, silence, LOOKUP, NOW + timedelta(hours=23)).state is State.UNKNOWN
    assert policy.looked_up(doubtful, silence, LOOKUP, NOW + timedelta(hours=25)).outcome is Outcome.HELD


# --------------------------------------------------------------------------- reports
def test_the_acknowledgement_ends_it() -> None:
    after = policy.reported(job(State.RECEIVED), report(OK), NOW)
    assert after is not None
    assert after.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("ack", [PENDING, AckStatus.UNKNOWN])
def test_H16_H17_what_is_no_end_ends_nothing(ack: AckStatus) -> None:
    assert policy.reported(job(State.RECEIVED), report(ack), NOW) is None


def test_H02_a_refused_repeat_of_our_own_earlier_attempt_makes_us_look_for_that_one() -> None:
    after = policy.reported(job(State.RECEIVED, attempts=2), report(ERROR, ALREADY), NOW)
    assert after is not None
    assert (after.state, after.waits_for, after.flow_id) == (State.UNKNOWN, "already-exists", None)


def test_a_refusal_as_already_existing_at_the_first_attempt_is_the_documents_own_end() -> None:
    after = policy.reported(job(State.RECEIVED, attempts=1), report(ERROR, ALREADY), NOW)
    assert after is not None
    assert after.outcome is Outcome.REJECTED_BY_PLATFORM


def test_a_repeat_refused_for_somebody_elses_flow_comes_to_an_end() -> None:
    # Attempt 1 was truly lost, attempt 2 is refused because a third party had deposited the same invoice:
    # the only flow with our key is the refused one, each time it is looked for.
    refused = report(ERROR, ALREADY)
    current, now = job(State.RECEIVED, attempts=2), NOW
    for _ in range(20):
        now += timedelta(hours=2)
        if current.state is State.RECEIVED:
            current = policy.reported(current, refused, now) or current
        if current.state is State.UNKNOWN:
            current = policy.looked_up(current, Found(flows=(refused,)), LOOKUP, now)
    assert current.state is State.CONCLUDED


def test_what_was_asked_for_by_its_name_is_asked_for_less_and_less_often() -> None:
    waits = []
    for minutes in (0, 10, 60, 600):
        now = NOW + timedelta(minutes=minutes)
        after = policy.unanswered(job(State.RECEIVED, received_at=NOW), report(PENDING), LOOKUP, now)
        assert (after.state, after.waits_for) == (State.RECEIVED, "acknowledgement")
        assert after.not_before is not None
        waits.append((after.not_before - now).total_seconds())
    assert waits == [120, 150, 900, 3600]


@pytest.mark.parametrize(
    ("flow", "code"),
    [(None, "flow-unknown"), (report(AckStatus.UNKNOWN, raw_ack="IN_NOUVEAU"), "state-unknown")],
)
def test_H17_an_unknown_flow_or_state_is_waited_for_a_day_and_then_asked_of_a_person(
    flow: FlowReport | None, code: str
) -> None:
    waiting = job(State.RECEIVED, received_at=NOW)
    soon = policy.unanswered(waiting, flow, LOOKUP, NOW + timedelta(hours=23))
    assert (soon.state, soon.waits_for) == (State.RECEIVED, code)
    late = policy.unanswered(waiting, flow, LOOKUP, NOW + timedelta(hours=25))
    assert (late.outcome, late.problems[0].code) == (Outcome.HELD, code)


def test_a_flow_that_will_not_go_on_is_held() -> None:
    after = policy.reported(job(State.RECEIVED), report(AckStatus.STUCK, raw_ack="IN_A_RELANCER"), NOW)
    assert after is not None
    assert (after.outcome, after.problems[0].found) == (Outcome.HELD, "IN_A_RELANCER")


@pytest.mark.parametrize(
    ("number", "outcome"), [("FA1", Outcome.REJECTED_BY_PLATFORM), ("FA9", Outcome.ACCEPTED)]
)
def test_of_a_flow_taken_in_part_each_invoice_has_its_own_end(number: str, outcome: Outcome) -> None:
    other = Problem(code="chorus-rejection", source="platform", found=number)
    after = policy.reported(job(State.RECEIVED), report(AckStatus.PARTIAL, other), NOW)
    assert after is not None
    assert after.outcome is outcome
    assert len(after.problems) == (number == "FA1")


def test_H14_where_absence_proves_nothing_a_deposit_in_doubt_goes_to_a_person_and_is_not_sent_again() -> None:
    rules = replace(LOOKUP, absence_is_proof=False)
    late = NOW + LOOKUP.visibility
    early = policy.looked_up(job(State.UNKNOWN, sent_at=NOW, lookups=1), Absent(), rules, late)
    assert early.state is State.UNKNOWN
    after = policy.looked_up(job(State.UNKNOWN, sent_at=NOW, lookups=2), Absent(), rules, late)
    assert (after.outcome, after.problems[0].code) == (Outcome.HELD, "in-doubt")


# --------------------------------------------------------------------------- pauses and reasons
@given(st.integers(0, 10_000))
def test_back_off_grows_and_ends_at_ten_minutes(attempts: int) -> None:
    wait = policy.back_off(attempts)
    assert timedelta(0) < wait <= policy.back_off(attempts + 1) <= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "no-right"),
        (errno.EROFS, "no-right"),
        (errno.ENOENT, "file-trouble"),
        (errno.EEXIST, "file-trouble"),
        (errno.ESTALE, "share-trouble"),
        (errno.EIO, "share-trouble"),
        (errno.EHOSTDOWN, "share-trouble"),
        (errno.ENOTCONN, "share-trouble"),
        (None, "share-trouble"),
    ],
)
def test_S03_a_share_in_trouble_is_told_from_a_file_in_trouble(number: int | None, reason: str) -> None:
    error = OSError(number, "x") if number is not None else OSError("x")
    assert policy.reason_of(error) == reason
