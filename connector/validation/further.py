"""What is looked at once the schema is content: names, identifiers, business rules.

Every check is a function from a `Look` to what it found. They run in the order of `CHECKS`, which is the
order in which people read the problems. To add one, add its name there.
"""

from __future__ import annotations

from connector.documents.flow_names import flow_name_problems
from connector.model import Problem
from connector.validation import identifiers
from connector.validation.flux10.report import rules_for
from connector.validation.look import NOTHING, Check, Further, Look
from connector.validation.rules import judge


def _flow_name(look: Look) -> Further:
    problems = flow_name_problems(look.name, look.document.kind)
    return Further(problems=problems) if problems else NOTHING


def _e_reporting(look: Look) -> Further:
    if look.watched is not None:
        return Further(problems=look.watched.rest(look.root), rules=[look.watched.title])
    rules = rules_for(look.document.kind, look.rules)
    return NOTHING if rules is None else Further(problems=rules.whole(look.root), rules=[rules.title])


CHECKS: tuple[Check, ...] = (_flow_name, identifiers.check, _e_reporting, judge.check)


def look_further(look: Look) -> Further:
    """What all checks found together."""
    problems: list[Problem] = []
    rules: list[str] = []
    for check in CHECKS:
        found = check(look)
        problems += found.problems
        rules += found.rules
    return Further(problems=problems, rules=rules)
