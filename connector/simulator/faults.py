"""Which rule of a plan is for this request: the counting of requests, and the moment a rule is decided."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from enum import Enum, auto
from typing import cast

from connector.simulator.contract import FlowInfo
from connector.simulator.plan import (
    AckDelay,
    AckError,
    AckRule,
    AckStatus,
    Delay,
    Endpoint,
    Hang,
    Redirect,
    Reset,
    ReturnCode,
    Rule,
    Status,
    StoreThenStatus,
    Unauthorized,
    WireRule,
)


class Moment(Enum):
    """When in the life of a request it is decided whether a rule is for it."""

    ARRIVAL = auto()  # headers are here; not yet the body, nor the token
    CHECKED = auto()  # the request is valid and its content known; a deposit is not stored yet
    STORING = auto()  # the acknowledgement of a deposit is being decided


def moment_of(rule: Rule) -> Moment:
    """A rule is decided as early as it can be: on arrival, unless it needs the content or a good request."""
    match rule:
        case AckError() | AckDelay() | AckStatus():
            return Moment.STORING
        case StoreThenStatus() | Reset(at="after-storing") | Delay(when="after"):
            return Moment.CHECKED
        case Delay(on="submit"):  # the deposit is read first, so that it is stored even if the caller leaves
            return Moment.CHECKED
        case Status() | ReturnCode() | Delay() | Hang() | Reset() | Redirect() | Unauthorized():
            return Moment.CHECKED if rule.match.reads_content else Moment.ARRIVAL
        case _:
            return Moment.CHECKED


class _Armed:
    __slots__ = ("left", "moment", "rule", "seen")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.moment = moment_of(rule)
        self.seen = 0
        self.left = None if rule.times == "unlimited" else rule.times

    def wants(self, on: Endpoint, moment: Moment, info: FlowInfo | None) -> bool:
        """Count this request if the rule is about such, and say whether it is the one meant."""
        if self.moment is not moment or self.rule.on != on:
            return False
        if info is not None and not self.rule.match.holds(info.name, info.tracking_id):
            return False
        self.seen += 1
        return self.left != 0 and self.rule.match.due(self.seen)

    def spend(self) -> None:
        if self.left is not None:
            self.left -= 1


class FaultPlan:
    """The rules in force and how often each has been met. May be used from any thread."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self.replace(rules)

    def replace(self, rules: Sequence[Rule]) -> None:
        """Put other rules in force; all counts begin anew."""
        armed = [_Armed(rule) for rule in rules]
        with self._lock:
            self._armed = armed

    def take(self, on: Endpoint, moment: Moment, info: FlowInfo | None = None) -> WireRule | None:
        """The first rule that is for this request, if any; every rule counts the request."""
        taken = self._met(on, moment, info)
        return cast(WireRule, taken[0]) if taken else None

    def take_acks(self, info: FlowInfo) -> list[AckRule]:
        """Every rule about the acknowledgement of this deposit, in order; they add up."""
        return cast(list[AckRule], self._met("submit", Moment.STORING, info, every=True))

    def _met(self, on: Endpoint, moment: Moment, info: FlowInfo | None, *, every: bool = False) -> list[Rule]:
        if not self._armed:
            return []
        with self._lock:
            wanting = [armed for armed in self._armed if armed.wants(on, moment, info)]
            taken = wanting if every else wanting[:1]
            for armed in taken:
                armed.spend()
        return [armed.rule for armed in taken]
