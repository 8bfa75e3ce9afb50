"""One worker's bench: a tree, a simulated platform in a thread, a zygote; and runs on it, one by one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.simulator import Simulator
from tests.crash.check import Evidence, kept_waiting, violations
from tests.crash.others import Consumer, let_go
from tests.crash.place import Place
from tests.crash.plans import HARSH, PLANS
from tests.crash.shapes import shapes
from tests.crash.shared import Shared
from tests.crash.spec import Ended, Life, Outcome, Point, RunSpec, Violation
from tests.crash.zygote import Zygote

TOGETHER = 2  # lives of one process, at most: one that recovers, and the first one of the next run
TRIES = 3
WARM_UP = (
    RunSpec(shape="invalid", plan="502-stored"),
    RunSpec(shape="duplicate", plan="late-answer"),
)


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

    def run(self, spec: RunSpec) -> Outcome:
        """One run, from the drop to the verdict.

        On a machine that is very busy an answer may come after a life has given up waiting for it, and the
        life goes another way than it would. So a run that missed its point is tried again before that counts.
        """
        for _ in range(TRIES):
            outcome = self._run(spec)
            if outcome.violations or not outcome.missed:
                break
        return outcome

    def _run(self, spec: RunSpec) -> Outcome:
        self.begin(spec)
        if shapes()[spec.shape].broken:
            self._suffer()
        if shapes()[spec.shape].decided:
            self._decide()
        for point in spec.points:
            if self.live(Life(point=point)).rested:
                break  # it worked to its end without passing the point
        else:
            self.live(Life())
        return self.finish()

    # ------------------------------------------------------------------ the pieces of a run
    def begin(self, spec: RunSpec) -> None:
        """Everything as new, and the files of the shape in the inboxes."""
        self._spec, self._lives, self._suffered, self._before = spec, [], (), 0
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
        if self._lived >= TOGETHER or (self._lived and (life.hold or self._lives)):
            self._zygote.ask(end=True)
            self._lived = 0
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
