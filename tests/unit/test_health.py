"""What counts as ill: documents that do not move. A refused invoice does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.health import Facts, Level, judged, level_of
from connector.pulse import AccountPulse, LanePulse, Pulse, beat, last_beat

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def facts(
    *,
    running: bool = True,
    expected: bool = True,
    silent: float = 3.0,
    lanes: tuple[LanePulse, ...] = (),
    accounts: tuple[AccountPulse, ...] = (),
    oldest: Mapping[str, datetime] | None = None,
    held: Mapping[str, int] | None = None,
) -> Facts:
    at = NOW - timedelta(seconds=silent)
    pulse = Pulse(at=at, started_at=at, pid=1, lanes=lanes, accounts=accounts)
    return Facts(
        now=NOW, running=running, expected=expected, pulse=pulse, oldest=oldest or {}, held=held or {}
    )


def account(way: str, **more: str) -> tuple[AccountPulse, ...]:
    return (AccountPulse(name="pa", way=way, reason=more.get("reason")),)


@pytest.mark.parametrize(
    ("given", "level", "code"),
    [
        (facts(), Level.OK, None),
        (facts(accounts=account("free")), Level.OK, None),
        (facts(accounts=account("rate")), Level.OK, None),  # the platform set the pace: nobody has to act
        (facts(oldest={"ventes": NOW - timedelta(hours=23)}), Level.OK, None),
        (facts(running=False), Level.CRITICAL, "not-running"),
        (facts(running=False, expected=False), Level.OK, None),
        (facts(silent=61), Level.CRITICAL, "no-pulse"),
        (facts(lanes=(LanePulse(name="l", silent=1, trouble="gone"),)), Level.WARNING, "lane"),
        (facts(accounts=account("breaker")), Level.WARNING, "breaker"),
        (facts(accounts=account("probe")), Level.WARNING, "breaker"),
        (facts(accounts=account("stopped", reason="unauthorized")), Level.CRITICAL, "stopped"),
        (facts(oldest={"ventes": NOW - timedelta(hours=25)}), Level.WARNING, "waiting"),
        (facts(oldest={"ventes": NOW - timedelta(hours=73)}), Level.CRITICAL, "waiting"),
        (facts(held={"ventes": 2}), Level.WARNING, "held"),
    ],
)
def test_how_well_it_is(given: Facts, level: Level, code: str | None) -> None:
    findings = judged(given)
    assert level_of(findings) is level
    assert [finding.kind for finding in findings] == ([] if code is None else [code])


def test_the_worst_comes_first() -> None:
    given = facts(held={"ventes": 1}, accounts=account("stopped"))
    assert [finding.kind for finding in judged(given)] == ["stopped", "held"]


def test_a_service_that_was_never_there_has_no_pulse(tmp_path: Path) -> None:
    assert last_beat(tmp_path / "pulse.json") is None
    (tmp_path / "pulse.json").write_bytes(b"{half")
    assert last_beat(tmp_path / "pulse.json") is None


def test_a_pulse_is_read_as_it_was_written(tmp_path: Path) -> None:
    pulse = Pulse(at=NOW, started_at=NOW, pid=7, accounts=account("free"), in_inbox={"ventes": 3})
    beat(tmp_path / "pulse.json", pulse)
    assert last_beat(tmp_path / "pulse.json") == pulse
    assert [path.name for path in tmp_path.iterdir()] == ["pulse.json"]
