"""What the rules of flux 10 speak of: a rule, the facts they all know, a group of values, a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from connector.model import Severity

ANNEXE_6 = "DGFiP v3.2, annexe 6 v1.10"
ANNEXE_7 = "DGFiP v3.2, annexe 7 v1.9"
PPF = "AIFE, limites connues du PPF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a rule may need to know beside the report.

    Args:
        today: date in France; several rules compare with it.
        codes: the code lists of `schemas/flux10.toml`, by name.
        not_yet: what the public portal does not take yet, and until when.
    """

    today: date
    codes: Mapping[str, tuple[str, ...]]
    not_yet: Mapping[str, object]

    def one_of(self, name: str) -> str:
        """A code list as it is told to people."""
        return ", ".join(self.codes[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """One rule on one value.

    Args:
        id: of the rule, e.g. "G1.09".
        source: where it is written.
        holds: whether a value keeps it.
        expected: what would be right, in a few characters.
        stamp: it is about what the platform writes when it passes the report on.
    """

    id: str
    source: str
    holds: Callable[[str], bool]
    expected: str
    severity: Severity = Severity.ERROR
    stamp: bool = False


@dataclass(slots=True)
class Group:
    """An element with its values and its groups, as plain text.

    Args:
        values: text of the simple elements below, by name; attributes as `Name/@attribute`.
        groups: the other elements below, by name.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[Group]] = field(default_factory=dict)

    def all(self, path: str) -> list[str]:
        """Every value at a path such as `TaxSubTotal/TaxCategory/Code`."""
        if path in self.values:
            return self.values[path]
        name, _, rest = path.partition("/")
        return [value for group in self.groups.get(name, ()) for value in group.all(rest)] if rest else []

    def first(self, path: str) -> str | None:
        """The first value at a path; None when there is none."""
        return next(iter(self.all(path)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A group rule that does not hold.

    Args:
        at: path from the group to what is wrong; empty for the group itself.
        severity: when it is another than the rule's.
    """

    at: str = ""
    found: str | None = None
    expected: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """One rule on values that belong together.

    Args:
        id: of the rule, e.g. "G1.53".
        source: where it is written.
        at: paths of the groups that it is for, from the root element.
        judge: yields the faults of one group.
    """

    id: str
    source: str
    at: tuple[str, ...]
    judge: Callable[[Group, Facts], Iterator[Fault]]
    severity: Severity = Severity.ERROR
