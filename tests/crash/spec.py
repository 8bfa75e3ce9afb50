"""The words of the harness: what is to be run, and what came of it. Plain data, also as JSON lines."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

MODES = ("kill", "cut", "torn")


class Point(NamedTuple):
    """A place where a life can end: the n-th time that it passes the label, from 1."""

    label: str
    nth: int

    def __str__(self) -> str:
        return f"{self.label}#{self.nth}"

    @classmethod
    def read(cls, text: str) -> Point:
        label, _, nth = text.rpartition("#")
        return cls(label, int(nth))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run.

    Args:
        shape, plan: names of `shapes.SHAPES` and `plans.PLANS`.
        points: where the first life ends, the second, …; one more life follows and works to the end.
        mode: what a death takes with it. `kill`: nothing, the page cache lives on. `cut`: the power fails,
            and what was not flushed is gone: names that a folder had not on the disk yet, and half of the
            bytes. `torn`: the power fails, names are on the disk already, and bytes not flushed are not.
        eager: results are taken away the moment they appear; else only when a life has ended.
    """

    shape: str
    plan: str
    points: tuple[Point, ...] = ()
    mode: str = "kill"
    eager: bool = True

    def line(self) -> str:
        """The command that does exactly this run again, and tells what happens in it."""
        words = ["python", "-m", "tests.crash", "--shape", self.shape, "--plan", self.plan]
        if self.points:
            words += ["--points", *map(str, self.points)]
        if self.mode != "kill":
            words += ["--mode", self.mode]
        if not self.eager:
            words += ["--patient"]
        return shlex.join(words)

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str | bytes) -> RunSpec:
        return cls.of(json.loads(line))

    @classmethod
    def of(cls, fields: dict[str, Any]) -> RunSpec:
        """What `asdict` made of it."""
        points = tuple(Point(label, nth) for label, nth in fields["points"])
        return cls(**fields | {"points": points})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told to do at once.

    Args:
        specs: runs; several begin with the same death, which is died once for all.
        one_in: 0: they are run as they are. Otherwise each of them becomes all those that have one death
            more. Of these deaths one in so many is died, of the others pictures are taken: `Bench.pictured`.
    """

    specs: tuple[RunSpec, ...]
    one_in: int = 0

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str | bytes) -> Order:
        found = json.loads(line)
        return cls(specs=tuple(map(RunSpec.of, found["specs"])), one_in=found["one_in"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of the connector.

    Args:
        point: where it ends; None: it works until nothing is left.
        hold: where it stops itself (SIGSTOP), so that a tracer can be attached: "start", before it does
            anything; "loop", when the thread that talks to platforms begins. Such a life has no points: its
            parts are the plain ones, so that whatever it calls is called by the connector. Empty: nowhere.
        pictured: at each point where nothing is on the wire it waits until somebody has looked at what its
            death would leave there.
        fresh: it has a process of its own, also where there is one that has lived a life of another run.
    """

    point: Point | None = None
    hold: str = ""
    pictured: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a life ended.

    Args:
        status: of the process, as `waitpid` tells it.
        passed: the points it passed, in order, each with whether something was not flushed there.
        report: what it said itself at its end; empty when it was killed.
    """

    status: int
    passed: tuple[tuple[Point, bool], ...] = ()
    report: dict[str, Any]

    @property
    def rested(self) -> bool:
        """Whether it came to its end by itself, with nothing left to do."""
        return bool(self.report.get("rested"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken promise: which invariant, and what was seen."""

    rule: str  # I1 … I12, or "harness"
    seen: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.seen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run.

    Args:
        missed: a point of the spec was not reached: a life worked to its end where it should have died.
        passed: for each life, the points it passed and whether something was not flushed there.
        pictured: the last death was not died; its life was looked at there and went on.
        alike: and it looked there as at another point: this is what came of that one.
    """

    spec: RunSpec
    violations: tuple[Violation, ...] = ()
    missed: bool = False
    passed: tuple[tuple[tuple[Point, bool], ...], ...] = ()
    pictured: bool = False
    alike: bool = False

    def as_json(self, *, passed: bool) -> str:
        found = asdict(self) | {"spec": json.loads(self.spec.as_json())}
        if not passed:
            found["passed"] = ()
        return json.dumps(found)

    @classmethod
    def read(cls, line: str | bytes) -> Outcome:
        found = json.loads(line)
        lives = tuple(
            tuple((Point(label, nth), loose) for (label, nth), loose in life) for life in found["passed"]
        )
        return cls(
            spec=RunSpec.read(json.dumps(found["spec"])),
            violations=tuple(Violation(**violation) for violation in found["violations"]),
            missed=found["missed"],
            passed=lives,
            pictured=found["pictured"],
            alike=found["alike"],
        )
