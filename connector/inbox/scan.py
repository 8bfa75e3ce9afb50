"""Reading a folder tree: the names of what lies there, and one careful look at one file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

from connector.controls import is_control
from connector.inbox.ignore import NameFilter
from connector.inbox.settle import Sample

_F_SETSIG = 10  # fcntl(2); not named by the standard library
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def names_below(
    root: Path, names: NameFilter, depth: int, controls: set[bytes] | None = None
) -> Iterator[bytes]:
    """Names of the files that lie in a folder and its sub-folders, as bytes below it.

    Only names are read: on a share with 100,000 files a status of each would take the whole second.

    Args:
        depth: how many levels of sub-folders are entered.
        controls: gets the names of files that tell us something (`controls`), which are no documents.
    Raises:
        OSError: the folder itself cannot be read; a sub-folder that cannot be read is passed over.
    """
    folders = [(os.fsencode(root), b"", depth)]
    while folders:
        path, prefix, left = folders.pop()
        try:
            entries = os.scandir(path)
        except OSError:
            if not prefix:
                raise
            continue
        with entries:
            for entry in entries:
                name = os.fsdecode(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if left and names.enters_folder(name):
                        folders.append((entry.path, prefix + entry.name + b"/", left - 1))
                elif names.takes_file(name):
                    yield prefix + entry.name
                elif controls is not None and is_control(prefix + entry.name):
                    controls.add(prefix + entry.name)


def look(path: Path, *, ask_for_writer: bool) -> Sample | None:
    """One look at a file, through an open descriptor: shares answer an old status for a path (W11, W12).

    Args:
        ask_for_writer: also find out whether somebody still has it open for writing.
    Returns:
        None for what is not a regular file: links, FIFOs, devices (N07, N09).
    Raises:
        OSError: it is gone, or cannot be opened now.
    """
    with contextlib.ExitStack() as stack:
        try:
            descriptor = os.open(path, _OPEN)
        except OSError:
            if path.is_symlink():
                return None
            raise
        stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        return Sample(
            signature=(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino),
            being_written=ask_for_writer and _has_writer(descriptor),
        )


def _has_writer(descriptor: int) -> bool:
    """Whether anyone has this file open for writing, where the kernel tells: a read lease is refused then.

    Needs to own the file or CAP_LEASE, and a local file system; otherwise the answer is no.
    """
    try:
        # The lease is held for an instant. Should a writer come just then, the default signal would kill us.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
