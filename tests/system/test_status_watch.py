"""`connector status --watch`: the same picture again and again, until Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import ExitCode
from tests.platform import until
from tests.setup_tree import Tree, plant

FIRST, AGAIN = b"\x1b[?25l", b"\x1b[1A\x1b[2K"  # hide the cursor; one line up and clear it


@pytest.fixture(autouse=True)
def heard_interrupts() -> Iterator[None]:
    """A suite that runs in the background is deaf to Ctrl-C, and so would be what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return plant(tmp_path)


def test_with_json_there_is_a_line_for_each_round(tree: Tree) -> None:
    said = tree.folder / "said.txt"
    with tree.started("status", "--watch", "0.1", "--json") as watching:
        until(lambda: said.read_text("utf-8").count("\n") >= 3, 60)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == ExitCode.INTERRUPTED
    lines = [json.loads(line) for line in said.read_text("utf-8").splitlines() if line]
    assert [line["routes"][0]["route"] for line in lines] == ["ventes"] * len(lines)


def test_on_a_terminal_each_picture_takes_the_place_of_the_last(tree: Tree) -> None:
    ours, theirs = pty.openpty()
    command = tree.command("status", "--watch", "0.1")
    watching = subprocess.Popen(
        command, env=tree.environment(TERM="xterm"), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while seen.count(b"Le service") < 3:
            seen += os.read(ours, 4096)  # ends the test with OSError, if the program ends
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == ExitCode.INTERRUPTED
    finally:
        watching.kill()
        watching.wait(timeout=20)
        os.close(ours)
    assert seen.startswith(FIRST)
    assert AGAIN in seen
    assert "Traceback" not in seen.decode("utf-8", "replace")
