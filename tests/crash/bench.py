"""One worker's bench: a tree, a simulated platform in a thread, a zygote; and runs on it, one by one."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

from connector.simulator import Simulator
from tests.crash.check import kept_waiting, violations
from tests.crash.evidence import Evidence
from tests.crash.image import Memory, Tree, let_settle
from tests.crash.loss import Loss
from tests.crash.others import Consumer, let_go
from tests.crash.place import Place
from tests.crash.plans import HARSH, PLANS
from tests.crash.points import is_still
from tests.crash.shapes import shapes
from tests.crash.shared import Shared
from tests.crash.spec import Ended, Life, Outcome, Point, RunSpec, Violation
from tests.crash.zygote import Zygote

TOGETHER = 2  # lives of one process, at most: one that recovers, and the first one of the next run
# What no start reads: the log, and the index of the journal's newest pages, made anew by who opens it first.
UNREAD = frozenset({"state/log.txt", "state/state.db-shm"})
TRIES = 3
KEPT = 2  # first deaths that are remembered
PICTURED_TOGETHER = 16  # lives of one process, at most, that begin with a picture
WARM_UP = (
    RunSpec(shape="invalid", plan="502-stored"),
    RunSpec(shape="duplicate", plan="late-answer"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """All that a death leaves.

    Args:
        lives: those of the run until then, its own among them.
        book: of a death that was only pictured, what a power cut would take besides; see `Loss.book`.
    """

    tree: Tree
    memory: Memory
    now: float
    deeds: int
    taken: int
    lives: tuple[Ended, ...]
    before: int
    book: dict[str, Any]

    def is_like(self, other: Left) -> bool:
        """Whether an ordinary start would find the same, byte for byte."""
        return (
            (self.now, self.deeds, self.taken, self.book) == (other.now, other.deeds, other.taken, other.book)
            and self.memory.is_like(other.memory)
            and self.tree.is_like(other.tree, UNREAD)
        )


Picture = tuple[list[Point], Left]  # the points at which this would be left


class Bench:
    """For a `with` statement. The process must have one thread when it begins.

    Args:
        loud: the lives tell what they do, on standard error.
    """

    def __init__(self, *, loud: bool = False) -> None:
        self._loud = loud
        self.place = Place.new()
        self.shared = Shared()
        self._spec = RunSpec(shape="plain", plan="accepted")
        self._lives: list[Ended] = []
        self._suffered: tuple[Violation, ...] = ()  # what a first life with a broken file did wrong
        self._before = 0  # lives that were lived before those of the run's points
        self._lived = 0  # lives of the process that is there now
        self._alone = True  # whether that process has lived nothing of this run
        self._deaths: dict[RunSpec, Left] = {}  # by the run that has this death only
        self._one_in = 1  # of deaths that could be pictured
        # Of deaths in the life that is lived now: what they leave, and at which points it is the same.
        self._pictures: list[Picture] = []

    def __enter__(self) -> Self:
        self._zygote = Zygote(self.place, self.shared)
        self.simulator = Simulator(clock=lambda: self.shared.now).__enter__()
        self.place.configure(self.simulator.base_url, self.simulator.token_url)
        self._zygote.ask(prepare=True)
        for spec in WARM_UP:
            self.begin(spec)
            self._ask(Life(), warm_up=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zygote.close()
        self.simulator.stop()
        self.place.remove()

    def run(self, spec: RunSpec, *, more: bool = False) -> Outcome:
        """One run, from the drop to the verdict.

        On a machine that is very busy an answer may come after a life has given up waiting for it, and the
        life goes another way than it would. So a run that missed its point is tried again before that counts.

        Args:
            more: others follow that begin with the same death: it is died once, and each goes on from there.
        """
        for _ in range(TRIES):
            outcome = self._run(spec, more=more)
            if outcome.violations or not outcome.missed:
                break
            self._deaths.clear()
        return outcome

    def _run(self, spec: RunSpec, *, more: bool) -> Outcome:
        first = replace(spec, points=spec.points[:1])
        if more and first in self._deaths:
            self.go_on(spec, self._deaths[first])
        else:
            self._set_out(spec)
        for point in spec.points[len(self._lives) :]:
            if self.live(Life(point=point)).rested:
                break  # it worked to its end without passing the point
            if more and len(self._lives) == 1:
                self._keep(first)
        else:
            self.live(Life())
        return self.finish()

    def pictured(self, spec: RunSpec, one_in: int) -> Iterator[Outcome]:
        """A run, and all those with one death more, in its last life.

        A death where nothing is on the wire leaves what lies in files at that moment and nothing else. So
        one life lives to its end and is looked at on its way, and each look is a run: an ordinary start
        finds just that. Where half a request has left, and now and then elsewhere, a process dies as ever.
        What looks the same at several points is found once, and counts for all of them.

        Args:
            one_in: of the deaths that could be pictured, one in so many is died all the same.
        """
        pictures = list(self.pictures(spec, one_in))
        yield self.finish()
        if len(self._lives) <= len(spec.points):
            return  # a death was missed
        for point, loose in self._lives[-1].passed:
            again = replace(spec, points=(*spec.points, point))
            if (loose or spec.mode == "kill") and self._is_died(again):
                yield self.run(again, more=len(spec.points) == 1)
        for points, left in reversed(pictures):
            self.go_on(replace(spec, points=(*spec.points, points[0])), left)
            self.live(Life(), together=PICTURED_TOGETHER)
            outcome = self.finish()
            for number, point in enumerate(points):
                again = replace(spec, points=(*spec.points, point))
                yield replace(outcome, spec=again, pictured=True, alike=number > 0)

    def pictures(self, spec: RunSpec, one_in: int) -> list[Picture]:
        """Live a run, and take pictures in its last life; see `pictured`. None when a death was missed."""
        self._one_in, self._pictures = one_in, []
        if any(self._died(spec) for _ in range(TRIES)):
            self.live(Life(pictured=True))
        taken, self._pictures = self._pictures, []
        return taken

    def _died(self, spec: RunSpec) -> bool:
        """Set out, and die all the deaths of a run; whether that went as it should."""
        self._set_out(spec)
        for number, point in enumerate(spec.points):
            if self.live(Life(point=point)).rested:
                return False
            if number == 0:
                self._keep(replace(spec, points=(point,)))
        return True

    def _is_died(self, spec: RunSpec) -> bool:
        """Whether the last death of a run has to be died."""
        return not is_still(spec.points[-1].label) or crc32(spec.line().encode()) % self._one_in == 0

    def _keep(self, first: RunSpec) -> None:
        """Keep what the first death has left."""
        while len(self._deaths) >= KEPT:
            del self._deaths[next(iter(self._deaths))]
        let_settle(self.simulator)
        self._deaths[first] = self._left(self._lives)

    def _look(self, point: Point, book: dict[str, Any]) -> None:
        """Take a picture of what would be left if the life that has stopped here died."""
        if not self._is_died(replace(self._spec, points=(*self._spec.points, point))):
            dead = Ended(status=signal.SIGKILL, report={})
            left = self._left([*self._lives, dead], book)
            if self._pictures and left.is_like(self._pictures[-1][1]):
                self._pictures[-1][0].append(point)
            else:
                self._pictures.append(([point], left))

    def _left(self, lives: Sequence[Ended], book: dict[str, Any] | None = None) -> Left:
        return Left(
            tree=Tree.of(self.place.folder, *self.place.folders),
            memory=Memory(self.simulator),
            now=self.shared.now,
            deeds=self.shared.deeds,
            taken=self.shared.taken,
            lives=tuple(lives),
            before=self._before,
            book=book or {},
        )

    def kept(self, first: RunSpec) -> Left:
        """What the death of a run with one death has left, that was lived just now."""
        return self._deaths[first]

    def go_on(self, spec: RunSpec, left: Left) -> None:
        """Everything as after that death; what a power cut takes is taken now if it was only pictured."""
        self._spec, self._lives, self._suffered, self._before = spec, list(left.lives), (), left.before
        self._alone = True
        self.shared.clear(left.now)
        self.shared.deeds, self.shared.taken = left.deeds, left.taken
        self.place.empty()
        left.tree.put_back(self.place.folder)
        left.memory.put_back()
        consumer = Consumer(self.place, self.shared)
        if left.book:
            loss = Loss(self._spec.mode, self.place.limbo, consumer.has)
            loss.take_over(left.book)
            loss.strike()
        self._take(consumer)

    def _take(self, consumer: Consumer) -> None:
        if not shapes()[self._spec.shape].is_left_alone:
            consumer.take()

    def _set_out(self, spec: RunSpec) -> None:
        """Begin, and live what comes before the lives of the run's points."""
        self.begin(spec)
        if shapes()[spec.shape].broken:
            self._suffer()
        if shapes()[spec.shape].decided:
            self._decide()
        if shapes()[spec.shape].brought:
            self._bring()
        if shapes()[spec.shape].then:
            self._live_before()
            self.place.drop(shapes()[spec.shape].then)

    # ------------------------------------------------------------------ the pieces of a run
    def begin(self, spec: RunSpec) -> None:
        """Everything as new, and the files of the shape in the inboxes."""
        self._spec, self._lives, self._suffered, self._before = spec, [], (), 0
        self._alone = True
        self.shared.clear(float(int(time.time())))
        self.place.clear()
        self.place.fill(shapes()[spec.shape])
        self.simulator.reset()
        self.simulator.switch(**HARSH | PLANS[spec.plan].switches)
        self.simulator.faults(*PLANS[spec.plan].rules)

    def live(
        self, life: Life, held: Callable[[int], object] = lambda pid: None, together: int = TOGETHER
    ) -> Ended:
        """One life, to its end.

        Args:
            held: called with the process id of a life that stops itself at its beginning.
            together: it may be lived in a process that has lived fewer lives than these, of other runs.
        """
        self.shared.turn()
        self.shared.now += 1.0
        # What comes after a life of the same run needs a process that knows nothing of it.
        if self._lived and (self._lived >= together or life.fresh or not self._alone):
            self._zygote.ask(end=True)
            self._lived = 0
        self._alone = False
        answer = self._ask(life, warm_up=False)
        if life.hold:
            _until_stopped(answer["pid"])
            held(answer["pid"])
        end = self._zygote.ask()
        while "picture" in end:
            self._look(Point.read(end["picture"]), end["book"])
            end = self._zygote.ask(go_on=True)
        status = end["status"]
        self._lived = self._lived + 1 if end.get("alive") else 0
        self._take(Consumer(self.place, self.shared))
        ended = Ended(status=status, passed=self.shared.passed(), report=self.shared.reported())
        self._lives.append(ended)
        return ended

    def _ask(self, life: Life, *, warm_up: bool) -> dict[str, Any]:
        return self._zygote.ask(
            spec=self._spec.as_json(),
            point=str(life.point) if life.point else None,
            number=len(self._lives) + self._before,
            hold=life.hold,
            pictured=life.pictured,
            loud=self._loud and not warm_up,
            warm_up=warm_up,
            end=False,
        )

    def _suffer(self) -> None:
        """A life in which one file cannot be copied: the others must come to rest in it."""
        self._live_before()
        self._suffered = tuple(kept_waiting(self.place, shapes()[self._spec.shape].broken))

    def _decide(self) -> None:
        """A life in which something is held, and an operator who lets it go on."""
        self._live_before()
        let_go(self.place)
        plan = PLANS[self._spec.plan]
        if not plan.outcomes:  # what ends well in spite of trouble does so again
            self.simulator.faults(*plan.rules)

    def _bring(self) -> None:
        """A life in which all goes to its end, and then the platform has something for us."""
        self._live_before()
        for has in shapes()[self._spec.shape].brought:
            self.shared.now += 1.0
            self.simulator.bring(has.content, has.flow_type, name=has.name, syntax=has.syntax)

    def _live_before(self) -> None:
        self.live(Life())
        self._lives.clear()
        self._before += 1

    def evidence(self) -> Evidence:
        """What is known of the run now."""
        return Evidence(
            place=self.place,
            shape=shapes()[self._spec.shape],
            plan=PLANS[self._spec.plan],
            mode=self._spec.mode,
            flows=self.simulator.flows,
            lives=tuple(self._lives),
            deeds=self.shared.deeds,
        )

    def finish(self) -> Outcome:
        """Check what is there now."""
        spec, lives = self._spec, self._lives
        Consumer(self.place, self.shared).take()
        return Outcome(
            spec=spec,
            violations=(*self._suffered, *violations(self.evidence())),
            missed=len(lives) <= len(spec.points),
            passed=tuple(life.passed for life in lives),
        )


def _until_stopped(pid: int, seconds: float = 10.0) -> None:
    """Wait until a process has stopped itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
            if status.rpartition(")")[2].split()[0] == "T":
                return
        os.sched_yield()
    raise RuntimeError(f"process {pid} did not stop")


__all__ = ["Bench", "Life", "Outcome", "Point", "RunSpec", "Violation"]
