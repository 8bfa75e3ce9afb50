"""The tables of `schemas/flux10.toml`, and the shape of a report with the rules of every place in it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from connector.model import Severity
from connector.resources import shipped
from connector.validation.flux10.groups import GROUP_RULES
from connector.validation.flux10.values import length_rule, value_rules
from connector.validation.flux10.words import Facts, GroupRule, ValueRule

_REMEMBERED = 512  # values of one place; dates, codes and rates come again and again
_SHORT = 64  # characters of a value that is worth remembering


@dataclass(slots=True)
class Shape:
    """An element of a report: what it is called, what may be in it, and the rules it has to keep.

    Args:
        path: from the root element, without positions.
        broken: the rules that a value breaks; None for an element with elements in it.
        below: the elements in it.
        attributes: its attributes: name in the XML, name in a group, shape.
        rules: those of the group it is.
    """

    path: str
    term: str | None = None
    broken: Callable[[str], tuple[ValueRule, ...]] | None = None
    below: dict[str, Shape] = field(default_factory=dict)
    attributes: list[tuple[str, str, Shape]] = field(default_factory=list)
    rules: tuple[GroupRule, ...] = ()

    def at(self, path: str) -> Shape:
        """The shape of what is at a path from here, an attribute as `Name/@attribute`."""
        name, _, rest = path.partition("/")
        if not name:
            return self
        if name.startswith("@"):
            return next(shape for attribute, _, shape in self.attributes if attribute == name[1:])
        return self.below[name].at(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All that the rules need of one day.

    Args:
        title: what a verdict names them.
        stamp: how rules on the platform's own stamp count.
        root: the shape of `/Report`.
    """

    title: str
    stamp: Severity
    root: Shape
    facts: Facts


def tables(today: date, stamp: Severity | None = None) -> Tables:
    """The rules as they stand on a day.

    Args:
        today: date in France.
        stamp: how rules on the platform's own stamp count; None: as the data says.
    """
    read = _read()
    facts = Facts(
        today=today,
        codes={name: tuple(codes) for name, codes in read["codes"].items()},
        not_yet=read["not_yet"],
    )
    return Tables(
        title=read["title"],
        stamp=stamp or Severity(read["platform_stamp"]),
        root=_shape(read["fields"], value_rules(facts)),
        facts=facts,
    )


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    with shipped("schemas", "flux10.toml").open("rb") as file:
        return tomllib.load(file)


def _shape(fields: Mapping[str, Mapping[str, Any]], rules: Mapping[str, tuple[ValueRule, ...]]) -> Shape:
    shapes = {path: Shape(path=path) for path in fields}
    for path, parts in fields.items():
        here = shapes[path]
        here.rules = tuple(rule for rule in GROUP_RULES if path in rule.at)
        for name, part in parts.items():
            place = f"{path}/{name}"
            shape = shapes.get(place) or Shape(path=place, broken=_judge(_rules_of(part, rules)))
            shape.term = part["term"]
            element, _, attribute = name.partition("/@")
            if attribute:
                here.below[element].attributes.append((attribute, name, shape))
            else:
                here.below[name] = shape
    root = shapes["Report"]
    root.term = "TB-0"
    return root


def _rules_of(part: Mapping[str, Any], rules: Mapping[str, tuple[ValueRule, ...]]) -> Iterable[ValueRule]:
    yield from rules[part["is"]] if "is" in part else ()
    if "longest" in part:
        yield length_rule(part["longest"])


def _judge(rules: Iterable[ValueRule]) -> Callable[[str], tuple[ValueRule, ...]]:
    table = tuple(rules)
    if not table:
        return lambda value: ()

    def broken(value: str) -> tuple[ValueRule, ...]:
        return tuple(rule for rule in table if not rule.holds(value))

    remembered = lru_cache(maxsize=_REMEMBERED)(broken)
    return lambda value: remembered(value) if len(value) <= _SHORT else broken(value)
