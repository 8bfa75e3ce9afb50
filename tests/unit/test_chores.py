"""Chores are done in their time and once more at the end, and one that fails holds up no other."""

from __future__ import annotations

from collections import Counter

from loguru import logger

from connector.chores import Chore, Housekeeping
from tests.platform import until


def test_a_chore_is_done_again_and_again_and_a_last_time_at_the_end() -> None:
    done: Counter[str] = Counter()
    keeper = Housekeeping(
        [
            Chore(name="often", every=0.01, act=lambda: done.update(["often"])),
            Chore(name="seldom", every=3600.0, act=lambda: done.update(["seldom"])),
        ]
    )
    keeper.start()
    until(lambda: done["often"] >= 5)
    assert done["seldom"] == 1
    keeper.stop()
    keeper.join(10.0)
    assert not keeper.is_alive()
    assert done["seldom"] == 2


def test_a_chore_that_fails_is_told_once_and_tried_again_and_the_others_are_done() -> None:
    tries: Counter[str] = Counter()

    def fails() -> None:
        tries.update(["bad"])
        if tries["bad"] < 4:
            raise RuntimeError("the share is gone")

    lines: list[str] = []
    sink = logger.add(lines.append, format="{message} {extra}")
    try:
        keeper = Housekeeping(
            [
                Chore(name="bad", every=0.01, act=fails),
                Chore(name="good", every=0.01, act=lambda: tries.update(["good"])),
            ]
        )
        keeper.start()
        until(lambda: tries["bad"] >= 6 and tries["good"] >= 6)
        keeper.stop()
        keeper.join(10.0)
    finally:
        logger.remove(sink)
    assert [line.split()[0] for line in lines] == ["chore.failed", "chore.recovered"]
    assert "the share is gone" in lines[0]


def test_without_chores_the_thread_waits_for_the_end() -> None:
    keeper = Housekeeping([])
    keeper.start()
    assert keeper.is_alive()
    keeper.stop()
    keeper.join(10.0)
    assert not keeper.is_alive()
