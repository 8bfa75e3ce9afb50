"""What may be decided about a held job, and what may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector import holding
from connector.model import Job, Outcome, State
from tests.unit.policy_jobs import LOOKUP, NOW, job

FIRST = job(State.HELD, attempts=0, outcome=Outcome.HELD)
SENT = job(State.HELD, attempts=1, outcome=Outcome.HELD, sent_at=NOW)


def test_each_decision_opens_the_job_again_and_keeps_its_key() -> None:
    for after, state in (
        (holding.adopted(SENT, "flow-9", LOOKUP, NOW), State.RECEIVED),
        (holding.resent(SENT), State.VALID),
        (holding.released(FIRST), State.VALID),
        (holding.cancelled(FIRST, NOW), State.CONCLUDED),
    ):
        assert after.state is state
        assert after.outcome is (Outcome.CANCELLED if state is State.CONCLUDED else None)
    assert holding.resent(SENT).tracking_id == SENT.tracking_id
    assert holding.adopted(SENT, "flow-9", LOOKUP, NOW).flow_id == "flow-9"


@pytest.mark.parametrize(
    ("decide", "reason"),
    [
        (lambda: holding.adopted(FIRST, "flow-9", LOOKUP, NOW), "never-sent"),
        (lambda: holding.resent(FIRST), "never-sent"),
        (lambda: holding.released(SENT), "sent-before"),
        (lambda: holding.released(job(State.HELD, attempts=0, document=None)), "no-document"),
        (lambda: holding.cancelled(job(State.HELD, documents=3), NOW), "is-bundle"),
        (lambda: holding.cancelled(job(State.RECEIVED), NOW), "not-held"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(decide: Callable[[], Job], reason: str) -> None:
    with pytest.raises(holding.NotPossible, match=f"^{reason}$"):
        decide()


def test_a_held_bundle_waits_for_its_documents_again_and_one_that_is_not_held_is_left_alone() -> None:
    waiting = holding.with_its_bundle(job(State.HELD, documents=2, outcome=Outcome.HELD))
    assert waiting is not None
    assert (waiting.state, waiting.outcome) == (State.UNPACKED, None)
    assert holding.with_its_bundle(job(State.UNPACKED, documents=2)) is None
