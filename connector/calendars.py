"""Reading the calendar of e-reporting, and who has deadlines in it by the settings."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.errors import ConfigurationError
from connector.periods import PAYMENTS, TRANSACTIONS, Calendar, Declarant, Rule, Shape
from connector.resources import shipped
from connector.settings import Settings

_Day = Annotated[int, Field(ge=1, le=31)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Shape(_Table):
    first: _Day
    last: _Day
    months: Annotated[int, Field(ge=1, le=12)] = 1
    after: Annotated[int, Field(ge=0, le=3)]
    due: _Day
    earlier: _Day | None = None


class _Rule(_Table):
    regime: Annotated[str, Field(min_length=1)]
    data: Annotated[tuple[str, ...], Field(min_length=1)]
    since: date
    until: date | None = None
    periods: Annotated[tuple[_Shape, ...], Field(min_length=1)]


class _File(_Table):
    version: str
    starts: dict[str, date]
    rule: Annotated[tuple[_Rule, ...], Field(min_length=1)]


def read_calendar(path: Path | None = None) -> Calendar:
    """The calendar of a site, or the one that comes with the connector.

    Raises:
        ConfigurationError: the file is missing or is not a calendar.
    """
    path = path or shipped("config", "ereporting_calendar.toml")
    try:
        read = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        raise ConfigurationError(*(_finding(path, item) for item in error.errors())) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"ereporting_calendar: {path}: {error}") from None
    rules = tuple(
        Rule(
            regime=rule.regime,
            data=rule.data,
            since=rule.since,
            until=rule.until,
            shapes=tuple(Shape(**shape.model_dump()) for shape in rule.periods),
        )
        for rule in read.rule
    )
    if unknown := {data for rule in rules for data in rule.data} - {TRANSACTIONS, PAYMENTS}:
        names = ", ".join(sorted(unknown))
        raise ConfigurationError(
            f"ereporting_calendar: {path}: data is {TRANSACTIONS} or {PAYMENTS}, not {names}"
        )
    return Calendar(version=read.version, rules=rules, starts=tuple(read.starts.items()))


def declarants_of(settings: Settings, calendar: Calendar) -> tuple[Declarant, ...]:
    """The companies with deadlines, as the settings name them.

    Raises:
        ConfigurationError: the calendar has no such regime or size; one finding for each.
    """
    starts = dict(calendar.starts)
    findings, found = [], []
    for one in settings.declarant:
        if one.regime not in calendar.regimes:
            known = ", ".join(calendar.regimes)
            findings.append(
                f"declarant {one.siren}: the calendar has no regime {one.regime!r}; it has {known}"
            )
        if one.starts is None and one.size not in starts:
            known = ", ".join(starts)
            findings.append(f"declarant {one.siren}: no size {one.size!r} in the calendar; it has {known}")
            continue
        found.append(
            Declarant(
                siren=one.siren,
                regime=one.regime,
                starts=one.starts or starts[one.size],
                data=one.data,
                roles=one.roles,
                name=one.name,
            )
        )
    if findings:
        raise ConfigurationError(*findings)
    return tuple(found)


def _finding(path: Path, error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"ereporting_calendar: {path}: {where}: {error['msg']}"
