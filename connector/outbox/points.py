"""The problems of a job in order for readers: what has one cause is one point, with its number and words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connector import explanations
from connector.messages import Entry, Messages
from connector.model import Document, Job, Problem, Severity
from connector.outbox import formats
from connector.outbox.layout import clean
from connector.outbox.terms import Spot, element, is_known, label, place, steps, term_of, without_positions

SHOWN = 20  # points told one by one in a text; the others are counted
_VALUE = 80  # characters of a value from a file
_NAMES = 3  # values found, or elements expected, named in a text
# Problems whose `found` is our own bookkeeping (a job id, a reason code), told elsewhere in words.
_OWN_FACTS = {
    "same-number",
    "same-content",
    "number-void",
    "report-already-sent",
    "in-doubt",
    "inspection-lost",
    "rules-not-evaluated",
}
_SIZES = {"file-too-large", "bundle-too-large", "bundle-member-bomb", "pdf-unpacks-too-large"}  # in bytes
_BOUND = re.compile(r"(?P<sign>[<>]=?) (?P<value>[0-9]{1,14})")
_FACETS = {"<": "maxExclusive", "<=": "maxInclusive", ">": "minExclusive", ">=": "minInclusive"}
_DAY = 8  # digits of a date AAAAMMJJ; no count is as long
_ELEMENTS_EXPECTED = {"xsd-missing-element", "xsd-unexpected-element"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Problems of one cause. `n` is their number in the text and in the result file."""

    n: int
    problems: tuple[Problem, ...]

    @property
    def first(self) -> Problem:
        return self.problems[0]

    @property
    def is_error(self) -> bool:
        return self.first.severity is Severity.ERROR

    @property
    def occurrences(self) -> int:
        return sum(max(problem.occurrences, 1) for problem in self.problems)


def points_of(job: Job) -> tuple[Point, ...]:
    """Every problem of a job, grouped by cause: errors first, in the order in which they were found."""
    return grouped((*(job.verdict.problems if job.verdict else ()), *job.problems), job.document)


def grouped(problems: Iterable[Problem], document: Document | None) -> tuple[Point, ...]:
    """Problems of one document grouped by cause: errors first, in the order in which they come."""
    found = [_with_amounts(problem, document) for problem in problems]
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in sorted(found, key=lambda problem: problem.severity is not Severity.ERROR):
        groups.setdefault(_cause(problem), []).append(problem)
    return tuple(Point(n=n, problems=tuple(group)) for n, group in enumerate(groups.values(), 1))


def _with_amounts(problem: Problem, document: Document | None) -> Problem:
    """A total that does not add up, with what it is and what it should be: rules name no values."""
    known = explanations.explained(problem.code)
    if document is None or problem.found is not None or known is None or known.entry != "BR-CO-15":
        return problem
    total, net, tax = (document.total_with_vat, document.total_without_vat, document.total_vat)
    if not (total and net and tax and all(map(formats.is_amount, (total, net, tax)))):
        return problem
    return replace(problem, found=total, expected=f"{Decimal(net) + Decimal(tax)} ({net} + {tax})")


def entry_of(problem: Problem, document: Document | None, messages: Messages) -> Entry:
    """The words for a problem: from the catalogue, else from whoever found it."""
    said = clean(problem.message, 400) if problem.message else None
    code = clean(problem.code, 60)
    entry = messages.entry(code, source=problem.source, message=said, **messages.words(document))
    if problem.code == "inspection-lost" and messages.has(f"lost.{problem.found}"):
        meaning = f"{messages.text(f'lost.{problem.found}')} {entry.meaning}"
        return Entry(title=entry.title, meaning=meaning, action=entry.action)
    return entry


def term_for(problem: Problem) -> str | None:
    """The business term of a problem: as found, else the one its rule is about, else that of its element."""
    path = problem.where if problem.where and "/" in problem.where else None
    return problem.term or explanations.term_of(problem.code) or (term_of(path) if path else None)


def place_of(point: Point, messages: Messages) -> str | None:
    """Where a point lies, in business words; None when nobody said."""
    where, term = point.first.where, term_for(point.first)
    if where is None:
        named = clean(term or "", 40)
        return label(named, messages) if messages.has(f"term.{named}") else named or None
    if point.first.code.startswith("kind-"):
        return None  # it is about the file as a whole
    if "/" not in where:  # an item named by the platform, or one of our own words, not a path
        return messages.label("spot", clean(where, 200))
    spots = [
        Spot(path=problem.where, line=problem.invoice_line, name=problem.line_name)
        for problem in point.problems
        if problem.where
    ]
    return place(spots, messages, term)


def found_of(point: Point, messages: Messages) -> str | None:
    """The values found, for people; None when there is none to show."""
    values = dict.fromkeys(_found(problem, messages) for problem in point.problems)
    shown = [value for value in values if value is not None]
    return " ; ".join(shown[:_NAMES]) + (" ; …" if len(shown) > _NAMES else "") if shown else None


def _found(problem: Problem, messages: Messages) -> str | None:
    if problem.found is None or problem.code in _OWN_FACTS:
        return None
    match problem.code:
        case code if code in _SIZES:
            return formats.size(problem.found, messages.language)
        case "kind-not-accepted":
            return messages.label("family", clean(problem.found, 40))
        case "xml-encoding":
            return messages.text("notice.announced", encoding=clean(problem.found, 40))
        case "xsd-unexpected-element" if (problem.where or "").endswith(problem.found):
            return None  # the place names it already
        case "xsd-unexpected-element":
            return element(problem.found, _parent(problem.where), messages)
        case _:
            return _figures(clean(problem.found, _VALUE), problem, messages) or messages.text("notice.empty")


def expected_of(problem: Problem, messages: Messages) -> str | None:
    """What should be there instead, for people; None when there is nothing to say."""
    if problem.expected is None or problem.code in _OWN_FACTS:
        return None
    if problem.code in _ELEMENTS_EXPECTED:
        missing = problem.code == "xsd-missing-element"
        base = (problem.where or "") if missing else _parent(problem.where)
        return _elements(problem.expected, base, messages)
    match problem.code:
        case code if code in _SIZES:
            return messages.text("notice.size_limit", size=formats.size(problem.expected, messages.language))
        case "kind-not-accepted":
            return ", ".join(
                messages.label("family", clean(name, 40)) for name in _listed(problem.expected)[:4]
            )
        case "xsd-wrong-namespace" if not problem.expected:
            return messages.text("notice.no_namespace")
        case "xsd-wrong-value":
            return _limit(problem.expected, messages)
        case _ if bound := _BOUND.fullmatch(problem.expected):
            return _bounded(problem.code, bound["sign"], bound["value"], messages)
        case _:
            expected = _figures(clean(problem.expected, _VALUE), problem, messages)
            return messages.label("type", expected)


def _figures(value: str, problem: Problem, messages: Messages) -> str:
    """Amounts as people write them; where the way of writing may be the fault, as the document has it."""
    return value if problem.source in ("xml", "xsd") else formats.figures(value, messages.language)


def _bounded(code: str, sign: str, value: str, messages: Messages) -> str:
    """A limit that a rule names ("> 20261130", "<= 150") in words."""
    if code == "A6-LENGTH":
        return messages.text("facet.maxLength", value=value)
    if len(value) < _DAY:
        return messages.text(f"facet.{_FACETS[sign]}", value=value)
    iso = f"{value[:4]}-{value[4:6]}-{value[6:8]}"
    return messages.text(f"bound.{_FACETS[sign]}", value=formats.day(iso, messages.language))


def _limit(expected: str, messages: Messages) -> str:
    """A facet of a type in words ("maxLength 35"); a list of allowed values as it is."""
    facet, _, value = clean(expected, _VALUE).partition(" ")
    return (
        messages.label("facet", facet, value=value)
        if messages.has(f"facet.{facet}")
        else f"{facet} {value}".rstrip()
    )


def reference_of(point: Point, messages: Messages) -> str:
    """The technical reference of a point for support: code, element, lines of the file."""
    lines = sorted({problem.line for problem in point.problems if problem.line})
    parts = [clean(point.first.code, 60)]
    if named := steps(point.first.where or ""):
        parts.append(clean(named[-1][0], 60))
    if len(lines) == 1 and point.occurrences == 1:
        parts.append(messages.text("notice.xml_line", line=lines[0]))
    elif len(lines) > 1:
        shown = ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
        parts.append(messages.text("notice.xml_lines", lines=shown))
    elif lines:
        parts.append(messages.text("notice.first_line", line=lines[0]))
    if point.occurrences > 1:
        parts.append(messages.count("notice.occurrences", point.occurrences))
    return ", ".join(parts)


def _cause(problem: Problem) -> tuple[object, ...]:
    # An engine words the same fault anew for each place; a platform's words are the fault.
    words = problem.message if problem.source in ("platform", "rules") else None
    place_ = without_positions(problem.where) if problem.source != "platform" else problem.where
    return (problem.severity, problem.code, place_, problem.term, problem.expected, words)


def _elements(expected: str, base: str, messages: Messages) -> str:
    names = _listed(expected)
    # What the reader knows comes first: libxml2 lists optional elements before the one that is missing.
    known_first = sorted(names, key=lambda name: not is_known(name, base))
    shown = ", ".join(dict.fromkeys(element(name, base, messages) for name in known_first[:_NAMES]))
    left = len(names) - _NAMES
    return f"{shown} {messages.count('notice.and_more', left)}" if left > 0 else shown


def _listed(expected: str) -> Sequence[str]:
    return [name for name in re.split(r"[,|\s]+", expected[:2000].strip("() ")) if name]


def _parent(where: str | None) -> str:
    return (where or "").rpartition("/")[0]
