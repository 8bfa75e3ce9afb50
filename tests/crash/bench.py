"""One worker's bench: a tree, a simulated platform in a thread, a zygote; and runs on it, one by one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.simulator import Simulator
from tests.crash.check import Evidence, kept_waiting, violations
from tests.crash.image import Memory, Tree, let_settle
from tests.crash.others import Consumer, let_go
from tests.crash.place import Place
from tests.crash.plans import HARSH, PLANS
from tests.crash.shapes import shapes
from tests.crash.shared import Shared
from tests.crash.spec import Ended, Life, Outcome, Point, RunSpec, Violation
from tests.crash.zygote import Zygote

TOGETHER = 2  # lives of one process, at most: one that recovers, and the first one of the next run
TRIES = 3
KEPT = 2  # first deaths that are remembered
WARM_UP = (
    RunSpec(shape="invalid", plan="502-stored"),
    RunSpec(shape="duplicate", plan="late-answer"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Death:
    """All that there was after the first death of a run, once the dead one's last words had arrived."""

    tree: Tree
    memory: Memory
    now: float
    deeds: int
    taken: int
    lives: tuple[Ended, ...]
    before: int


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
        self._deaths: dict[RunSpec, _Death] = {}  # by the run that begins so and has no other

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
            self._go_on(spec, self._deaths[first])
        else:
            self.begin(spec)
            if shapes()[spec.shape].broken:
                self._suffer()
            if shapes()[spec.shape].decided:
                self._decide()
        for point in spec.points[len(self._lives) :]:
            if self.live(Life(point=point)).rested:
                break  # it worked to its end without passing the point
            if more and len(self._lives) == 1:
                self._keep(first)
        else:
            self.live(Life())
        return self.finish()

    def _keep(self, first: RunSpec) -> None:
        """Keep what the first death has left."""
        while len(self._deaths) >= KEPT:
            del self._deaths[next(iter(self._deaths))]
        let_settle(self.simulator)
        self._deaths[first] = _Death(
            tree=Tree.of(self.place.folder, *self.place.folders),
            memory=Memory(self.simulator),
            now=self.shared.now,
            deeds=self.shared.deeds,
            taken=self.shared.taken,
            lives=tuple(self._lives),
            before=self._before,
        )

    def _go_on(self, spec: RunSpec, death: _Death) -> None:
        """Everything as after that death."""
        self._spec, self._lives, self._suffered, self._before = spec, list(death.lives), (), death.before
        self._alone = True
        self.shared.clear(death.now)
        self.shared.deeds, self.shared.taken = death.deeds, death.taken
        self.place.empty()
        death.tree.put_back(self.place.folder)
        death.memory.put_back()

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

    def live(self, life: Life, held: Callable[[int], object] = lambda pid: None) -> Ended:
        """One life, to its end.

        Args:
            held: called with the process id of a life that stops itself at its beginning.
        """
        self.shared.turn()
        self.shared.now += 1.0
        # What comes after a life of the same run needs a process that knows nothing of it.
        if self._lived >= TOGETHER or (self._lived and (life.hold or not self._alone)):
            self._zygote.ask(end=True)
            self._lived = 0
        self._alone = False
        answer = self._ask(life, warm_up=False)
        if life.hold:
            _until_stopped(answer["pid"])
            held(answer["pid"])
        end = self._zygote.ask()
        status = end["status"]
        self._lived = self._lived + 1 if end.get("alive") else 0
        if not shapes()[self._spec.shape].decided:
            Consumer(self.place, self.shared).take()
        ended = Ended(status=status, passed=self.shared.passed(), report=self.shared.reported())
        self._lives.append(ended)
        return ended

    def _ask(self, life: Life, *, warm_up: bool) -> dict[str, Any]:
        return self._zygote.ask(
            spec=self._spec.as_json(),
            point=str(life.point) if life.point else None,
            number=len(self._lives) + self._before,
            hold=life.hold,
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
