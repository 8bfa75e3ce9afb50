"""Is the connector well? A pure judgement of facts, for `connector health`, `/healthz` and monitors.

A refused invoice is no illness: the accountant has its error file. Ill is what keeps documents from moving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from connector.pulse import Pulse

STALE = timedelta(seconds=60)  # a service that beats every five seconds and has not for a minute is dead
WAITING_LONG = timedelta(hours=24)  # a document on its way for longer deserves a look
WAITING_TOO_LONG = timedelta(hours=72)


class Level(IntEnum):
    """As monitoring plug-ins count: their exit codes."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Args:
        kind: key of its sentence in the catalogue, below `health`.
        about: the route, account or thread.
        facts: what the sentence needs.
    """

    level: Level
    kind: str
    about: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known at one moment.

    Args:
        running: somebody holds the lock of the state directory.
        expected: a service is meant to run all the time (not started by a timer).
        oldest: route → when its oldest document on its way was taken; held ones do not count.
        held: route → documents that wait for a person.
    """

    now: datetime
    running: bool
    expected: bool = True
    pulse: Pulse | None = None
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)


def judged(facts: Facts) -> tuple[Finding, ...]:
    """Everything that is not as it should be, the worst first; empty: all is well."""
    found = [*_of_the_process(facts), *_of_the_accounts(facts), *_of_the_documents(facts)]
    return tuple(sorted(found, key=lambda finding: -finding.level))


def level_of(findings: tuple[Finding, ...]) -> Level:
    return max((finding.level for finding in findings), default=Level.OK)


def _of_the_process(facts: Facts) -> Iterator[Finding]:
    if not facts.running:
        if facts.expected:
            yield Finding(level=Level.CRITICAL, kind="not-running")
        return
    if facts.pulse is None or facts.now - facts.pulse.at > STALE:
        since = f"{facts.pulse.at:%Y-%m-%d %H:%M:%S}Z" if facts.pulse else "-"
        yield Finding(level=Level.CRITICAL, kind="no-pulse", facts={"since": since})
        return
    for lane in facts.pulse.lanes:
        if lane.trouble:
            yield Finding(level=Level.WARNING, kind="lane", about=lane.name, facts={"trouble": lane.trouble})


def _of_the_accounts(facts: Facts) -> Iterator[Finding]:
    if not facts.running or facts.pulse is None:
        return
    for account in facts.pulse.accounts:
        if account.way == "stopped":
            yield Finding(
                level=Level.CRITICAL,
                kind="stopped",
                about=account.name,
                facts={"reason": account.reason or "-"},
            )
        elif account.way in ("breaker", "probe"):
            yield Finding(
                level=Level.WARNING, kind="breaker", about=account.name, facts={"wait": f"{account.wait:.0f}"}
            )


def _of_the_documents(facts: Facts) -> Iterator[Finding]:
    for route, since in facts.oldest.items():
        age = facts.now - since
        if age > WAITING_LONG:
            level = Level.CRITICAL if age > WAITING_TOO_LONG else Level.WARNING
            hours = f"{age.total_seconds() / 3600:.0f}"
            yield Finding(level=level, kind="waiting", about=route, facts={"hours": hours})
    for route, count in facts.held.items():
        if count:
            yield Finding(level=Level.WARNING, kind="held", about=route, facts={"n": str(count)})
