"""What holds for every test: no log line at INFO or above tells a secret, or anything of a person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from loguru import logger

from tests.discretion import told_too_much
from tests.setup_tree import PLANTED


@pytest.fixture(autouse=True)
def _own_log_tells_nothing_personal() -> Iterator[None]:
    """Watches what this process logs during a test."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO", format="{message} {extra}", backtrace=False, diagnose=False)
    yield
    with contextlib.suppress(ValueError):  # a test that set the log up anew has removed it
        logger.remove(sink)
    assert not list(told_too_much("".join(lines)))


@pytest.fixture(autouse=True, scope="module")
def _logs_of_trees_tell_nothing_personal() -> Iterator[None]:
    """Searches the logs of the trees that a module's tests planted, in folders named after the tests."""
    PLANTED.clear()
    yield
    found = {str(tree.folder): list(told_too_much(tree.log())) for tree in PLANTED}
    assert not {folder: lines for folder, lines in found.items() if lines}
