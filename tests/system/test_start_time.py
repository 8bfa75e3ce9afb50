"""A look at the connector is there at once: nothing that looking does not need is loaded."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.setup_tree import plant

LONGEST = 0.7  # seconds of processor time, because the machine may be busy with other things


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["status"], ["ls"], ["status", "--help"], ["status", "--lang", "fr", "--help"]]
)
def test_looking_begins_at_once(tmp_path: Path, words: list[str]) -> None:
    tree = plant(tmp_path)
    tree.run(*words)  # whoever is first compiles
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert tree.run(*words).code == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < LONGEST
