"""Metrics say what one reading says, and every name that documents and alert rules use exists."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.monitoring import Metrics, Vitals
from connector.pulse import AccountPulse, LanePulse, Pulse

PROJECT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PULSE = Pulse(
    at=NOW,
    started_at=NOW,
    pid=1,
    lanes=(LanePulse(name="ventes/intake", silent=0.1, trouble="gone"),),
    accounts=(AccountPulse(name="pa", way="breaker", in_flight=2),),
    in_inbox={"ventes": 4},
)


def reading(**more: object) -> Vitals:
    return Vitals(now=NOW, pulse=PULSE, **more)  # type: ignore[arg-type]


def full() -> Vitals:
    return reading(
        queue={("ventes", "received"): 3},
        oldest={"ventes": NOW - timedelta(minutes=2)},
        concluded={("ventes", "accepted"): 5},
        accepted={"ventes": NOW},
        events=77,
        deadlines={("732829320", "transactions"): -60.0},
    )


def test_each_fact_has_its_line() -> None:
    metrics = Metrics()
    metrics.take(full())
    lines = metrics.text().decode().splitlines()
    for line in (
        'connector_queue_depth{route="ventes",state="received"} 3.0',
        'connector_oldest_waiting_seconds{route="ventes"} 120.0',
        'connector_files_total{outcome="accepted",route="ventes"} 5.0',
        'connector_inbox_files{route="ventes"} 4.0',
        'connector_breaker_state{account="pa",state="breaker"} 1.0',
        'connector_breaker_state{account="pa",state="free"} 0.0',
        'connector_in_flight{account="pa"} 2.0',
        'connector_lane_trouble{lane="ventes/intake"} 1.0',
        'connector_deadline_seconds{kind="transactions",siren="732829320"} -60.0',
        "connector_journal_seq 77.0",
    ):
        assert line in lines


def test_counters_go_on_and_what_is_over_goes_away() -> None:
    metrics = Metrics()
    metrics.take(full())
    metrics.take(reading(queue={("ventes", "held"): 1}, concluded={("ventes", "accepted"): 2}))
    text = metrics.text().decode()
    assert 'connector_files_total{outcome="accepted",route="ventes"} 7.0' in text
    assert 'state="received"' not in text
    assert 'connector_oldest_waiting_seconds{route="ventes"} 0.0' in text  # an alert needs a value to end
    assert "connector_deadline_seconds{" not in text


def test_the_names_in_documents_and_alert_rules_are_names_of_metrics() -> None:
    metrics = Metrics()
    metrics.take(full())
    known = set(re.findall(r"^(connector_[a-z_]+)", metrics.text().decode(), re.MULTILINE))
    for document in ("docs/monitoring.md", "config/prometheus_alerts.yml"):
        used = set(re.findall(r"\bconnector_[a-z_]+", (PROJECT / document).read_text("utf-8")))
        assert used - {"connector_files"} <= known, document
        assert len(used) >= 7, document
