"""A process of one thread with everything imported and compiled, which is forked for each life.

It reads orders and writes answers as JSON lines on two pipes. A life is a fork of it, so it costs no start.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections import deque
from types import ModuleType
from typing import Any, BinaryIO, TypeGuard

from loguru import logger

from connector.gateways.http import trusted
from connector.settings import load
from connector.validation.schemas import Schemas
from connector.wiring import proven
from tests.crash.child import Warm, live, live_plainly
from tests.crash.place import SECRET, Place
from tests.crash.shared import Shared
from tests.crash.spec import Point, RunSpec


class Zygote:
    """The other end, in the worker.

    Args:
        place, shared: those of the worker. The process is forked at once: before any thread has begun.
    """

    def __init__(self, place: Place, shared: Shared) -> None:
        order_out, order_in = os.pipe()
        answer_out, answer_in = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(order_in)
            os.close(answer_out)
            with open(order_out, "rb") as orders, open(answer_in, "wb", buffering=0) as answers:
                _serve(orders, answers, place, shared)
            os._exit(0)
        os.close(order_out)
        os.close(answer_in)
        self._orders, self._answers = os.fdopen(order_in, "wb", buffering=0), os.fdopen(answer_out, "rb")

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order, or none, and wait for the next answer."""
        if order:
            self._orders.write(json.dumps(order).encode() + b"\n")
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the zygote has died")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self._orders.close()
        os.waitpid(self.pid, 0)
        self._answers.close()


def _serve(orders: BinaryIO, answers: BinaryIO, place: Place, shared: Shared) -> None:
    """Prepare, then fork a life for each order, until there are no more."""
    os.environ["CONNECTOR_PA_CLIENT_SECRET"] = SECRET
    orders.readline()  # the configuration is there now
    log = _Log()
    settings = load(place.config)
    schemas = Schemas()  # compiled in the warm-up: those of the shapes, as each fork pays for all there is
    gc.disable()  # a collection in a life would touch, and so copy, all that it has inherited
    warm = Warm(
        place=place,
        shared=shared,
        settings=settings,
        routes=proven(settings),
        schemas=schemas,
        tls=trusted(),
    )
    answers.write(b'{"ready": true}\n')
    for line in orders:
        order = json.loads(line)
        if order.get("warm_up"):
            _warm_up(warm, order)
            answers.write(b'{"status": 0}\n')
            continue
        pid = os.fork()
        if pid == 0:
            _lives(warm, log, order, orders, answers)
        _, status = os.waitpid(pid, 0)
        answers.write(b'{"status": %d}\n' % status)


def _warm_up(warm: Warm, order: dict[str, Any]) -> None:
    """Live here, so that all that is made on first use is inherited by the lives to come.

    The same life is lived twice: if the second one leaves anything in the memory of the package, lives of one
    process could know of each other, and what they show would prove nothing.
    """
    for _ in range(2):
        before = _remembered()
        live(warm, RunSpec.read(order["spec"]), None, order["number"])
        signal.alarm(0)
    if found := before.items() ^ _remembered().items():
        raise RuntimeError(f"a life leaves something in the memory of its process: {sorted(found)}")
    if threading.active_count() > 1:
        raise RuntimeError("a life left a thread behind; nothing can be forked any more")
    gc.collect()
    gc.freeze()


def _remembered() -> dict[str, str]:
    """What the modules and classes of the package hold that can change: containers, caches, plain values."""
    held: dict[str, str] = {}
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "connector"]
    for module in modules:
        owners: list[ModuleType | type] = [module]
        owners += [value for value in vars(module).values() if _is_class_of(value, module)]
        for owner in owners:
            for name, value in vars(owner).items():
                if isinstance(value, dict | list | set | deque):
                    held[f"{owner.__name__}.{name}"] = f"{len(value)} items"
                elif isinstance(value, int | float | str | bytes | None):
                    held[f"{owner.__name__}.{name}"] = repr(value)
                elif hasattr(value, "cache_info"):
                    held[f"{owner.__name__}.{name}"] = f"{value.cache_info().currsize} answers"
    return held


def _is_class_of(value: object, module: ModuleType) -> TypeGuard[type]:
    return isinstance(value, type) and value.__module__ == module.__name__


def _lives(warm: Warm, log: _Log, order: dict[str, Any], orders: BinaryIO, answers: BinaryIO) -> None:
    """What a fork does: a life; and, if it is still there and asked to, another one, of the next run.

    So the life that recovers always has a process of its own, with nothing in its memory from before. The one
    that comes next begins on a new machine and dies; a process of its own would cost it more than its work.
    """
    code = 1
    try:
        while not order["end"]:
            answers.write(b'{"pid": %d}\n' % os.getpid())
            if order["hold"]:
                log.close()  # what it calls is to be called by the connector
            else:
                log.open(warm.place, loud=order["loud"])
            if order["hold"] == "start":
                os.kill(os.getpid(), signal.SIGSTOP)
            point = Point.read(order["point"]) if order["point"] else None
            spec = RunSpec.read(order["spec"])
            if order["hold"]:
                live_plainly(warm, spec, order["number"], stop_loop=order["hold"] == "loop")
                break

            def show(point: Point, book: dict[str, Any]) -> None:
                answers.write(json.dumps({"picture": str(point), "book": book}).encode() + b"\n")
                orders.readline()

            live(warm, spec, point, order["number"], show if order["pictured"] else None)
            signal.alarm(0)
            answers.write(b'{"status": 0, "alive": true}\n')
            order = json.loads(orders.readline() or b'{"end": true}')
        code = 0
    finally:
        os._exit(code)


class _Log:
    """Where log lines go: to a file of the tree, where they are searched for secrets, or to people.

    Set up once: to tell the log where to go costs as much as a transaction.
    """

    def __init__(self) -> None:
        self._file = -1
        logger.remove()
        logger.add(self._write, level="INFO", format="{level: <7} {message} {extra}")

    def open(self, place: Place, *, loud: bool) -> None:
        """The next life begins, perhaps in an emptied tree."""
        self.close()
        if loud:
            self._file = os.dup(2)
        else:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(place.state / "log.txt", flags, 0o600)

    def close(self) -> None:
        """Nobody listens."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, message: str) -> None:
        if self._file >= 0:
            os.write(self._file, message.encode("utf-8", "replace"))
