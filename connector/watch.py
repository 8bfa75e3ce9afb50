"""What monitors are told: the journal's and the pulse's facts as a judgement, as metrics and as two pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from connector.chores import Chore
from connector.health import Facts, Finding, Level, judged, level_of
from connector.journal import JournalView
from connector.model import State
from connector.monitoring import Metrics, Pages, Vitals
from connector.paths import is_owned, journal_of, pulse_of
from connector.pulse import last_beat
from connector.settings import Settings

Deadlines = Callable[[], Mapping[tuple[str, str], float]]


def facts(settings: Settings, *, running: bool | None = None, expected: bool = True) -> Facts:
    """What is known now.

    Args:
        running: whether a service runs; None: found out by trying its lock.
        expected: whether one is meant to run all the time.
    Raises:
        JournalDamaged: the journal cannot be read.
    """
    with _reading(settings) as view:
        counts, oldest = view.counts(), view.oldest()
    return Facts(
        now=datetime.now(UTC),
        running=is_owned(settings) if running is None else running,
        expected=expected,
        pulse=last_beat(pulse_of(settings)),
        oldest=oldest,
        held={route: states[State.HELD] for route, states in counts.items() if states.get(State.HELD)},
    )


class Watch:
    """One process's readings for its monitors.

    Args:
        deadlines: those of e-reporting, in seconds from now, by SIREN and kind of report.
    """

    def __init__(self, settings: Settings, deadlines: Deadlines = dict) -> None:
        self._settings = settings
        self._deadlines = deadlines
        self._metrics = Metrics()
        with _reading(settings) as view:
            self._events = view.events()

    def chore(self) -> Chore:
        """Reads again, and replaces the text file if there is to be one."""
        return Chore(name="metrics", every=self._settings.monitoring.every, act=self.read)

    def pages(self, host: str, port: int) -> Pages:
        """Open the two pages. Raises OSError."""
        return Pages((host, port), {"/metrics": self._metrics_page, "/healthz": self._health_page})

    def read(self) -> None:
        """Take one reading. Raises OSError, JournalDamaged."""
        pulse = last_beat(pulse_of(self._settings))
        if pulse is None:  # the service has only begun
            return
        with _reading(self._settings) as view:
            events = view.events()
            told = view.told(self._events, events)
            vitals = Vitals(
                now=datetime.now(UTC),
                pulse=pulse,
                queue={
                    (route, str(state)): count
                    for route, states in view.counts().items()
                    for state, count in states.items()
                    if state not in (State.DONE, State.VOID)
                },
                oldest=view.oldest(),
                concluded={key: count for key, (count, _) in told.items()},
                accepted={route: at for (route, outcome), (_, at) in told.items() if outcome == "accepted"},
                events=events,
                deadlines=self._deadlines(),
            )
        self._metrics.take(vitals)
        self._events = events
        if self._settings.monitoring.textfile is not None:
            self._metrics.write(self._settings.monitoring.textfile)

    def _metrics_page(self) -> tuple[int, str, bytes]:
        return 200, Metrics.CONTENT_TYPE, self._metrics.text()

    def _health_page(self) -> tuple[int, str, bytes]:
        findings = judged(facts(self._settings, running=True))
        level = level_of(findings)
        body = json.dumps({"status": level.name.lower(), "findings": [as_record(one) for one in findings]})
        status = 503 if level is Level.CRITICAL else 200
        return status, "application/json", body.encode() + b"\n"


def as_record(finding: Finding) -> dict[str, object]:
    """A finding as one JSON object."""
    return {
        "level": finding.level.name.lower(),
        "code": finding.kind,
        "about": finding.about or None,
        **finding.facts,
    }


@contextmanager
def _reading(settings: Settings) -> Iterator[JournalView]:
    view = JournalView(journal_of(settings))
    try:
        yield view
    finally:
        view.close()
