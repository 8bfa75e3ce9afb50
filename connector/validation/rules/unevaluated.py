"""What is said when business rules could not be asked. Needs neither the engine nor an XML parser."""

from __future__ import annotations

from dataclasses import replace

from connector.model import Inspection, Problem, Severity, VerdictStatus


def not_evaluated(reason: str, message: str | None = None) -> Problem:
    """The warning that rules did not judge a document.

    Args:
        reason: "engine", "time", "memory", "crash" or "too-large".
        message: the engine's words.
    """
    return Problem(
        code="rules-not-evaluated",
        severity=Severity.WARNING,
        source="rules",
        found=reason,
        message=message,
    )


def without_rules(seen: Inspection, reason: str) -> Inspection:
    """An inspection that was made without rules, because one with them was the death of its worker.

    Args:
        reason: what the worker died of.
    """
    if seen.verdict.status is not VerdictStatus.VALID:
        return seen  # no rule would have been asked
    problems = (*seen.verdict.problems, not_evaluated(reason))
    return replace(seen, verdict=replace(seen.verdict, problems=problems))
