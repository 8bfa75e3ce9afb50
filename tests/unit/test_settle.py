"""When a file is whole: pure records of looks, on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from connector.inbox.settle import SAMPLES, Sample, Settled, SettleRules, Watched, is_due, seen, settled

RULES = SettleRules(quiet=10.0, empty_wait=600.0, max_settle=3600.0)


def sample(size: int, *, mtime: int = 0, written: bool = False) -> Sample:
    return Sample(signature=(size, mtime, mtime, 7), being_written=written)


def watched(looks: Iterable[tuple[float, Sample]]) -> Watched:
    """The record after looks at these times."""
    record = None
    for now, look in looks:
        record = seen(record, look, now)
    assert record is not None
    return record


def test_A01_a_file_that_held_still_for_the_quiet_time_is_whole() -> None:
    record = watched([(0, sample(5)), (5, sample(5)), (10, sample(5))])
    assert settled(record, RULES, 10) is Settled.WHOLE


def test_A01_a_file_that_grows_is_not_whole_and_its_quiet_time_begins_anew() -> None:
    looks = [(0.0, sample(5)), (5.0, sample(5)), (10.0, sample(6)), (15.0, sample(6))]
    assert settled(watched(looks), RULES, 15) is Settled.NOT_YET
    assert settled(watched([*looks, (20.0, sample(6))]), RULES, 20) is Settled.WHOLE


def test_A01_two_looks_are_not_enough_however_long_the_time_between_them() -> None:
    assert settled(watched([(0, sample(5)), (500, sample(5))]), RULES, 500) is Settled.NOT_YET


def test_A02_a_writer_that_stalls_is_waited_for_and_its_file_taken_in_the_end() -> None:
    stalled = [(float(t), sample(t // 9)) for t in range(0, 90, 5)]  # moves a little in each quiet time
    for count in range(1, len(stalled) + 1):
        assert settled(watched(stalled[:count]), RULES, stalled[count - 1][0]) is Settled.NOT_YET
    done = [*stalled, *((100.0 + t, sample(10)) for t in (0, 5, 10))]
    assert settled(watched(done), RULES, 110) is Settled.WHOLE


def test_A02_a_file_that_never_settles_is_told_and_still_watched() -> None:
    record = watched([(float(t), sample(t)) for t in range(0, 3605, 5)])
    assert settled(record, RULES, 3600) is Settled.NEVER
    record = seen(seen(record, sample(3600), 3605), sample(3600), 3610)
    assert settled(record, RULES, 3611) is Settled.WHOLE


def test_A03_a_file_that_somebody_has_open_for_writing_is_not_whole() -> None:
    looks = [(float(t), sample(5, written=True)) for t in range(0, 50, 5)]
    assert settled(watched(looks), RULES, 50) is Settled.NOT_YET
    closed = [*looks, (50.0, sample(5)), (55.0, sample(5))]
    assert settled(watched(closed), RULES, 55) is Settled.WHOLE


def test_A04_a_preallocated_file_whose_size_stands_still_counts_as_changing() -> None:
    looks = [(float(t), sample(5, mtime=t)) for t in range(0, 50, 5)]
    assert settled(watched(looks), RULES, 50) is Settled.NOT_YET


def test_A12_an_empty_file_waits_for_its_bytes_much_longer() -> None:
    looks = [(0.0, sample(0)), (5.0, sample(0)), (10.0, sample(0))]
    assert settled(watched(looks), RULES, 599) is Settled.NOT_YET
    assert settled(watched(looks), RULES, 600) is Settled.WHOLE


def test_W06_another_file_under_the_same_name_starts_from_the_beginning() -> None:
    other = Sample(signature=(5, 0, 0, 8))
    assert settled(watched([(0, sample(5)), (5, sample(5)), (10, other)]), RULES, 10) is Settled.NOT_YET


@given(st.integers(-(10**19), 10**19))
def test_T01_what_a_file_says_of_its_age_makes_no_difference(mtime: int) -> None:
    look = sample(5, mtime=mtime)
    assert settled(watched([(0, look), (5, look)]), RULES, 9.9) is Settled.NOT_YET
    assert settled(watched([(0, look), (5, look), (10, look)]), RULES, 10) is Settled.WHOLE


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 2), st.booleans()), min_size=1, max_size=30))
def test_no_history_of_looks_makes_a_file_whole_before_it_held_still(
    steps: list[tuple[float, int, bool]],
) -> None:
    record, now, still, looks = None, 0.0, 0.0, 0
    before: Sample | None = None
    for pause, size, written in steps:
        now += pause
        look = sample(size, written=written)
        if before is None or look.signature != before.signature or written:
            still, looks = now, 0
        looks, before = looks + 1, look
        record = seen(record, look, now)
        if settled(record, RULES, now) is Settled.WHOLE:
            assert now - still >= RULES.quiet
            assert looks >= SAMPLES
            assert not written


def test_looks_that_count_are_spread_over_the_quiet_time() -> None:
    record = watched([(0, sample(5))])
    assert not is_due(record, RULES, 4.9)
    assert is_due(record, RULES, 5.0)
