"""Many files through a few worker processes: the `Inspector` of `ports`.

One thread a worker takes chunks from a common queue, so routes share the workers chunk by chunk. When a
worker dies, only the file it had in hand is lost; the rest of its chunk goes to a fresh one. If business
rules were to judge that file, it goes once more, without them: the death may be the engine's, and says
nothing of the document.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from connector.errors import ConfigurationError, Deferrable
from connector.model import Inspection, InspectionLost, InspectionOrder
from connector.settings import Workers
from connector.validation.rules.unevaluated import without_rules
from connector.validation.worker_process import Answer, WorkerLost, WorkerProcess

CHUNK = 16  # files handed over at once: the round trip then costs little beside the work
CHUNK_BYTES = 4 * 1024 * 1024  # large files travel in smaller company, so that others do not wait
BARREN_STARTS = 3  # workers in a row that die before they take a file
FILES_A_LIFE = 50_000  # libxml2 keeps every element name it ever saw; a fresh worker forgets them


@dataclass(frozen=True, slots=True)
class _Done:
    pass


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


@dataclass(frozen=True, slots=True)
class _Task:
    orders: Sequence[InspectionOrder]
    said: SimpleQueue[list[Answer] | _Done | _Failed]


@dataclass(slots=True)
class _Slot:
    worker: WorkerProcess | None = None
    files: int = 0
    thread: threading.Thread | None = field(default=None, repr=False)


class InspectionPool:
    """Inspects files in worker processes. Safe to use from several threads; they share the workers.

    Nothing is started before the first `inspect`.

    Args:
        workers: how many, and what one file may cost.
        overrides: XSD files of the site, by kind of document; they take the place of the catalogue's.
    """

    def __init__(self, workers: Workers, *, overrides: Mapping[str, Path] | None = None) -> None:
        self._limits = workers
        self._overrides = dict(overrides or {})
        self._warm: tuple[str, ...] = ()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._slots: list[_Slot] = []
        self._lock = threading.Lock()  # over _slots, their workers, and _closed
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def inspect(
        self, orders: Sequence[InspectionOrder]
    ) -> Iterator[list[tuple[str, Inspection | InspectionLost]]]:
        """Look into files; answers come in groups as they are ready, every order answered exactly once.

        A file that killed its worker is answered `InspectionLost` with the reason "time", "memory" or
        "crash". The reason "io" means that the file could not be read just now: the disk's trouble, not the
        document's, and worth another try later.

        Raises:
            ConfigurationError: workers cannot start, or the schemas are not the ones we know.
            Deferrable: the system has no process to give now, or the pool was closed meanwhile.
        """
        self._start()
        chunks = deque(_chunks(orders, self._limits.count))
        said: SimpleQueue[list[Answer] | _Done | _Failed] = SimpleQueue()
        under_way = 0
        while chunks or under_way:
            # A few at a time: another route's chunks find their turn, and a slow reader holds us back.
            while chunks and under_way < 2 * self._limits.count:
                self._hand_out(_Task(chunks.popleft(), said))
                under_way += 1
            match said.get():
                case _Done():
                    under_way -= 1
                case _Failed(error):
                    raise error
                case answers:
                    yield answers

    def warm_up(self, kinds: Sequence[str] = ()) -> None:
        """Start the workers now, in the background; what goes wrong is told by the first `inspect`.

        Args:
            kinds: those whose business rules will be asked; every worker from now on has them compiled
                before its first file.
        """
        self._warm = tuple(kinds)
        self._start()
        for _ in range(self._limits.count):
            self._hand_out(_Task((), SimpleQueue()))

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run now."""
        with self._lock:
            return tuple(slot.worker.pid for slot in self._slots if slot.worker is not None)

    def close(self) -> None:
        """End all workers at once; whoever still waits for an answer gets `Deferrable`. May be repeated."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for slot in self._slots:
                self._tasks.put(None)
                if slot.worker is not None:
                    slot.worker.terminate()
        for slot in self._slots:
            if slot.thread is not None:
                slot.thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._closed:
                raise Deferrable("the inspection pool is closed")
            while len(self._slots) < self._limits.count:
                slot = _Slot()
                slot.thread = threading.Thread(
                    target=self._serve, args=(slot,), name=f"inspect-{len(self._slots)}", daemon=True
                )
                self._slots.append(slot)
                slot.thread.start()

    def _hand_out(self, task: _Task) -> None:
        with self._lock:  # never behind the threads' orders to end
            if self._closed:
                raise Deferrable("the inspection pool was closed")
            self._tasks.put(task)

    def _serve(self, slot: _Slot) -> None:
        while task := self._tasks.get():
            try:
                self._do(slot, task)
            except Exception as error:  # noqa: BLE001 - it belongs to the caller, who waits in another thread
                self._discard(slot)
                task.said.put(_Failed(error))
            else:
                task.said.put(_Done())
        self._discard(slot)

    def _do(self, slot: _Slot, task: _Task) -> None:
        left = deque(task.orders)
        died_of: dict[str, str] = {}  # by key: files that go without rules, because a worker died with them
        barren = 0
        if not left:  # only to have a worker ready
            self._worker(slot)
        while left:
            try:
                for answers in self._worker(slot).inspect(tuple(left)):
                    task.said.put([_with_warning(key, seen, died_of) for key, seen in answers])
                    for _ in answers:
                        left.popleft()
                    slot.files += len(answers)
            except WorkerLost as lost:
                self._discard(slot)
                if self._closed:  # we ended it ourselves: no file is to blame
                    raise Deferrable("the inspection pool was closed") from None
                if lost.in_hand:
                    if left[0].rules != "off":
                        died_of[left[0].key] = lost.reason
                        left[0] = replace(left[0], rules="off")
                    else:
                        task.said.put([(left.popleft().key, InspectionLost(reason=lost.reason))])
                    barren = 0
                elif (barren := barren + 1) >= BARREN_STARTS:
                    raise ConfigurationError(
                        f"{barren} inspection workers in a row ended before they took a file"
                    ) from None

    def _worker(self, slot: _Slot) -> WorkerProcess:
        if slot.worker is not None and slot.files >= FILES_A_LIFE:
            self._discard(slot)
        if slot.worker is None:
            worker = WorkerProcess(self._limits, self._overrides, warm=self._warm)
            with self._lock:
                slot.worker, slot.files = worker, 0
                if self._closed:  # `close` did not see it
                    worker.terminate()
        return slot.worker

    def _discard(self, slot: _Slot) -> None:
        with self._lock:
            worker, slot.worker = slot.worker, None
        if worker is not None:
            worker.kill()


def _with_warning(
    key: str, seen: Inspection | InspectionLost, died_of: Mapping[str, str]
) -> tuple[str, Inspection | InspectionLost]:
    if key in died_of and isinstance(seen, Inspection):
        return key, without_rules(seen, died_of[key])
    return key, seen


def _chunks(orders: Sequence[InspectionOrder], workers: int) -> Iterator[list[InspectionOrder]]:
    """Cut into chunks of at most `CHUNK` files and `CHUNK_BYTES`, but so that every worker gets some."""
    most = max(1, min(CHUNK, -(-len(orders) // workers)))
    chunk: list[InspectionOrder] = []
    size = 0
    for order in orders:
        if chunk and (len(chunk) >= most or size + order.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(order)
        size += order.size
    if chunk:
        yield chunk
