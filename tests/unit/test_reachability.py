"""Whom the directory is asked about, and what each answer makes of an invoice that waits to be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import policy, reachability
from connector.directory import Address, DirectoryLine, LineStatus, Reach, Told
from connector.model import Family, Job, Outcome, Party, State
from connector.policy import RecipientRules
from tests.unit.policy_jobs import NOW, document, job

SIREN, SIRET = "702042755", "70204275500240"
WARN, HOLD = RecipientRules(check="warn"), RecipientRules(check="hold", patience=timedelta(seconds=60))
REJECT = RecipientRules(structure="reject")
BUYER = Party(siren=SIREN, siret=SIRET, endpoint=f"{SIREN}_COMPTA", endpoint_scheme="0225")


def to(buyer: Party = BUYER, **more: Any) -> Job:
    return job(State.VALID, document=document(buyer=buyer, **more))


def line(
    status: LineStatus = LineStatus.ENABLED, address: str = f"{SIREN}_COMPTA", **more: Any
) -> DirectoryLine:
    return DirectoryLine(address=address, siren=SIREN, status=status, **more)


def answer(*lines: DirectoryLine, trouble: str | None = None) -> Told:
    return Told(at=NOW, lines=lines, trouble=trouble)


@pytest.mark.parametrize(
    ("buyer", "asked"),
    [
        (BUYER, f"{SIREN}_COMPTA"),
        (replace(BUYER, endpoint_scheme="EM"), f"{SIREN}_{SIRET}"),
        (replace(BUYER, endpoint="pas une adresse"), f"{SIREN}_{SIRET}"),
        (replace(BUYER, endpoint=None), f"{SIREN}_{SIRET}"),
        (Party(siren=SIREN), SIREN),
        (Party(name="M. Dupont"), None),
        (Party(siret="DE-17", vat="DE136695976"), None),
    ],
)
def test_the_electronic_address_counts_before_the_numbers(buyer: Party, asked: str | None) -> None:
    found = reachability.address_of(document(buyer=buyer), WARN)
    assert (str(found) if found else None) == asked


@pytest.mark.parametrize("family", [Family.LIFECYCLE, Family.EREPORTING, Family.DIRECTORY])
def test_only_invoices_have_a_recipient_in_the_directory(family: Family) -> None:
    assert reachability.address_of(document(buyer=BUYER, family=family), WARN) is None


def test_at_chorus_pro_the_structure_and_the_service_are_asked_about() -> None:
    found = reachability.address_of(document(buyer=BUYER, buyer_reference="VOIRIE"), REJECT)
    assert found == Address(siren=SIREN, siret=SIRET, routing_code="VOIRIE")


def test_what_was_asked_or_tried_or_needs_no_answer_is_not_asked_about() -> None:
    assert reachability.is_due(to(), WARN)
    assert not reachability.is_due(to(), RecipientRules())
    assert not reachability.is_due(replace(to(), reach="absent"), HOLD)
    assert not reachability.is_due(replace(to(), attempts=1), HOLD)
    assert not reachability.is_due(to(Party()), HOLD)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((), "recipient-unknown"),
        ((line(LineStatus.DISABLED),), "recipient-inactive"),
        ((line(LineStatus.DISABLED), line(LineStatus.UPCOMING)), "recipient-not-yet"),
    ],
)
def test_who_cannot_be_reached_is_warned_of_or_held(lines: tuple[DirectoryLine, ...], code: str) -> None:
    after = reachability.judged(to(), answer(*lines), WARN, NOW)
    assert after.state is State.VALID
    assert after.verdict is not None
    assert [problem.code for problem in after.verdict.problems] == [code]
    held = reachability.judged(to(), answer(*lines), HOLD, NOW)
    assert (held.state, held.outcome) == (State.CONCLUDED, Outcome.HELD)
    assert [problem.code for problem in held.problems] == [code]


def test_the_address_of_the_invoice_has_to_be_in_force_and_not_just_any_of_its_company() -> None:
    shop = line(address=f"{SIREN}_{SIRET}")
    whole = to(Party(siren=SIREN, endpoint=SIREN, endpoint_scheme="0225"))
    held = reachability.judged(whole, answer(shop, line(LineStatus.DISABLED, SIREN)), HOLD, NOW)
    assert [(one.code, one.expected) for one in held.problems] == [
        ("recipient-other-address", f"{SIREN}_{SIRET}")
    ]
    unsaid = to(Party(siren=SIREN))  # it names the company, and no address of it
    assert reachability.judged(unsaid, answer(shop), HOLD, NOW).reach == Reach.REACHABLE
    branch = to(Party(siren=SIREN, endpoint=f"{SIREN}_{SIRET}", endpoint_scheme="0225"))
    assert reachability.judged(to(), answer(line(address=SIREN)), HOLD, NOW).outcome is Outcome.HELD
    assert reachability.judged(branch, answer(line(address=SIREN)), HOLD, NOW).reach == Reach.REACHABLE


def test_a_status_that_nobody_knows_holds_nothing() -> None:
    after = reachability.judged(to(), answer(line(LineStatus.UNKNOWN)), HOLD, NOW)
    assert (after.state, after.reach) == (State.VALID, Reach.UNKNOWN)
    assert after.verdict is not None
    assert [problem.code for problem in after.verdict.problems] == ["recipient-unchecked"]


def test_a_slow_directory_is_waited_for_a_moment_and_a_failing_one_not_at_all_when_it_may_only_warn() -> None:
    waiting = reachability.judged(to(), None, WARN, NOW)
    assert (waiting.state, waiting.reach, waiting.waits_for) == (State.VALID, None, "recipient-check")
    late = reachability.judged(waiting, None, WARN, NOW + reachability.SHORT_PATIENCE)
    failed = reachability.judged(to(), answer(trouble="forbidden"), WARN, NOW)
    assert late.reach == failed.reach == Reach.UNKNOWN
    assert not reachability.is_due(late, WARN)
    assert late.not_before is None


def test_a_hold_waits_for_a_directory_less_and_less_often_and_not_for_ever() -> None:
    waiting, now, looks = to(), NOW, 0
    while reachability.is_due(waiting, HOLD):
        waiting = reachability.judged(waiting, answer(trouble="server-error"), HOLD, now)
        now = waiting.not_before or now
        looks += 1
        assert looks < 20
    assert timedelta(seconds=60) <= now - NOW <= timedelta(seconds=120)
    assert waiting.verdict is not None
    assert [problem.found for problem in waiting.verdict.problems] == ["server-error"]


def test_a_service_that_may_be_on_a_page_nobody_saw_is_not_called_unknown() -> None:
    asking = Address(siren=SIREN, siret=SIRET, routing_code="VOIRIE")
    structure = line(address=SIRET, service_required=True)
    service = line(LineStatus.UNKNOWN, address=f"{SIREN}_{SIRET}_VOIRIE")
    named = document(buyer_reference="VOIRIE")
    assert reachability.structure_problems(named, asking, (structure, service)) == []
    assert [one.code for one in reachability.structure_problems(named, asking, (structure,))] == [
        "service-code-unknown"
    ]


rules = st.builds(
    RecipientRules,
    check=st.sampled_from(["off", "warn", "hold"]),
    structure=st.sampled_from(["off", "warn", "reject"]),
    patience=st.sampled_from([timedelta(0), timedelta(hours=1)]),
)
lines = st.lists(
    st.builds(
        line,
        status=st.sampled_from(LineStatus),
        address=st.sampled_from([SIREN, SIRET, f"{SIREN}_{SIRET}_X"]),
        service_required=st.booleans() | st.none(),
        commitment_required=st.booleans() | st.none(),
    ),
    max_size=3,
).map(tuple)


@given(
    rules=rules,
    told=st.none() | st.builds(Told, at=st.just(NOW), lines=lines, trouble=st.none() | st.just("timeout")),
    buyer=st.sampled_from([BUYER, Party(siren=SIREN), replace(BUYER, endpoint=None)]),
    reference=st.none() | st.just("X"),
)
def test_no_answer_takes_a_job_where_the_graph_does_not_lead_nor_lets_it_wait_unseen(
    rules: RecipientRules, told: Told | None, buyer: Party, reference: str | None
) -> None:
    before = to(buyer, buyer_reference=reference)
    if not reachability.is_due(before, rules):
        return
    after = reachability.judged(before, told, rules, NOW)
    assert after.state in policy.STEPS[State.VALID]
    waits = after.state is State.VALID and reachability.is_due(after, rules)
    assert waits is (after.waits_for is not None) is (after.not_before is not None)
    if not rules.may_stop:
        assert after.state is State.VALID
