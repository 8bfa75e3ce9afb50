"""When an account may send, step by step through time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.gateways import limits
from connector.gateways.limits import Pace, Rules, Way
from connector.model import NotSent, Received, Refused, SubmitAnswer, Unknown

RULES = Rules(failures=3, pause=10.0)
RECEIVED = Received(flow_id="F1", at=datetime(2026, 11, 22, tzinfo=UTC))
DOUBT = Unknown(reason="server-error")
REFUSED_CONNECTION = NotSent(reason="connect")


def after(*answers: SubmitAnswer, now: float = 0.0) -> Pace:
    pace = Pace()
    for answer in answers:
        pace = limits.answered(pace, answer, RULES, now)
    return pace


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], Way.FREE),
        ([DOUBT, DOUBT], Way.FREE),
        ([DOUBT, DOUBT, DOUBT], Way.OPEN),
        ([REFUSED_CONNECTION] * 3, Way.OPEN),
        ([NotSent(reason="token")] * 3, Way.OPEN),
        ([DOUBT, DOUBT, RECEIVED, DOUBT], Way.FREE),
        ([DOUBT, DOUBT, Refused(problems=()), DOUBT], Way.FREE),
        ([Unknown(reason="already-exists")] * 5, Way.FREE),
        ([NotSent(reason="spool")] * 5, Way.FREE),
        ([NotSent(reason="rate")] * 5, Way.FREE),  # the pause comes with the exchange, see `throttled`
        ([DOUBT, DOUBT, DOUBT, RECEIVED], Way.FREE),  # one that was still under way
        ([NotSent(reason="forbidden", stops_account=True)], Way.STOPPED),
        ([NotSent(reason="unauthorized", stops_account=True), RECEIVED], Way.STOPPED),
    ],
)
def test_the_breaker_opens_after_a_few_answers_in_doubt_in_a_row(
    answers: list[SubmitAnswer], expected: Way
) -> None:
    assert limits.way(after(*answers), 1.0) is expected


def test_an_open_breaker_lets_one_probe_through_and_its_answer_decides() -> None:
    opened = after(DOUBT, DOUBT, DOUBT)
    assert (limits.way(opened, 9.9), limits.way(opened, 10.0)) == (Way.OPEN, Way.PROBE)
    probing = limits.probing(opened)
    assert limits.way(probing, 10.0) is Way.OPEN
    assert limits.way(limits.answered(probing, RECEIVED, RULES, 10.0), 10.0) is Way.FREE
    again = limits.answered(probing, DOUBT, RULES, 10.0)
    assert (limits.way(again, 29.9), limits.way(again, 30.0)) == (Way.OPEN, Way.PROBE)


def test_the_pause_of_the_breaker_doubles_up_to_an_hour() -> None:
    pace, now, pauses = after(DOUBT, DOUBT, DOUBT), 0.0, []
    for _ in range(12):
        pauses.append(limits.wait(pace, now))
        now += pauses[-1]
        pace = limits.answered(limits.probing(pace), DOUBT, RULES, now)
    assert pauses[:4] == [10.0, 20.0, 40.0, 80.0]
    assert pauses[-1] == 3600.0


def test_answers_of_those_under_way_do_not_lengthen_the_pause() -> None:
    opened = after(DOUBT, DOUBT, DOUBT)
    assert limits.wait(limits.answered(opened, DOUBT, RULES, 5.0), 5.0) == 5.0


def test_a_probe_that_proves_nothing_lets_another_probe_through() -> None:
    probing = limits.probing(after(DOUBT, DOUBT, DOUBT))
    assert limits.way(limits.answered(probing, NotSent(reason="spool"), RULES, 10.0), 10.0) is Way.PROBE


def test_a_platform_that_answers_questions_need_not_wait_out_a_doubled_pause() -> None:
    again = limits.answered(limits.probing(after(DOUBT, DOUBT, DOUBT)), DOUBT, RULES, 10.0)
    alive = limits.seen_alive(again, RULES, 12.0)
    assert (limits.way(alive, 19.9), limits.way(alive, 20.0)) == (Way.OPEN, Way.PROBE)
    assert limits.seen_alive(Pace(), RULES, 12.0) == Pace()


def test_H04_a_throttled_account_is_silent_for_as_long_as_asked_and_no_more_than_an_hour() -> None:
    pace = limits.throttled(Pace(), 30.0, RULES, 100.0)
    assert (limits.way(pace, 129.9), limits.way(pace, 130.0)) == (Way.PAUSED, Way.FREE)
    assert limits.wait(limits.throttled(Pace(), 1e9, RULES, 0.0), 0.0) == 3600.0


def test_H04_a_throttle_that_does_not_say_for_how_long_doubles_until_a_document_goes_through() -> None:
    pace, waits = Pace(), []
    for _ in range(6):
        pace = limits.throttled(pace, None, RULES, 0.0)
        waits.append(limits.wait(pace, 0.0))
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    calm = limits.answered(pace, RECEIVED, RULES, 20.0)
    assert limits.wait(limits.throttled(calm, None, RULES, 20.0), 20.0) == 1.0


def test_H06_a_stopped_account_is_tried_again_with_a_question_then_with_one_document() -> None:
    stop = NotSent(reason="forbidden", stops_account=True)
    pace = after(stop, stop, stop, stop)  # all that were under way say the same; it counts once
    assert (limits.probe_due(pace, 9.9), limits.probe_due(pace, 10.0)) == (False, True)
    assert not limits.probe_due(limits.probing(pace), 10.0)

    still = limits.probed(limits.probing(pace), False, RULES, 10.0)
    assert (limits.probe_due(still, 29.9), limits.probe_due(still, 30.0)) == (False, True)

    better = limits.probed(limits.probing(pace), True, RULES, 10.0)
    assert limits.way(better, 10.0) is Way.PROBE
    assert limits.way(limits.answered(limits.probing(better), RECEIVED, RULES, 10.0), 10.0) is Way.FREE
    refused = limits.answered(limits.probing(better), stop, RULES, 10.0)
    assert (limits.way(refused, 10.0), limits.probe_due(refused, 29.9)) == (Way.STOPPED, False)
    assert limits.probe_due(refused, 30.0)
