"""The administration's own check of e-reporting reports (Schematron, by Saxon), to hold our rules against.

It is slow and needs the whole report, which is why it is not used in production; here it is the judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from connector.model import Problem
from connector.validation.rules.engine import Engine

STYLESHEET = Path(str(distribution("pyfrctc").locate_file("pyfrctc/frr-schematron/Flux10.xslt")))
_ID = re.compile(r"\[([A-Z][0-9]+\.[0-9]+)\]")
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_XSL = "{http://www.w3.org/1999/XSL/Transform}"


class Assertion(NamedTuple):
    """One assertion: the rule it is for, where it looks (path without positions), and what it tests."""

    rule: str
    place: str
    test: str


class Oracle:
    """What the official check says of a report."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._engine.compile(STYLESHEET)

    def failed(self, root: etree._Element) -> frozenset[Assertion]:
        """The assertions that a report fails."""
        said = etree.fromstring(self._engine.apply(STYLESHEET, self._engine.read(root)).encode())
        return frozenset(
            _assertion(failed, failed.get("location") or "") for failed in said.iter(f"{_SVRL}failed-assert")
        )


def assertions() -> set[Assertion]:
    """Every assertion of the stylesheet."""
    return {
        _assertion(failed, place)
        for template in etree.parse(str(STYLESHEET)).iter(f"{_XSL}template")
        for failed in template.iter(f"{_SVRL}failed-assert")
        for place in (template.get("match") or "").split("|")
    }


def _assertion(failed: etree._Element, place: str) -> Assertion:
    named = _ID.search(str(failed.xpath("string()")))
    assert named
    # The braces of its patterns are evaluated when the stylesheet writes them: {1,2} comes out as "1 2".
    test = re.sub(
        r"\{([0-9]+),?([0-9]*)\}",
        lambda braces: " ".join(filter(None, braces.groups())),
        failed.get("test") or "",
    )
    return Assertion(named[1], re.sub(r"\[[^]]*\]", "", place).strip(), " ".join(test.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where our rules and the official check do not say the same, and why that is right.

    Args:
        rule: the id.
        ours: True: only we find it; False: only the official check does.
        reason: why.
        explains: whether this problem (or, for `ours=False`, this value of the report) is such a case.
    """

    rule: str
    ours: bool
    reason: str
    explains: Callable[[Problem], bool] = lambda problem: True


def _digits_only(problem: Problem) -> bool:
    return (problem.found or "").isdigit() and len(problem.found or "") in (8, 14)


DIFFERENCES = (
    Difference(
        rule="G1.09",
        ours=True,
        reason="eight digits that are no day of the calendar: the official check counts digits only",
        explains=_digits_only,
    ),
    Difference(
        rule="G7.53",
        ours=True,
        reason="fourteen digits that are no moment of the calendar, likewise",
        explains=_digits_only,
    ),
    Difference(
        rule="G1.10",
        ours=True,
        reason="three capitals that are no currency: the official check says itself that it has no list",
        explains=lambda problem: re.fullmatch(r"[A-Z]{3}", problem.found or "") is not None,
    ),
    Difference(
        rule="G2.01",
        ours=True,
        reason="two capitals that are no country, likewise",
        explains=lambda problem: re.fullmatch(r"[A-Z]{2}", problem.found or "") is not None,
    ),
    Difference(
        rule="G1.53",
        ours=True,
        reason="beyond 15 digits binary arithmetic does not see cents any more; we count in decimals",
        explains=lambda problem: len(re.sub(r"\D", "", problem.found or "")) > 15,
    ),
    Difference(
        rule="G1.55",
        ours=True,
        reason="beyond 15 digits, likewise",
        explains=lambda problem: len(re.sub(r"\D", "", problem.found or "")) > 15,
    ),
    *(
        Difference(
            rule=rule,
            ours=True,
            reason="digits of another script: ٣ is a digit to the official check, and to no system we know",
            explains=lambda problem: not (problem.found or "").isascii(),
        )
        for rule in ("G1.09", "G7.53", "G6.26", "G2.19")
    ),
    Difference(
        rule="G1.36",
        ours=False,
        reason="a year in digits of another script is a year to the official check, and out of range",
    ),
)

# Rules of ours that the official check does not have at all, and why we have them.
OURS_ALONE = {
    "G1.07": "needs today's date, which a stylesheet does not know",
    "G1.42": "uniqueness in one report; the official check leaves all uniqueness to applications",
    "G1.52": "the form of a note's subject code; the check has nothing on notes",
    "G6.24": "needs today's date",
    "G7.43": "compares the period with today's date and with the date of the report",
    "A6-LENGTH": "lengths of annexe 6, on which the check relies without looking",
    "A6-COUNT": "number of digits of annexe 6, likewise",
    "A6-UNIT": "the form of a unit code of annexe 6, likewise",
    "PPF-G1.05": "a limit of the portal of today, not a rule",
    "PPF-P1.11": "a limit of the portal of today, not a rule",
}

# Rules that annexe 7 names for a term of flux 10, and that are not here.
NOT_HERE = {
    "G1.18": "what is asked of a due date is not in the public sources we have",
    "G1.38": "likewise, of delivery dates",
    "G1.44": "likewise, of the VAT due code beyond P1.11",
    "G1.57": "likewise, of totals of daily sales beyond G1.14 and G1.53",
    "G1.65": "the seller's SIREN is known to INSEE: nothing offline can tell",
    "G1.66": "the buyer's SIREN, likewise",
    "G1.67": "as G1.44, for daily sales",
    "G6.06": "what a line's comment says is free text",
    "G6.07": "optional terms: the XSD has it",
    "G6.08": "mandatory terms: the XSD has it",
    "G6.11": "as G1.44",
    "G6.14": "terms that begin to count on 2027-09-01; nothing is wrong without them before",
    "G6.15": "likewise",
    "G6.20": "not in the public sources we have",
    "G6.30": "likewise, of delivery addresses",
    "G7.07": "allows negative payments: said as a warning of G1.16, which forbids them",
    "G7.40": "the time zone of the report's date, which the format has no room for",
    "G8.02": "an initial report comes before its rectification: a matter of several reports",
    "G8.05": "a transmission id comes once a period and declarant: likewise",
    "P1.12": "as G1.18",
}
