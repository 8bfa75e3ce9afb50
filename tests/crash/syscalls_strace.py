"""One system call of one thread gone wrong: strace kills at it, or lets it fail.

strace counts the calls of each thread apart, so one thread is traced at a time: then the n-th call is one and
the same in every life that goes the same way.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What a call on a file may answer on a disk or a share in trouble (FILEDROP S03, S07, S08, S10).
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EINTR", "ESTALE", "EACCES", "EROFS")
# Of the calls that strace counts to files and sockets: memory, waiting, and what a loop wakes itself by.
APART = frozenset(
    {"mmap", "poll", "ppoll", "select", "pselect6", "pipe2", "eventfd2", "io_uring_setup", "io_uring_enter"}
    | {"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2"}
)
# Of the others, those after which a file, a folder or another program is not as before.
_CHANGES = frozenset(
    {"mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat"}
    | {"write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendfile", "connect"}
    | {"ftruncate", "fallocate", "fchmod", "fchown", "utimensat", "copy_file_range"}
)
_ATTACHED_WITHIN = 5.0  # seconds
_CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\((.*)$")


class NoTracer(Exception):
    """There is no strace here, or it may not trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done to which call.

    Args:
        call: name of the system call.
        nth: which of them, from 1.
        error: name of the errno that it answers, the call itself not being made; None: SIGKILL before it.
    """

    call: str
    nth: int
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.call}:{self.nth}:{self.error or 'KILL'}"

    @classmethod
    def of(cls, text: str) -> Fault:
        """Read back what `str` wrote."""
        call, nth, error = text.split(":")
        return cls(call=call, nth=int(nth), error=None if error == "KILL" else error)

    @property
    def options(self) -> list[str]:
        how = f"error={self.error}" if self.error else "signal=KILL"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{how}:when={self.nth}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What strace saw of one thread in one life."""

    calls: dict[str, list[str]]  # kind → the calls, as strace writes them
    hit: str | None  # the call that the fault met, as strace writes it; None: it was not reached


class Tracer:
    """strace on one thread of a stopped process.

    Args:
        sheet: the file that strace writes to.
        fault: what to do; None: only look at every call on files and sockets.
    """

    def __init__(self, sheet: Path, fault: Fault | None = None) -> None:
        self._sheet = sheet
        options = fault.options if fault else ["-e", "trace=%file,%desc,%network"]
        # -y names the file behind a descriptor: a loop's wake-up is then not taken for one.
        self._command = [program(), "-qq", "-y", "-s", "0", "-o", str(sheet), *options]
        self._fault = fault
        self._process: subprocess.Popen[bytes] | None = None

    def attach(self, process: int, thread: int | None = None) -> None:
        """Begin to trace, then let the process go on.

        Args:
            process: id of a process that has stopped itself.
            thread: id of the thread; None: the first one.
        Raises:
            NoTracer: strace does not take hold of it.
        """
        thread = thread or process
        self._sheet.unlink(missing_ok=True)
        self._process = subprocess.Popen([*self._command, "-p", str(thread)], stderr=subprocess.PIPE)
        deadline = time.monotonic() + _ATTACHED_WITHIN
        while not _is_traced(process, thread):
            if self._process.poll() is not None or time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
                raise NoTracer(f"strace cannot trace: {self._complaint()}")
            time.sleep(0.0005)
        os.kill(process, signal.SIGCONT)

    def seen(self) -> Seen:
        """What was seen, once the process has ended."""
        assert self._process is not None
        self._complaint()
        lines = self._sheet.read_text("utf-8", "replace").splitlines()
        calls: defaultdict[str, list[str]] = defaultdict(list)
        for line in lines:
            if found := _CALL.match(line):
                calls[found[1]].append(line)
        return Seen(calls=calls, hit=self._hit(lines))

    def _complaint(self) -> str:
        assert self._process is not None
        try:
            _, words = self._process.communicate(timeout=_ATTACHED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, words = self._process.communicate()
        return words.decode("utf-8", "replace").strip()

    def _hit(self, lines: list[str]) -> str | None:
        if self._fault is None:
            return None
        if self._fault.error:
            return next((line for line in lines if line.endswith("(INJECTED)")), None)
        met = [line for line in lines if _CALL.match(line)]
        return met[-1] if len(met) == self._fault.nth and met[-1].endswith("= ?") else None


def changes(call: str, line: str) -> bool:
    """Whether anything outside of the process is different after a call that went well.

    Args:
        line: as strace writes it.
    """
    return call in _CHANGES or (call.startswith("open") and ("O_CREAT" in line or "O_TRUNC" in line))


def program() -> str:
    """Where strace is.

    Raises:
        NoTracer: nowhere.
    """
    if (found := shutil.which("strace")) is None:
        raise NoTracer("there is no strace on this machine (Debian: apt-get install strace)")
    return found


def threads_of(process: int) -> Iterator[tuple[int, str]]:
    """(id, name) of each thread of a process."""
    for task in sorted(Path(f"/proc/{process}/task").iterdir(), key=lambda path: int(path.name)):
        yield int(task.name), (task / "comm").read_text("utf-8", "replace").strip()


def _is_traced(process: int, thread: int) -> bool:
    try:
        status = Path(f"/proc/{process}/task/{thread}/status").read_text("utf-8", "replace")
    except FileNotFoundError:
        return False
    return re.search(r"^TracerPid:\t0$", status, re.MULTILINE) is None
