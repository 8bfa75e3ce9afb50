"""Places where a life can end: hands, journal and session of the real kind that look up before and after."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sqlite3
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from connector.effects import Copied, Effects
from connector.gateways import HttpSession
from connector.gateways.exchange import Body, Exchange, Request
from connector.journal import SqliteJournal
from tests.crash.loss import Loss
from tests.crash.shared import Shared
from tests.crash.spec import Point

_ON_THE_WIRE = " body"  # what the labels of points end with at which half a request has left
_SETTLE = 0.005  # seconds in which the first half of a body leaves for the wire


class Points:
    """Counts the points that a life passes, and ends it at one of them.

    Args:
        shared: where the points are noted, for those who live on.
        at: the point to die at; None: none.
        loss: what a death takes with it.
        meanwhile: called at every point before it is passed, with its label: others act there too.
        pictured: called at every point where nothing is on the wire: somebody looks at what lies there.
    """

    def __init__(
        self,
        shared: Shared,
        at: Point | None,
        loss: Loss,
        meanwhile: Callable[[str], None] = lambda _: None,
        pictured: Callable[[Point], None] | None = None,
    ) -> None:
        self._shared, self._at, self._meanwhile, self._pictured = shared, at, meanwhile, pictured
        self.loss = loss
        self._seen: Counter[str] = Counter()

    def passing(self, label: str) -> None:
        """The life is at a point; it may be its last."""
        self._meanwhile(label)
        self._seen[label] += 1
        nth = self._seen[label]
        self._shared.log(label, nth, loose=self.loss.is_loose)
        if self._at == (label, nth):
            self._die()
        if self._pictured is not None and is_still(label):
            self._pictured(Point(label, nth))

    def _die(self) -> None:
        try:
            self.loss.strike()
        except BaseException:  # noqa: BLE001 - nothing of the harness may look like the journey's trouble
            self._shared.report({"bug": traceback.format_exc()})
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL)

    def is_next(self, label: str) -> bool:
        """Whether the life will end when it passes this label the next time."""
        return self._at == (label, self._seen[label] + 1)


def is_still(label: str) -> bool:
    """Whether nothing is on the wire at such a point, so that all a death would leave lies in files."""
    return not label.endswith(_ON_THE_WIRE)


class FailingEffects(Effects):
    """The connector's hands, in one thread, with a point before and after each effect and inside each write.

    Args:
        role: what a folder is for, for the names of points.
        far: a folder on "another file system": no rename leads there from outside.
        broken: name of a file that cannot be read; empty: none.
    """

    def __init__(
        self, points: Points, role: Callable[[Path], str], far: Path | None = None, broken: str = ""
    ) -> None:
        super().__init__(threads=1)
        self._points, self._role, self._far, self._broken = points, role, far, broken
        self._target = ""

    @contextmanager
    def _around(self, effect: str, path: Path) -> Iterator[None]:
        label = f"{effect} {self._role(path)}"
        self._points.passing(f"{label} before")
        yield
        self._points.passing(f"{label} after")

    def make_directories(self, path: Path) -> tuple[Path, ...]:
        with self._around("mkdir", path):
            missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
            made = super().make_directories(path)
            for folder in reversed(missing):
                self._points.loss.made(folder)
        return made

    def rename(self, source: Path, target: Path) -> None:
        with self._around("rename", target):
            if self._far is not None and target.is_relative_to(self._far) != source.is_relative_to(self._far):
                raise OSError(18, "the archive is another file system")
            super().rename(source, target)
            self._points.loss.renamed(source, target)

    def write(self, path: Path, content: bytes) -> str:
        with self._writing("write", path):
            return super().write(path, content)

    def write_pieces(self, path: Path, pieces: Iterable[bytes]) -> str:
        with self._writing("write", path):
            return super().write_pieces(path, pieces)

    def copy(self, source: Path, target: Path) -> Copied:
        if self._broken and source.name.endswith(self._broken):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(source))
        with self._writing("copy", target):
            return super().copy(source, target)

    @contextmanager
    def _writing(self, effect: str, path: Path) -> Iterator[None]:
        self._target = f"{effect} {self._role(path)}"
        with self._around(effect, path):
            self._points.loss.opened(path)
            yield

    def pour(self, writer: BinaryIO, piece: bytes) -> int:
        half = len(piece) // 2
        self._points.passing(f"{self._target} empty")
        super().pour(writer, piece[:half])
        self._points.passing(f"{self._target} half")
        super().pour(writer, piece[half:])
        return len(piece)

    def unlink(self, path: Path) -> None:
        with self._around("unlink", path):
            self._points.loss.removing(path)
            super().unlink(path)

    def sync_file(self, path: Path) -> None:
        with self._around("sync", path):
            super().sync_file(path)
            self._points.loss.flushed(path)

    def sync_directory(self, path: Path) -> None:
        with self._around("sync folder", path):
            super().sync_directory(path)
            self._points.loss.flushed_folder(path)


class FailingJournal(SqliteJournal):
    """The journal, with a point before each transaction, before its commit, and after it."""

    def __init__(self, path: Path, points: Points) -> None:
        self._points = points
        super().__init__(path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._points.passing("commit before")
        with super()._transaction() as db:
            yield db
            self._points.passing("commit inside")
        self._points.passing("commit after")


class _HalfWay:
    """A body with a point in its middle. Satisfies `exchange.Body`."""

    def __init__(self, body: Body, points: Points, label: str) -> None:
        self._body, self._points, self._label = body, points, label
        self.content_type, self.length = body.content_type, body.length

    @property
    def started(self) -> bool:
        return self._body.started

    @started.setter
    def started(self, value: bool) -> None:
        self._body.started = value

    @property
    def finished(self) -> bool:
        return self._body.finished

    @finished.setter
    def finished(self, value: bool) -> None:
        self._body.finished = value

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._body.pieces():
            half = len(piece) // 2
            yield piece[:half]
            if self._points.is_next(self._label):
                await asyncio.sleep(_SETTLE)
            self._points.passing(self._label)
            yield piece[half:]

    def close(self) -> None:
        self._body.close()


class FailingSession:
    """A real session, with points before a request, in the middle of its body, and before its answer is seen.

    Satisfies `channel.Session`.
    """

    def __init__(self, session: HttpSession, points: Points) -> None:
        self._session, self._points = session, points

    async def exchange(self, request: Request, authorization: str | None = None) -> Exchange:
        label = _kind_of(request)
        self._points.passing(f"{label} before")
        if request.body is not None:
            body = _HalfWay(request.body, self._points, f"{label}{_ON_THE_WIRE}")
            request = replace(request, body=body)
        answer = await self._session.exchange(request, authorization)
        self._points.passing(f"{label} after")
        return answer

    async def close(self) -> None:
        await self._session.close()


def _kind_of(request: Request) -> str:
    path = request.url.partition("?")[0]
    if path.endswith("/token"):
        return "token"
    if path.endswith("/v1/flows"):
        return "submit"
    return path.rpartition("/")[2] if path.endswith(("/search", "/healthcheck")) else "flow"
