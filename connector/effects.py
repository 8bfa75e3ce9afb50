"""Every touch of a file system that must survive a crash, and the barrier that makes a batch durable.

All of the journey's file effects go through one `Effects` object, so that a test can stop the process at any
of them. Reading is not an effect. Paths are absolute; names may hold any byte (surrogate escapes).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")

_PIECE = 1024 * 1024  # bytes read at a time: a 100 MB report must not be held in memory


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy saw of its source: bytes, hex SHA-256, and whether the source held still meanwhile."""

    size: int
    sha256: str
    steady: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """What must reach the disk before the next step may build on it."""

    files: tuple[Path, ...] = ()
    directories: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item, Value]):
    """How a batch went: what each item gave once it was durable, and what failed, one by one."""

    done: list[tuple[Item, Value]]
    failed: list[tuple[Item, OSError]]


class Effects:
    """The connector's hands. One object for the whole process; safe to use from several threads.

    Args:
        threads: how many files of a batch are worked on at once; they mostly wait for the disk or the share.
            With one, it is the caller's own, and everything happens in the order given.
    """

    def __init__(self, threads: int = 8) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="effects") if threads > 1 else None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    # ------------------------------------------------------------------ single effects
    def make_directories(self, path: Path) -> tuple[Path, ...]:
        """Make a directory and its parents where missing.

        Returns:
            the directories that got a new entry, which a barrier must flush.
        """
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for directory in reversed(missing):
            try:
                directory.mkdir(exist_ok=True)
            except FileExistsError:  # not a clash of names that another name would solve
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory)) from None
        return tuple(directory.parent for directory in missing)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its new name; never onto an existing one (S06).

        Raises:
            FileExistsError: something has the target's name.
            FileNotFoundError: the source is gone, and not because this call moved it.
        """
        if is_there(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        try:
            source.rename(target)
        except OSError:
            # A lost reply: done on the server, reported as failed. The pair of names proves it (S05).
            if not is_there(target) or is_there(source):
                raise

    def replace(self, source: Path, target: Path) -> None:
        """Give a file the name of an older one of ours, which goes in the same instant.

        Raises:
            OSError: it could not, for instance because somebody on a share has the older one open.
        """
        source.replace(target)

    def write(self, path: Path, content: bytes) -> str:
        """Write a whole file, replacing what an earlier, unfinished try may have left. Not durable yet.

        Returns:
            hex SHA-256 of the content.
        """
        with path.open("wb", buffering=0) as writer:
            self.pour(writer, content)
        return hashlib.sha256(content).hexdigest()

    def write_pieces(self, path: Path, pieces: Iterable[bytes]) -> str:
        """Write a whole file as `write` does, from pieces that come one after the other."""
        digest = hashlib.sha256()
        with path.open("wb", buffering=0) as writer:
            for piece in pieces:
                digest.update(piece)
                self.pour(writer, piece)
        return digest.hexdigest()

    def copy(self, source: Path, target: Path) -> Copied:
        """Copy a regular file while hashing it. Not durable yet.

        Raises:
            FileNotFoundError: the source is gone.
            OSError: it is a link or not a regular file (N07, N09), or could not be read or written.
        """
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(source))
            digest, size = hashlib.sha256(), 0
            while piece := reader.read(_PIECE):
                digest.update(piece)
                size += self.pour(writer, piece)
            after = os.fstat(descriptor)
        steady = size == after.st_size and _signature(before) == _signature(after)
        return Copied(size, digest.hexdigest(), steady)

    def pour(self, writer: BinaryIO, piece: bytes) -> int:
        """Write a piece into an open file, all of it; every byte of ours goes through here. Its length."""
        left = memoryview(piece)
        while left:
            left = left[writer.write(left) :]
        return len(piece)

    def unlink(self, path: Path) -> None:
        """Remove a file; one that is gone already is as good."""
        path.unlink(missing_ok=True)

    # ------------------------------------------------------------------ the barrier
    def together(
        self, items: Sequence[Item], act: Callable[[Item], tuple[Value, Touched]]
    ) -> Batch[Item, Value]:
        """Act on each item, then make durable what all of them touched: files first, each directory once.

        An item that fails, or whose file or directory cannot be made durable, is in `failed`; the others are
        not hurt by it.

        Args:
            act: does one item's effects and says what it touched; called in several threads.
        """
        acted: list[tuple[Item, Value, Touched]] = []
        failed: list[tuple[Item, OSError]] = []
        for item, result in zip(items, self._each(act, items), strict=True):
            if isinstance(result, OSError):
                failed.append((item, result))
            else:
                acted.append((item, *result))
        files = [path for _, _, touched in acted for path in touched.files]
        directories = list(dict.fromkeys(path for _, _, touched in acted for path in touched.directories))
        broken = self._flush(files, self.sync_file) | self._flush(directories, self.sync_directory)
        done: list[tuple[Item, Value]] = []
        for item, value, touched in acted:
            trouble = next(
                (broken[path] for path in (*touched.files, *touched.directories) if path in broken), None
            )
            if trouble is None:
                done.append((item, value))
            else:
                failed.append((item, trouble))
        return Batch(done, failed)

    def _flush(self, paths: Iterable[Path], sync: Callable[[Path], None]) -> dict[Path, OSError]:
        paths = list(paths)
        results = self._each(sync, paths)
        return {path: error for path, error in zip(paths, results, strict=True) if isinstance(error, OSError)}

    def _each(self, act: Callable[[Item], Value], items: Sequence[Item]) -> Iterator[Value | OSError]:
        """Act on items in several threads, in slices: a future for each would cost more than the act."""
        if self._pool is None:
            yield from [_attempt(act, item) for item in items]
            return
        length = max(1, -(-len(items) // self._threads))
        slices = [items[start : start + length] for start in range(0, len(items), length)]
        for results in self._pool.map(lambda some: [_attempt(act, item) for item in some], slices):
            yield from results

    def sync_file(self, path: Path) -> None:
        """Wait until a file's bytes are on the disk. A failure means that the write failed (S10)."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Wait until a directory's names are on the disk, on file systems that know how."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # SMB: directories cannot be flushed
                raise
        finally:
            os.close(descriptor)


def is_there(path: Path) -> bool:
    """Whether something has this name, be it a link that leads nowhere.

    Raises:
        OSError: nobody can say now. Trouble with a share must not look like a file that is gone (S03).
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _attempt(act: Callable[[Item], Value], item: Item) -> Value | OSError:
    try:
        return act(item)
    except OSError as error:
        return error
