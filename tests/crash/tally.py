"""What a level has done so far: counted, printed now and then, and as one line of a table."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.crash.spec import Outcome, Point

HEAD = "level     shapes × plans   points     runs    pairs pictured    alike violations not reached  runs/s"
EVERY = 60.0  # seconds between two tables about how it goes
_SHOWN = 20  # violating runs that are printed


@dataclass(kw_only=True)
class Tally:
    """What a level has done so far."""

    level: str
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    points: set[tuple[str, str, Point]] = field(default_factory=set)
    bad: list[Outcome] = field(default_factory=list)
    told: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        """Count a run; say now and then how it goes."""
        spec = outcome.spec
        self.counts["runs"] += 1
        self.counts[f"deaths {len(spec.points)}"] += 1
        self.counts["pictured"] += outcome.pictured
        self.counts["alike"] += outcome.alike
        if outcome.missed:
            self.counts["missed"] += 1
            print(f"not reached: {spec.line()}", flush=True)
        self.points.update((spec.shape, spec.plan, point) for point in spec.points)
        if outcome.violations:
            self.bad.append(outcome)
            if len(self.bad) <= _SHOWN:
                print(spec.line(), *(f"\n    {violation}" for violation in outcome.violations), flush=True)
        if time.monotonic() > self.told + EVERY:
            self.told = time.monotonic()
            print(HEAD, self.row(), sep="\n", flush=True)

    @property
    def rate(self) -> float:
        return self.counts["runs"] / max(time.monotonic() - self.started, 0.001)

    def row(self) -> str:
        """A line of the table."""
        counts = self.counts
        pictured, alike = counts["pictured"], counts["alike"]
        return (
            f"{self.level:9} {len({point[:2] for point in self.points}):14} {len(self.points):8} "
            f"{counts['runs']:8} {counts['deaths 2']:8} {pictured:8} {alike:8} {len(self.bad):10} "
            f"{counts['missed']:11} {self.rate:7.1f}"
        )
