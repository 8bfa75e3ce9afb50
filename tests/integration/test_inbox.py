"""The inbox on a real folder, on a clock that only the test moves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.inbox import Inbox
from connector.inbox.ignore import NameFilter
from connector.inbox.settle import SettleRules
from connector.model import Drop

QUIET = 10.0


@dataclass(slots=True)
class OwnClock:
    """Moves when told to. Satisfies `ports.Clock`."""

    seconds: float = 1000.0
    day: datetime = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.day

    def monotonic(self) -> float:
        return self.seconds


class Watching:
    """An inbox and its clock."""

    def __init__(self, folder: Path, *, depth: int = 8, local: bool = True) -> None:
        self.folder = folder
        self.clock = OwnClock()
        self.inbox = Inbox(
            folder,
            NameFilter(["*"], []),
            SettleRules(quiet=QUIET, empty_wait=600.0, max_settle=3600.0),
            self.clock,
            depth=depth,
            local=local,
            scan_seconds=2.0,
        )

    def after(self, seconds: float, limit: int = 1000) -> list[bytes]:
        """Names given out at the end of so many seconds, the inbox looked at each second meanwhile."""
        return [drop.name for drop in self.drops_after(seconds, limit)]

    def drops_after(self, seconds: float, limit: int = 1000, *, claim: bool = True) -> list[Drop]:
        """What was given out; moved out of the folder as a claim does."""
        given: list[Drop] = []
        for second in range(int(seconds) + 1):
            fresh = self.inbox.ready(limit)
            for drop in fresh if claim else ():
                (self.folder / os.fsdecode(drop.name)).unlink()
            given += fresh
            self.clock.seconds += 1.0 if second < int(seconds) else 0.0
        return given


@pytest.fixture
def watching(tmp_path: Path) -> Watching:
    return Watching(tmp_path)


def drop(folder: Path, name: str, content: bytes = b"<Invoice/>") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# --------------------------------------------------------------------------- whole files
def test_a_whole_file_is_given_once_with_what_it_looked_like(watching: Watching) -> None:
    status = drop(watching.folder, "FA1.xml").stat()
    assert watching.after(QUIET - 1) == []
    (given,) = watching.drops_after(5)
    signature = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    assert (given.name, given.size, given.signature) == (b"FA1.xml", status.st_size, signature)


def test_A01_a_half_written_file_is_not_given_until_it_stood_still(watching: Watching) -> None:
    path = drop(watching.folder, "FA1.xml", b"<Inv")
    for piece in (b"oi", b"ce", b"/", b">"):
        assert watching.after(QUIET - 2) == []
        path.write_bytes(path.read_bytes() + piece)
    assert watching.after(QUIET - 2) == []
    assert watching.after(QUIET) == [b"FA1.xml"]


def test_A19_files_that_lie_there_at_the_start_obey_the_same_rules(tmp_path: Path) -> None:
    whole, growing = drop(tmp_path, "whole.xml"), drop(tmp_path, "growing.xml", b"<")
    assert whole.exists()
    watching = Watching(tmp_path)
    assert watching.after(5) == []
    growing.write_bytes(b"<Invoice/>")
    assert watching.after(6) == [b"whole.xml"]
    assert watching.after(QUIET) == [b"growing.xml"]


@pytest.mark.parametrize("years", [-10, 10])
def test_T01_an_old_or_future_time_makes_a_file_neither_ready_nor_stuck(
    watching: Watching, years: int
) -> None:
    path = drop(watching.folder, "FA1.xml")
    moment = path.stat().st_mtime + years * 365 * 86400
    os.utime(path, (moment, moment))
    assert watching.after(QUIET - 1) == []
    assert watching.after(QUIET) == [b"FA1.xml"]


@pytest.mark.parametrize("jump", [-86400 * 365, 86400 * 365])
def test_T03_a_jump_of_the_time_of_day_changes_nothing(watching: Watching, jump: int) -> None:
    drop(watching.folder, "FA1.xml")
    assert watching.after(QUIET - 1) == []
    watching.clock.day = datetime.fromtimestamp(watching.clock.day.timestamp() + jump, UTC)
    assert watching.after(QUIET) == [b"FA1.xml"]


def test_A12_an_empty_file_waits_ten_minutes(watching: Watching) -> None:
    drop(watching.folder, "FA1.xml", b"")
    assert watching.after(598) == []
    assert watching.after(10) == [b"FA1.xml"]


def test_A12_an_empty_file_that_gets_its_bytes_goes_on_as_any_other(watching: Watching) -> None:
    path = drop(watching.folder, "FA1.xml", b"")
    assert watching.after(300) == []
    path.write_bytes(b"<Invoice/>")
    assert watching.after(2 * QUIET) == [b"FA1.xml"]


def test_A03_a_file_that_another_program_has_open_for_writing_waits_until_it_is_closed(
    watching: Watching,
) -> None:
    path = drop(watching.folder, "FA1.xml")
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; f = open(sys.argv[1], 'ab'); print(1, flush=True); input()",
            path,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    try:
        assert watching.after(10 * QUIET) == []
    finally:
        writer.communicate("\n", timeout=10)
    assert watching.after(2 * QUIET) == [b"FA1.xml"]


def test_A03_a_reader_does_not_hold_a_file_back(watching: Watching) -> None:
    with drop(watching.folder, "FA1.xml").open("rb"):
        assert watching.after(2 * QUIET) == [b"FA1.xml"]


def test_A02_a_file_that_never_settles_stays_and_is_taken_when_it_does(watching: Watching) -> None:
    path = drop(watching.folder, "FA1.xml")
    for beat in range(3700 // 8):
        os.utime(path, ns=(beat, beat))
        assert watching.after(8) == []
    assert watching.after(2 * QUIET) == [b"FA1.xml"]


# --------------------------------------------------------------------------- coming and going
def test_A17_a_file_that_vanishes_meanwhile_is_forgotten(watching: Watching) -> None:
    gone = drop(watching.folder, "FA1.xml")
    drop(watching.folder, "FA2.xml")
    assert watching.after(QUIET - 3) == []
    gone.unlink()
    assert watching.after(QUIET) == [b"FA2.xml"]
    assert watching.inbox.waiting == 0


def test_A06_a_file_that_is_renamed_into_place_is_taken_under_its_final_name(watching: Watching) -> None:
    path = drop(watching.folder, "FA1.xml.part")
    assert watching.after(3 * QUIET) == []
    path.rename(watching.folder / "FA1.xml")
    assert watching.after(2 * QUIET) == [b"FA1.xml"]


def test_a_file_that_could_not_be_claimed_is_watched_from_the_beginning(watching: Watching) -> None:
    drop(watching.folder, "FA1.xml")
    (given,) = watching.drops_after(QUIET + 2, claim=False)
    watching.inbox.give_back(given)
    assert watching.after(QUIET - 1) == []
    assert watching.after(QUIET) == [b"FA1.xml"]


def test_A14_a_second_file_of_the_same_name_is_another_drop(watching: Watching) -> None:
    drop(watching.folder, "FA1.xml")
    assert watching.after(2 * QUIET) == [b"FA1.xml"]
    drop(watching.folder, "FA1.xml", b"<Other/>")
    assert watching.after(2 * QUIET) == [b"FA1.xml"]


def test_A21_of_many_files_the_oldest_come_first_and_no_more_than_asked_for(watching: Watching) -> None:
    for number in range(300):
        path = drop(watching.folder, f"FA{number}.xml")
        os.utime(path, ns=(10**18 - number, 10**18 - number))
    watching.after(QUIET - 1)
    first = watching.drops_after(4, limit=50)
    assert [given.name for given in first[:3]] == [b"FA299.xml", b"FA298.xml", b"FA297.xml"]
    assert len(watching.inbox.ready(50)) == 50


# --------------------------------------------------------------------------- folders and names
def test_sub_folders_are_entered_to_their_depth_and_never_given_themselves(tmp_path: Path) -> None:
    watching = Watching(tmp_path, depth=2)
    for name in ("FA1.xml", "a/FA2.xml", "a/b/FA3.xml", "a/b/c/FA4.xml", ".hidden/FA5.xml", "@eaDir/FA6.xml"):
        drop(tmp_path, name)
    assert sorted(watching.after(2 * QUIET)) == [b"FA1.xml", b"a/FA2.xml", b"a/b/FA3.xml"]


def test_A22_the_files_of_a_tree_that_is_moved_in_are_found(watching: Watching, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    drop(outside, "novembre/22/FA1.xml")
    watching.after(5)
    outside.rename(watching.folder / "lot")
    assert watching.after(2 * QUIET) == [b"lot/novembre/22/FA1.xml"]


@pytest.mark.parametrize(
    "name", [b"FA\xe9\xff.xml", b"a\nb.xml", "été\u202e.xml".encode(), b"x" * 251 + b".xml"]
)
def test_N01_N02_N03_any_name_is_taken_as_it_is(watching: Watching, name: bytes) -> None:
    (watching.folder / os.fsdecode(name)).write_bytes(b"<Invoice/>")
    assert watching.after(2 * QUIET) == [name]


def test_N07_a_link_is_refused_and_what_it_points_to_is_not_read(watching: Watching, tmp_path: Path) -> None:
    target = drop(tmp_path.parent / f"{tmp_path.name}-elsewhere", "secret.xml")
    (watching.folder / "FA1.xml").symlink_to(target)
    (watching.folder / "FA2.xml").symlink_to("nowhere")
    (watching.folder / "loop").symlink_to(watching.folder)
    assert watching.after(10 * QUIET) == []
    assert (watching.folder / "FA1.xml").is_symlink()


@pytest.mark.timeout(20)
def test_N09_a_fifo_is_refused_and_holds_nobody_up(watching: Watching) -> None:
    os.mkfifo(watching.folder / "FA1.xml")
    drop(watching.folder, "FA2.xml")
    assert watching.after(3 * QUIET) == [b"FA2.xml"]
    assert watching.inbox.waiting == 0


def test_A06_A07_what_uploaders_leave_is_not_taken(watching: Watching) -> None:
    for name in (".sftpgo-upload.1.FA1.xml", "FA2.xml.filepart", "~$FA3.xml", "Thumbs.db", "PAUSE.txt"):
        drop(watching.folder, name)
    assert watching.after(3 * QUIET) == []
    assert watching.inbox.waiting == 0


def test_W08_a_folder_that_cannot_be_read_is_trouble_and_not_an_empty_inbox(watching: Watching) -> None:
    watching.folder.rmdir()
    with pytest.raises(OSError):
        watching.inbox.ready(10)


def test_a_bell_makes_it_look_at_once(watching: Watching) -> None:
    watching.inbox.ready(10)
    drop(watching.folder, "FA1.xml")
    woken: list[int] = []
    watching.inbox.on_ring(lambda: woken.append(1))
    watching.inbox.ring()
    watching.inbox.ready(10)
    assert woken == [1]
    assert watching.inbox.waiting == 1


def test_a_round_with_nothing_to_do_says_when_to_come_again(watching: Watching) -> None:
    drop(watching.folder, "FA1.xml")
    watching.inbox.ready(10)
    assert 0 < watching.inbox.pause() <= 2.0


# --------------------------------------------------------------------------- what people tell by files
def test_a_pause_ends_when_its_file_goes_with_files_already_whole(tmp_path: Path) -> None:
    watching = Watching(tmp_path)
    (tmp_path / "FA1.xml").write_bytes(b"<x/>")
    (tmp_path / "PAUSE.txt").touch()
    assert watching.after(30) == []
    assert watching.inbox.is_paused
    assert not watching.inbox.is_settling  # a batch run must not wait for its end
    (tmp_path / "PAUSE.txt").unlink()
    assert watching.after(5) == [b"FA1.xml"]


def test_in_a_pause_only_what_is_to_be_cancelled_is_given_out(tmp_path: Path) -> None:
    watching = Watching(tmp_path)
    for name in ("FA1.xml", "FA2.xml", "PAUSE.txt", "FA2.xml.annuler"):
        (tmp_path / name).write_bytes(b"<x/>" if name.endswith(".xml") else b"")
    assert watching.after(30) == [b"FA2.xml"]


def test_a_request_is_old_once_its_target_would_have_been_taken(tmp_path: Path) -> None:
    watching = Watching(tmp_path)
    (tmp_path / "FA1.xml.annuler").touch()
    (request,) = watching.inbox.requests()  # seen before the first scan too
    assert (request.target, request.is_old) == (b"FA1.xml", False)
    watching.after(3 * QUIET)
    assert [request.is_old for request in watching.inbox.requests()] == [True]
    (tmp_path / "FA1.xml.annuler").unlink()
    watching.after(3)
    assert watching.inbox.requests() == ()
    assert watching.inbox.waiting == 0
