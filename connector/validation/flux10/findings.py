"""What the rules found, kept in bounded memory however many lines are wrong.

Like findings (same rule, same place but for positions, same value) are one, with occurrences. Of one rule at
one kind of place the first few values are kept; the others are counted. So a fault in every line of a report
does not hide the one fault elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from connector.model import Problem, Severity
from connector.validation.xsd import MOST_PROBLEMS

MOST_OF_ONE_KIND = 10


class Place(NamedTuple):
    """Where something stands: path with positions, line of the file, and number of the invoice it is in."""

    where: str
    line: int | None
    invoice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rule found.

    Args:
        kind: path of the place, without positions.
        found: what stands there, after `xsd.cut`.
    """

    rule: str
    severity: Severity
    kind: str
    term: str | None
    found: str | None
    expected: str | None


class Findings:
    """Collects findings and gives them back as problems.

    Args:
        most_severe: WARNING when rules only warn on this route.
    """

    def __init__(self, most_severe: Severity) -> None:
        self._most_severe = most_severe
        self._kept: dict[Finding, Place] = {}
        self._times: Counter[Finding] = Counter()
        self._of_kind: Counter[tuple[str, str]] = Counter()
        self._left_out = 0

    def add(self, finding: Finding, locate: Callable[[], Place]) -> None:
        """Take one finding.

        Args:
            finding: what was found.
            locate: looks the place up; asked only for what is kept.
        """
        if finding not in self._kept:
            kind = finding.rule, finding.kind
            if self._of_kind[kind] >= MOST_OF_ONE_KIND:
                self._left_out += 1
                return
            self._of_kind[kind] += 1
            self._kept[finding] = locate()
        self._times[finding] += 1

    def problems(self) -> list[Problem]:
        """All that is kept, in the order of the document; a last one counts what is not."""
        found = [self._problem(finding, place) for finding, place in self._kept.items()]
        found.sort(key=lambda problem: problem.line or 0)
        left_out = self._left_out + sum(problem.occurrences for problem in found[MOST_PROBLEMS:])
        del found[MOST_PROBLEMS:]
        if left_out:
            found.append(
                Problem(
                    code="problems-truncated",
                    severity=Severity.WARNING,
                    source="rules",
                    occurrences=left_out,
                )
            )
        return found

    def _problem(self, finding: Finding, place: Place) -> Problem:
        quiet = Severity.WARNING in (finding.severity, self._most_severe)
        return Problem(
            code=finding.rule,
            severity=Severity.WARNING if quiet else Severity.ERROR,
            source="rules",
            where=place.where,
            line=place.line,
            term=finding.term,
            found=finding.found,
            expected=finding.expected,
            occurrences=self._times[finding],
            invoice_line=place.invoice,
        )
