"""The metrics in Prometheus' text format. The only module that imports prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, write_to_textfile

from connector.monitoring.vitals import Vitals

_WAYS = ("free", "probe", "breaker", "rate", "stopped")


class Metrics:
    """Every metric of one process. Counters begin at zero with the process, as Prometheus expects."""

    CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        made = self._registry
        self._files = Counter("connector_files", "Documents told of.", ["route", "outcome"], registry=made)
        self._queue = Gauge("connector_queue_depth", "Documents by state.", ["route", "state"], registry=made)
        self._oldest = Gauge(
            "connector_oldest_waiting_seconds",
            "Age of the oldest document on its way.",
            ["route"],
            registry=made,
        )
        self._inbox = Gauge("connector_inbox_files", "Files seen and not taken.", ["route"], registry=made)
        self._accepted = Gauge(
            "connector_last_success_timestamp", "When a document was last accepted.", ["route"], registry=made
        )
        self._breaker = Gauge(
            "connector_breaker_state",
            "1 for the way an account is in: free, probe, breaker, rate or stopped.",
            ["account", "state"],
            registry=made,
        )
        self._in_flight = Gauge(
            "connector_in_flight", "Deposits under way at the platform.", ["account"], registry=made
        )
        self._trouble = Gauge(
            "connector_lane_trouble", "1 while a thread's last round failed.", ["lane"], registry=made
        )
        self._events = Gauge("connector_journal_seq", "Length of the journal's history.", registry=made)
        self._due = Gauge(
            "connector_deadline_seconds",
            "Seconds until a report of e-reporting is due; negative when it is late.",
            ["siren", "kind"],
            registry=made,
        )
        self._at = Gauge("connector_pulse_timestamp", "When the service last told of itself.", registry=made)
        self._started = Gauge("connector_start_timestamp", "When the service started.", registry=made)

    def take(self, vitals: Vitals) -> None:
        """Let the metrics say what one reading says. Each reading is taken once: it moves the counters on."""
        for (route, outcome), count in vitals.concluded.items():
            self._files.labels(route, outcome).inc(count)
        _set(self._queue, vitals.queue.items())
        ages = {route: (vitals.now - since).total_seconds() for route, since in vitals.oldest.items()}
        _set(self._oldest, ((route, age) for route, age in _with_zero(ages, vitals.queue)))
        for route, moment in vitals.accepted.items():
            self._accepted.labels(route).set(moment.timestamp())
        _set(self._inbox, (vitals.pulse.in_inbox or {}).items())
        _set(
            self._breaker,
            (
                ((account.name, way), float(account.way == way))
                for account in vitals.pulse.accounts
                for way in _WAYS
            ),
        )
        _set(self._in_flight, ((account.name, account.in_flight) for account in vitals.pulse.accounts))
        _set(self._trouble, ((lane.name, float(bool(lane.trouble))) for lane in vitals.pulse.lanes))
        _set(self._due, vitals.deadlines.items())
        self._events.set(vitals.events)
        self._at.set(vitals.pulse.at.timestamp())
        self._started.set(vitals.pulse.started_at.timestamp())

    def text(self) -> bytes:
        """What `/metrics` answers."""
        return generate_latest(self._registry)

    def write(self, path: Path) -> None:
        """Replace the text file that a node exporter collects. Raises OSError."""
        write_to_textfile(str(path), self._registry)


def _set(gauge: Gauge, values: Iterable[tuple[str | tuple[str, ...], float]]) -> None:
    """Let a gauge have these values and no others: a state that nobody is in any more must not stay."""
    gauge.clear()
    for labels, value in values:
        gauge.labels(*((labels,) if isinstance(labels, str) else labels)).set(value)


def _with_zero(
    ages: Mapping[str, float], queue: Mapping[tuple[str, str], int]
) -> Iterable[tuple[str, float]]:
    """A route on which nothing waits says so: an alert that has no value never ends."""
    routes = sorted({route for route, _ in queue} | set(ages))
    return ((route, ages.get(route, 0.0)) for route in routes)
