"""The bell on a local folder: it may ring, it may be missing, and nothing depends on it (W01-W04)."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from connector.inbox import Bell

HANG = """
import sys, pathlib
from connector.inbox import Bell
bell = Bell(pathlib.Path(sys.argv[1]), lambda: None)
print(bell.works)
bell.close()
"""


@pytest.fixture
def rung() -> threading.Event:
    return threading.Event()


def test_it_rings_for_a_file_that_is_written_and_for_one_that_is_moved_in(
    tmp_path: Path, rung: threading.Event
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    bell = Bell(inbox, rung.set)
    try:
        assert bell.works
        (inbox / "FA1.xml").write_text("x")
        assert rung.wait(5)
        (tmp_path / "FA2.xml").write_text("x")
        rung.clear()
        (tmp_path / "FA2.xml").rename(inbox / "FA2.xml")
        assert rung.wait(5)
    finally:
        bell.close()


def test_it_rings_in_a_sub_folder_that_came_later(tmp_path: Path, rung: threading.Event) -> None:
    bell = Bell(tmp_path, rung.set)
    try:
        (tmp_path / "lot").mkdir()
        assert rung.wait(5)
        for _ in range(50):  # the watch on the new folder takes a moment
            rung.clear()
            (tmp_path / "lot" / "FA1.xml").write_text("x")
            if rung.wait(0.1):
                break
        assert rung.is_set()
    finally:
        bell.close()


def test_a_folder_that_is_not_there_gives_a_bell_that_does_not_work(
    tmp_path: Path, rung: threading.Event
) -> None:
    bell = Bell(tmp_path / "gone", rung.set)
    assert not bell.works
    bell.close()


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_W02_W03_without_inotify_it_says_that_it_does_not_work(tmp_path: Path, limit: str) -> None:
    script = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-U", "-r", "sh", "-c", script, "sh", sys.executable, "-c", HANG, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if "unshare" in done.stderr or "/proc/sys/user" in done.stderr:
        pytest.skip(f"no user namespace here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
    assert "bell.not-hung" in done.stderr
