"""What a run has become so far, kept aside: so that many runs can go on from one and the same death.

Files and folders are kept byte for byte, with their times; of the simulated platform all that it remembers,
whatever that may be: the state of each object of its package, each container in it.
"""

from __future__ import annotations

import copy
import os
import socket
import stat
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from connector.simulator import Simulator
from connector.simulator.exchanges import ExchangeLog
from connector.simulator.tokens import Tokens

_QUIET_WITHIN = 10.0  # seconds
_OF_THE_PAST = (ExchangeLog, Tokens)  # what was asked, and by whom: nothing to those who ask for a new token
_PING = b"GET /_control/ HTTP/1.0\r\n\r\n"


# --------------------------------------------------------------------------- a tree of files
@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or, without content, a folder."""

    path: str  # below the top
    content: bytes | None
    mode: int
    times: tuple[int, int]  # of the last access and the last change, in ns

    @property
    def facts(self) -> tuple[object, ...]:
        """All but the last access."""
        return self.path, self.mode, self.times[1], self.content


@dataclass(frozen=True, slots=True)
class Tree:
    """Folders with all that is in them; each folder comes before what is in it."""

    entries: tuple[_Entry, ...]

    @classmethod
    def of(cls, top: Path, *folders: str) -> Tree:
        """Take a picture of these folders below the top."""
        return cls(tuple(entry for folder in folders for entry in _seen(str(top), folder)))

    def is_like(self, other: Tree, besides: Collection[str]) -> bool:
        """Whether nobody could tell them apart who does not look into the files `besides`."""
        mine, theirs = ([entry.facts for entry in tree.entries] for tree in (self, other))
        return len(mine) == len(theirs) and all(
            one == another or one[0] == another[0] in besides
            for one, another in zip(mine, theirs, strict=True)
        )

    def put_back(self, top: Path) -> None:
        """Make it all anew, where nothing of it is."""
        base = str(top)
        for entry in self.entries:
            path = f"{base}/{entry.path}"
            if entry.content is None:
                os.mkdir(path, entry.mode)
                continue
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, entry.mode)
            try:
                os.write(descriptor, entry.content)
            finally:
                os.close(descriptor)
        for entry in reversed(self.entries):  # a folder's time changes with what is put into it
            os.utime(f"{base}/{entry.path}", ns=entry.times)


def _seen(top: str, path: str) -> Iterator[_Entry]:
    whole = f"{top}/{path}"
    status = os.lstat(whole)
    mode, times = stat.S_IMODE(status.st_mode), (status.st_atime_ns, status.st_mtime_ns)
    if stat.S_ISDIR(status.st_mode):
        yield _Entry(path, None, mode, times)
        for name in sorted(os.listdir(whole)):
            yield from _seen(top, f"{path}/{name}")
    else:
        yield _Entry(path, Path(whole).read_bytes(), mode, times)


# --------------------------------------------------------------------------- the platform
class Memory:
    """All that a simulated platform remembers now. Nothing may be under way to it: see `let_settle`."""

    def __init__(self, simulator: Simulator) -> None:
        self._kept = [(part, _state(part)) for part in _parts(simulator._platform, set())]

    def is_like(self, other: Memory) -> bool:
        """Whether a caller who comes anew could not tell them apart."""
        mine, theirs = (
            [(part, state) for part, state in memory._kept if not isinstance(part, _OF_THE_PAST)]
            for memory in (self, other)
        )
        return len(mine) == len(theirs) and all(
            one[0] is another[0] and _is_like(one[1], another[1])
            for one, another in zip(mine, theirs, strict=True)
        )

    def put_back(self) -> None:
        """Let it remember just that again."""
        for part, state in self._kept:
            vars(part).update({name: _copied(value) for name, value in state.items()})


def _parts(owner: object, met: set[int]) -> Iterator[object]:
    """An object of the simulator, and those that it has."""
    met.add(id(owner))
    yield owner
    for value in vars(owner).values():
        if _is_ours(value) and hasattr(value, "__dict__") and id(value) not in met:
            yield from _parts(value, met)


def _state(part: object) -> dict[str, Any]:
    """What it has beside other parts, and what cannot change: locks and functions stay as they are."""
    return {
        name: _copied(value)
        for name, value in vars(part).items()
        if not (_is_ours(value) and hasattr(value, "__dict__"))
    }


def _copied(value: Any) -> Any:
    """Containers anew, and what changes within them; the rest is the same for ever."""
    match value:
        case dict():
            anew = copy.copy(value)
            anew.update((key, _copied(item)) for key, item in value.items())
            return anew
        case list():
            return [_copied(item) for item in value]
        case deque():
            return deque(map(_copied, value), value.maxlen)
        case set():
            return set(value)
    return copy.copy(value) if _is_ours(value) else value


def _is_like(one: Any, another: Any) -> bool:
    """Equality, also of what changes and has none of its own."""
    match one:
        case dict():
            return list(one) == list(another) and all(_is_like(one[key], another[key]) for key in one)
        case list() | deque():
            return len(one) == len(another) and all(map(_is_like, one, another))
    if _is_ours(one):
        return all(_is_like(getattr(one, name), getattr(another, name)) for name in type(one).__slots__)
    return bool(one == another)


def _is_ours(value: object) -> bool:
    """Whether it is an object of the simulator's package that may change."""
    kind = type(value)
    if not kind.__module__.startswith("connector.simulator.") or hasattr(kind, "__members__"):
        return False
    frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return not frozen and not hasattr(kind, "model_fields")


def let_settle(simulator: Simulator) -> None:
    """Wait until nobody is connected any more, and all that came from those who were has been dealt with.

    Raises:
        TimeoutError: somebody stays.
    """
    deadline = time.monotonic() + _QUIET_WITHIN
    host, port = simulator.url.removeprefix("http://").rsplit(":", 1)
    # Who is let in now came after all the others: behind it nobody waits at the door.
    with socket.create_connection((host, int(port)), timeout=_QUIET_WITHIN) as caller:
        caller.sendall(_PING)
        while caller.recv(65536):
            pass
    while simulator.callers:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{simulator.callers} callers stay connected to the platform")
        time.sleep(0.0005)
