"""Business rules as one of the checks of a document: `further.CHECKS` names `check`.

A document of a kind that no rule set speaks of is judged by none, and so is every document where the engine
is not installed; the verdict then names no rules.

*Rules that could not be evaluated never refuse a document*, at the level "error" neither. The engine may
stumble, take too long, or die; that is its trouble and not the sender's. Our rules are a look ahead: the
platform applies its own and answers for them, while an invoice kept back because of our tool may miss its
legal date. So it goes, with the warning `rules-not-evaluated` in its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from connector.model import Problem, Severity
from connector.resources import has_rules_engine
from connector.validation.look import Further, Look
from connector.validation.rules.findings import problems_of
from connector.validation.rules.rulesets import RuleSet, load_rule_sets
from connector.validation.rules.svrl import read_svrl
from connector.validation.rules.unevaluated import not_evaluated

if TYPE_CHECKING:
    from connector.validation.rules.engine import Engine, Source


def check(look: Look) -> Further:
    """What the rule sets of its kind and profile say of a document that its schema accepts.

    Raises:
        ConfigurationError: a stylesheet is not the one we know, or does not compile.
    """
    if look.rules == "off" or not has_rules_engine():
        return Further()
    sets = _sets_for(look.document.kind, look.document.profile)
    if sets and not look.whole:
        return Further(problems=[not_evaluated("too-large")])
    return _judged(look, sets) if sets else Further()


def warm_up(kinds: Sequence[str]) -> None:
    """Compile the rule sets that ordinary documents of these kinds will need. About half a second a kind."""
    if has_rules_engine():
        for rule_set in dict.fromkeys(found for kind in kinds for found in _sets_for(kind, None)):
            _engine().compile(_stylesheet(rule_set))


def _judged(look: Look, sets: Sequence[RuleSet]) -> Further:
    from connector.validation.rules.engine import EngineFailed

    problems: list[Problem] = []
    names: list[str] = []
    try:
        source = _engine().read(look.root)
    except EngineFailed as failed:
        return Further(problems=[not_evaluated("engine", str(failed))])
    for rule_set in sets:
        try:
            problems.extend(_broken(rule_set, source, look))
            names.append(rule_set.shown)
        except EngineFailed as failed:
            problems.append(not_evaluated("engine", f"{rule_set.shown}: {failed}"))
    return Further(problems=problems, rules=names)


def _broken(rule_set: RuleSet, source: Source, look: Look) -> Sequence[Problem]:
    def severity(rule: str, flag: str | None) -> Severity:
        return rule_set.severity(rule, flag) if look.rules == "error" else Severity.WARNING

    report = _engine().apply(_stylesheet(rule_set), source)
    return problems_of(read_svrl(report), look.root, severity, unnamed=rule_set.unnamed)


def _sets_for(kind: str, profile: str | None) -> list[RuleSet]:
    return [rule_set for rule_set in _rule_sets() if rule_set.judges(kind, profile)]


@cache
def _rule_sets() -> tuple[RuleSet, ...]:
    return load_rule_sets()


@cache
def _stylesheet(rule_set: RuleSet) -> Path:
    return rule_set.locate()


@cache
def _engine() -> Engine:
    from connector.validation.rules.engine import Engine

    return Engine()
