"""Which installed stylesheet judges which documents, and which of its findings may refuse one.

The data are in `schemas/rules.toml`; the files are checked by SHA-256 like the schemas.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from connector.errors import ConfigurationError
from connector.model import Severity
from connector.resources import shipped
from connector.validation.packaged import locate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleSet:
    """One compiled Schematron and what we make of it. Patterns are those of `fnmatch`, in lower case."""

    name: str
    title: str
    version: str  # of the rules
    package: str
    package_version: str
    stylesheet: str  # path inside the package
    files: Mapping[str, str]  # path inside the package: SHA-256; the stylesheet and all it reads
    kinds: tuple[str, ...]  # patterns
    profiles: tuple[str, ...] = ("*",)  # patterns of BT-24, of which one must fit …
    other_profiles: tuple[str, ...] = ()  # … and none of these, because another set judges them
    errors: tuple[str, ...] = ("*",)  # patterns of rules that may refuse a document; the others warn
    unnamed: str = "RULE"  # what a finding without a name of its own is called

    @property
    def shown(self) -> str:
        """What a verdict names it: rules, their version, and where they come from."""
        return f"{self.title} {self.version} ({self.package} {self.package_version})"

    def judges(self, kind: str, profile: str | None) -> bool:
        """Whether it speaks of documents of this kind and profile.

        Args:
            profile: BT-24 as written; None: the document names none.
        """
        wanted = (profile or "").strip().lower()
        return (
            _fits(kind, self.kinds)
            and _fits(wanted, self.profiles)
            and not _fits(wanted, self.other_profiles)
        )

    def severity(self, rule: str, flag: str | None) -> Severity:
        """How much a broken rule counts where the route's level is "error".

        Args:
            rule: its name, e.g. BR-CO-15.
            flag: what the set itself says of it, "fatal", "warning" …; None: nothing.
        """
        warns = flag not in (None, "fatal", "error")
        return Severity.WARNING if warns or not _fits(rule, self.errors) else Severity.ERROR

    def locate(self) -> Path:
        """The stylesheet, after all its files were checked.

        Raises:
            ConfigurationError: the package is missing or of another version, or a file is missing or changed.
        """
        purpose = f"the rules {self.name}"
        return locate(self.package, self.package_version, self.files, self.stylesheet, purpose=purpose)


def load_rule_sets(path: Path | None = None) -> tuple[RuleSet, ...]:
    """All rule sets, in the order in which they judge.

    Args:
        path: default: the list we ship.
    """
    with (path or shipped("schemas", "rules.toml")).open("rb") as file:
        tables = tomllib.load(file)
    return tuple(_rule_set(name, table) for name, table in tables.items())


def _rule_set(name: str, table: Mapping[str, Any]) -> RuleSet:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return RuleSet(name=name, **fields)


def check_all() -> None:
    """Check the files of every rule set: for start-up. Nothing is compiled.

    Raises:
        ConfigurationError: one finding for each fault.
    """
    findings: list[str] = []
    for rule_set in load_rule_sets():
        try:
            rule_set.locate()
        except ConfigurationError as error:
            findings.extend(error.findings)
    if findings:
        raise ConfigurationError(*dict.fromkeys(findings))


def _fits(value: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
