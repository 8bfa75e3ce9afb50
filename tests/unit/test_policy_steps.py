"""No decision takes a job where the graph of steps does not lead."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector import admission, policy
from connector.model import (
    Absent,
    AckStatus,
    Family,
    FlowReport,
    Found,
    Inconclusive,
    Inspection,
    InspectionLost,
    Job,
    LookupAnswer,
    NotSent,
    Outcome,
    Problem,
    Received,
    Refused,
    State,
    SubmitAnswer,
    Unknown,
    Verdict,
    VerdictStatus,
)
from tests.unit.policy_jobs import LOOKUP, NOW, SHA, document, job, twin

codes = st.sampled_from(["AlreadyExistingFlow", "InvalidSchema", "VirusFound", "BR-01", "http-400"])
problems = st.lists(st.builds(Problem, code=codes, source=st.just("platform")), max_size=3).map(tuple)
flows = st.builds(
    FlowReport,
    flow_id=st.sampled_from(["flow-1", "flow-2", "flow-3"]),
    ack=st.sampled_from(AckStatus),
    problems=problems,
    submitted_at=st.none() | st.just(NOW),
)
submit_answers: st.SearchStrategy[SubmitAnswer] = st.one_of(
    st.builds(Received, flow_id=st.just("flow-1"), at=st.just(NOW)),
    st.builds(Refused, problems=problems),
    st.builds(
        NotSent,
        reason=st.sampled_from(["connect", "rate", "token", "breaker", "unauthorized"]),
        retry_after=st.none() | st.floats(0, 3600),
        stops_account=st.booleans(),
    ),
    st.builds(Unknown, reason=st.sampled_from(["read", "timeout", "server-error", "already-exists"])),
)
lookup_answers: st.SearchStrategy[LookupAnswer] = st.one_of(
    st.builds(Found, flows=st.lists(flows, min_size=1, max_size=3).map(tuple)),
    st.builds(Absent),
    st.builds(Inconclusive, reason=st.just("connect")),
)
seen: st.SearchStrategy[Inspection | InspectionLost] = st.one_of(
    st.builds(InspectionLost, reason=st.sampled_from(["time", "memory", "crash", "io"])),
    st.builds(
        Inspection,
        verdict=st.builds(Verdict, status=st.sampled_from(VerdictStatus), incomplete=st.booleans()),
        document=st.none() | st.builds(document, number=st.sampled_from([None, "FA1"])),
    ),
)
twins = st.lists(
    st.builds(
        twin,
        outcome=st.none() | st.sampled_from(Outcome),
        state=st.sampled_from(State),
        sha256=st.sampled_from([SHA, "b" * 64]),
    ),
    max_size=3,
)
rules = st.builds(
    policy.RouteRules,
    accept=st.frozensets(st.sampled_from(Family)),
    duplicates=st.sampled_from(["reject", "hold", "send"]),
    on_same_number=st.sampled_from(["hold", "send"]),
    max_size=st.integers(1, 200),
)
late = st.timedeltas(timedelta(0), timedelta(days=3))


def allowed(before: Job, after: Job) -> bool:
    ended = after.outcome is not None and after.concluded_at is not None
    return after.state in policy.STEPS[before.state] and (after.state is State.CONCLUDED) <= ended


@given(st.integers(1, 5), seen, twins, rules, late)
def test_what_an_inspection_decides_is_an_allowed_step(
    tries: int,
    what: Inspection | InspectionLost,
    others: list[Job],
    route: policy.RouteRules,
    wait: timedelta,
) -> None:
    before = job(State.SPOOLED, tries=tries)
    after = admission.inspected(before, what, others, route, NOW + wait)
    assert allowed(before, after)
    assert (after.state is State.VALID) <= (after.tracking_id is not None)


@given(st.integers(0, 5), st.integers(0, 300), rules)
def test_what_is_decided_unseen_is_an_allowed_step(tries: int, size: int, route: policy.RouteRules) -> None:
    before = job(State.SPOOLED, tries=tries, size=size)
    after = admission.judged_unseen(before, route, NOW)
    assert after is None or allowed(before, after)


@given(submit_answers, st.integers(1, 50))
def test_what_an_answer_decides_is_an_allowed_step(answer: SubmitAnswer, attempts: int) -> None:
    before = job(State.SENDING, attempts=attempts)
    assert allowed(before, policy.answered(before, answer, LOOKUP, NOW))


@given(lookup_answers, st.integers(0, 5), st.sampled_from(["in-doubt", "already-exists"]), late)
def test_what_a_look_up_decides_is_an_allowed_step(
    answer: LookupAnswer, lookups: int, why: str, wait: timedelta
) -> None:
    before = job(State.UNKNOWN, lookups=lookups, waits_for=why)
    assert allowed(before, policy.looked_up(before, answer, LOOKUP, NOW + wait))


@given(st.sampled_from(State), flows, st.integers(1, 3))
def test_what_a_report_decides_is_an_allowed_step(state: State, flow: FlowReport, attempts: int) -> None:
    before = job(state, attempts=attempts)
    after = policy.reported(before, flow, NOW)
    assert after is None or allowed(before, after)


@given(st.sampled_from(State), flows)
def test_only_a_received_job_hears_reports_and_only_of_its_own_flow(state: State, flow: FlowReport) -> None:
    before = job(state)
    after = policy.reported(before, flow, NOW)
    assert after is None or (state is State.RECEIVED and flow.flow_id == before.flow_id)


def test_a_deposit_starts_from_a_valid_job_and_from_nowhere_else() -> None:
    assert allowed(job(State.VALID), policy.intent(job(State.VALID), NOW))
    assert [state for state in State if State.SENDING in policy.STEPS[state]] == [State.VALID]


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    def beyond(start: State) -> set[State]:
        found, todo = set[State](), [start]
        while todo:
            fresh = policy.STEPS[todo.pop()] - found
            found |= fresh
            todo += fresh
        return found

    assert beyond(State.CLAIMED) | {State.CLAIMED} == set(State)
    for state in policy.OPEN:
        assert State.DONE in beyond(state)
