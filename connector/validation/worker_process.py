"""The parent's side of one inspection worker: start it, hand it files, read its answers, end it.

Used by one thread at a time. The thread that starts a worker must outlive it: Linux sends the worker its
death signal when that *thread* ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import connector
from connector.errors import ConfigurationError, Deferrable
from connector.model import Inspection, InspectionLost, InspectionOrder
from connector.records import decode
from connector.settings import Workers

START_SECONDS = 60.0
Answer = tuple[str, Inspection | InspectionLost]


class WorkerLost(Exception):
    """The worker is gone.

    Args:
        reason: "time", "memory" or "crash".
        in_hand: it had begun with the first file that it has not answered.
    """

    def __init__(self, reason: str, *, in_hand: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.in_hand = in_hand


class WorkerProcess:
    """One running worker.

    Args:
        limits: seconds for one file, bytes of memory.
        overrides: XSD files of the site, by kind.
        warm: kinds whose business rules are to be compiled before the first file comes.
    Raises:
        ConfigurationError: it cannot start at all.
        Deferrable: the system has no process to give now.
    """

    def __init__(self, limits: Workers, overrides: Mapping[str, Path], *, warm: Sequence[str] = ()) -> None:
        self._time_limit = limits.time_limit
        self._unread = b""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "connector.validation.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=_environment(),
                bufsize=0,
            )
        except OSError as error:
            raise Deferrable(f"no inspection worker could be started: {error}") from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._from, select.POLLIN)
        self._greet(
            {
                "memory_limit": limits.memory_limit,
                "overrides": {kind: str(path.resolve()) for kind, path in overrides.items()},
                "warm": list(warm),
            }
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def inspect(self, orders: Sequence[InspectionOrder]) -> Iterator[list[Answer]]:
        """Hand over a chunk and yield the answers, in order, as they come.

        Raises:
            WorkerLost: it ended, or was ended for its time; the answers given so far stand.
            ConfigurationError: the worker says that the installation is at fault.
        """
        self._send([{"path": str(order.path), "name": order.name, "rules": order.rules} for order in orders])
        left = deque(order.key for order in orders)
        begun = False
        while left:
            try:
                lines = self._lines(self._time_limit)
            except WorkerLost as lost:
                raise WorkerLost(lost.reason, in_hand=begun) from None
            answers: list[Answer] = []
            lost_for = None
            for line in lines:
                match line.split(b" ", 1):
                    case [b"B"]:
                        begun = True
                    case [b"A", inspection]:
                        answers.append((left.popleft(), decode(Inspection, inspection)))
                    case [b"L", reason]:
                        answers.append((left.popleft(), InspectionLost(reason=reason.decode())))
                    case [b"X", reason]:
                        lost_for = reason.decode()
                    case _:
                        raise _at_fault(line)
            if answers:
                yield answers
            if lost_for:
                raise WorkerLost(lost_for, in_hand=begun)

    def terminate(self) -> None:
        """End it at once, and whatever it may have started. The thread that uses it sees it lost."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """`terminate`, and give back what it held."""
        self.terminate()
        self._process.wait()
        self._to.close()
        self._from.close()

    def _greet(self, greeting: object) -> None:
        try:
            self._send(greeting)
            for line in self._lines(START_SECONDS):
                if line != b"R":
                    raise _at_fault(line)
        except WorkerLost as lost:
            self.kill()
            raise ConfigurationError(
                f"an inspection worker cannot start ({lost.reason}, exit status {self._process.returncode})"
            ) from None
        except ConfigurationError:
            self.kill()
            raise

    def _send(self, message: object) -> None:
        data = json.dumps(message).encode() + b"\n"  # file names that are not UTF-8 survive as escapes
        try:
            while data:
                data = data[self._to.write(data) or 0 :]
        except BrokenPipeError:
            raise WorkerLost("crash", in_hand=False) from None

    def _lines(self, seconds: float) -> list[bytes]:
        """The next whole lines, at least one, within this time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not self._poll.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise WorkerLost("time", in_hand=True)
            piece = os.read(self._from.fileno(), 1 << 16)
            if not piece:
                raise WorkerLost("crash", in_hand=True)
            self._unread += piece
        *lines, self._unread = self._unread.split(b"\n")
        return lines


def _at_fault(line: bytes) -> ConfigurationError:
    if line.startswith(b"F "):
        return ConfigurationError(*json.loads(line[2:]))
    return ConfigurationError(f"an inspection worker said {line[:80]!r} out of turn")


def _environment() -> dict[str, str]:
    """Ours without what a process that reads strangers' files has no need to know."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("CONNECTOR_") and name != "CREDENTIALS_DIRECTORY"
    }
    packages = str(Path(connector.__file__).resolve().parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (packages, kept.get("PYTHONPATH"))))
    return kept
