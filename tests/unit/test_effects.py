"""Every touch of the file system: never onto somebody's file, never hurt by a neighbour (real folders)."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path, PosixPath

import pytest

from connector.effects import Copied, Effects, Touched, sha256_of


@pytest.fixture
def effects() -> Iterator[Effects]:
    hands = Effects(threads=4)
    yield hands
    hands.close()


class LostReply(PosixPath):
    """A path on a share that does what it is asked and then reports a failure."""

    def rename(self, target: str | os.PathLike[str]) -> LostReply:
        super().rename(target)
        raise OSError(errno.EIO, "reply lost")


# --------------------------------------------------------------------------- rename, mkdir
def test_S06_a_rename_never_replaces_somebodys_file(effects: Effects, tmp_path: Path) -> None:
    source, target = tmp_path / "mine", tmp_path / "theirs"
    source.write_text("mine")
    target.write_text("theirs")
    with pytest.raises(FileExistsError):
        effects.rename(source, target)
    assert (source.read_text(), target.read_text()) == ("mine", "theirs")


def test_S06_not_even_a_dangling_link(effects: Effects, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        effects.rename(tmp_path / "mine", tmp_path / "link")


def test_A17_a_source_that_is_gone_is_told(effects: Effects, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        effects.rename(tmp_path / "gone", tmp_path / "target")


def test_S05_a_rename_that_was_done_and_reported_as_failed_was_done(effects: Effects, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    effects.rename(LostReply(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "b").read_text() == "x"


def test_parents_that_were_missing_are_told_for_the_barrier(effects: Effects, tmp_path: Path) -> None:
    wanted = tmp_path / "2026" / "11"
    assert set(effects.make_directories(wanted)) == {tmp_path, tmp_path / "2026"}
    assert effects.make_directories(wanted) == ()


def test_a_file_in_the_place_of_a_directory_is_trouble_and_not_endless(
    effects: Effects, tmp_path: Path
) -> None:
    (tmp_path / "outbox").write_text("in the way")
    with pytest.raises(OSError):
        effects.make_directories(tmp_path / "outbox" / "ok")


def test_removing_what_is_gone_is_as_good(effects: Effects, tmp_path: Path) -> None:
    effects.unlink(tmp_path / "gone")


# --------------------------------------------------------------------------- copy
def test_a_copy_tells_size_and_hash_of_what_it_wrote(effects: Effects, tmp_path: Path) -> None:
    content = os.urandom(2_500_000)
    (tmp_path / "a").write_bytes(content)
    copied = effects.copy(tmp_path / "a", tmp_path / "b")
    assert copied == Copied(len(content), hashlib.sha256(content).hexdigest(), steady=True)
    assert (tmp_path / "b").read_bytes() == content
    assert sha256_of(tmp_path / "b") == copied.sha256


def test_a_copy_replaces_what_an_unfinished_try_left(effects: Effects, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("something longer and old")
    effects.copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "new"


def test_A05_a_source_that_grows_while_it_is_copied_is_not_steady(effects: Effects, tmp_path: Path) -> None:
    source, copied = tmp_path / "a", threading.Event()
    source.write_bytes(bytes(40_000_000))

    def grow() -> None:
        with source.open("ab", buffering=0) as writer:
            while not copied.is_set():
                writer.write(b"x")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        seen = effects.copy(source, tmp_path / "b")
    finally:
        copied.set()
        writer.join()
    assert not seen.steady


def test_N07_a_link_is_not_followed(effects: Effects, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError) as raised:
        effects.copy(tmp_path / "link", tmp_path / "b")
    assert raised.value.errno == errno.ELOOP


@pytest.mark.timeout(10)
def test_N09_a_fifo_is_refused_and_does_not_hang(effects: Effects, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError):
        effects.copy(tmp_path / "fifo", tmp_path / "b")


def test_N01_names_may_hold_any_byte(effects: Effects, tmp_path: Path) -> None:
    name = os.fsdecode(b"FA\xe9\xff.xml")
    effects.write(tmp_path / name, b"x")
    effects.rename(tmp_path / name, tmp_path / ("2" + name))
    effects.sync_file(tmp_path / ("2" + name))
    assert os.listdir(os.fsencode(tmp_path)) == [b"2FA\xe9\xff.xml"]


# --------------------------------------------------------------------------- together
def test_one_item_that_fails_does_not_hurt_the_others(effects: Effects, tmp_path: Path) -> None:
    items = [f"f{number}" for number in range(20)]
    for item in items:
        if item != "f7":
            (tmp_path / item).write_text(item)

    def act(item: str) -> tuple[str, Touched]:
        effects.rename(tmp_path / item, tmp_path / f"{item}.done")
        return item.upper(), Touched(directories=(tmp_path,))

    batch = effects.together(items, act)
    assert [item for item, _ in batch.failed] == ["f7"]
    assert batch.done == [(item, item.upper()) for item in items if item != "f7"]


def test_S10_an_item_whose_bytes_cannot_be_made_durable_failed_and_only_that_one(
    effects: Effects, tmp_path: Path
) -> None:
    def act(item: str) -> tuple[None, Touched]:
        path = tmp_path / item
        effects.write(path, item.encode())
        if item == "b":
            path.unlink()  # gone before the barrier
        return None, Touched(files=(path,), directories=(tmp_path,))

    batch = effects.together(["a", "b", "c"], act)
    assert [item for item, _ in batch.done] == ["a", "c"]
    assert [(item, error.errno) for item, error in batch.failed] == [("b", errno.ENOENT)]


def test_a_directory_that_cannot_be_flushed_fails_all_that_needed_it(
    effects: Effects, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    def act(item: str) -> tuple[None, Touched]:
        folder = tmp_path / item.split("/")[0]
        (tmp_path / item).write_text("x")
        return None, Touched(directories=(folder if folder.name == "one" else folder / "gone",))

    batch = effects.together(["one/a", "two/a", "one/b", "two/b"], act)
    assert [item for item, _ in batch.done] == ["one/a", "one/b"]
    assert [item for item, _ in batch.failed] == ["two/a", "two/b"]


def test_each_directory_is_flushed_once_for_a_whole_batch(tmp_path: Path) -> None:
    class Counting(Effects):
        flushed: list[Path]

        def sync_directory(self, path: Path) -> None:
            self.flushed.append(path)
            super().sync_directory(path)

    effects = Counting(threads=4)
    effects.flushed = []
    batch = effects.together(range(50), lambda _: (None, Touched(directories=(tmp_path,))))
    effects.close()
    assert len(batch.done) == 50
    assert effects.flushed == [tmp_path]


def test_a_bug_is_not_taken_for_trouble_of_the_disk(effects: Effects) -> None:
    def act(_: int) -> tuple[None, Touched]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        effects.together([1], act)


def test_an_empty_batch_is_done(effects: Effects) -> None:
    assert effects.together([], lambda _: (None, Touched())).done == []
