"""From libxml2's error log to problems: where each fault is, one problem a fault, like ones together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from lxml import etree

from connector.model import Problem, Severity
from connector.validation.uris import refused_by_both
from connector.validation.xsd_words import Finding, local, read

MOST_PROBLEMS = 200
LONGEST_MESSAGE = 2000
# Behind an element that does not belong there, libxml2 does not look at its younger siblings any more.
HIDING = frozenset({"xsd-unexpected-element", "xsd-wrong-namespace"})
_LONGEST = 300  # characters of a value or of a list of expected names
_STEP = re.compile(r"(?:(?P<prefix>[^:\[]*):)?(?P<name>[^\[]*)(?:\[(?P<position>[0-9]+)\])?")
_POSITION = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One entry of a schema's error log, taken out of lxml's hands. A stream has no line and no path."""

    number: int
    message: str
    line: int | None
    path: str | None


def log_lines(log: object) -> list[LogLine]:
    """The schema errors in an lxml error log, in order; what the parser itself said is left out."""
    return [
        LogLine(number=entry.type, message=entry.message, line=entry.line or None, path=entry.path)
        for entry in cast("Iterable[Any]", log)  # lxml's stubs do not say that it can be walked
        if entry.domain == etree.ErrorDomains.SCHEMASV
    ]


def problems_of(lines: Sequence[LogLine], root: etree._Element | None) -> tuple[Problem, ...]:
    """The problems that an error log stands for.

    Like problems (same code, value and place but for positions) are one, with occurrences. At most
    `MOST_PROBLEMS` are kept; a last one, `problems-truncated`, counts the rest.

    Args:
        lines: the log.
        root: the tree that was validated, to name places by; None when it was a stream.
    """
    counted = Counter(_alike(line) for line in lines)
    first: dict[tuple[object, ...], LogLine] = {}
    for line in lines:
        first.setdefault(_alike(line), line)
    grouped: dict[tuple[str | None, ...], Problem] = {}
    left_out = 0
    for finding, line in _single_faults(first.values()):
        times = counted[_alike(line)]
        if len(grouped) >= MOST_PROBLEMS:
            left_out += times
            continue
        problem = _problem(finding, line, root, times)
        key = (problem.code, without_positions(problem.where or ""), problem.found)
        same = grouped.get(key)
        grouped[key] = problem if same is None else replace(same, occurrences=same.occurrences + times)
    if left_out:
        truncated = Problem(
            code="problems-truncated", severity=Severity.WARNING, source="xsd", occurrences=left_out
        )
        return (*grouped.values(), truncated)
    return tuple(grouped.values())


def wrong_namespace(root: etree._Element, expected: str | None) -> Problem:
    """The problem of a document whose root element is in another namespace than its kind's."""
    name = etree.QName(root)
    return Problem(
        code="xsd-wrong-namespace",
        source="xsd",
        where=f"/{name.localname}",
        line=cast("int | None", root.sourceline),
        found=name.namespace or "",
        expected=expected or "",
    )


def _alike(line: LogLine) -> tuple[object, ...]:
    return line.number, line.message, without_positions(line.path or "")


def _single_faults(lines: Iterable[LogLine]) -> Iterator[tuple[Finding, LogLine]]:
    """Without what libxml2 says again of a value: first the facet it breaks, then that its type is wrong.

    Of an element that is in the place of a value it says so, and then that the value is none.
    """
    held: tuple[Finding, LogLine] | None = None  # until we know what follows
    for line in lines:
        finding = read(line.number, line.message)
        if held is not None and _same_value(finding, line, *held):
            held = replace(held[0], found=held[0].found or finding.found or None), held[1]
            continue
        if held is not None:
            yield held
        held = (finding, line) if finding.facet or finding.code == "xsd-child-not-allowed" else None
        if held is None:
            yield finding, line
    if held is not None:
        yield held


def _same_value(finding: Finding, line: LogLine, other: Finding, other_line: LogLine) -> bool:
    place = (finding.element, finding.attribute, line.line, line.path)
    other_place = (other.element, other.attribute, other_line.line, other_line.path)
    says_value = finding.code in ("xsd-wrong-type", "xsd-wrong-value")
    same = other.found is None or finding.found in (None, other.found)  # not every facet repeats the value
    return says_value and place == other_place and same


def _problem(finding: Finding, line: LogLine, root: etree._Element | None, occurrences: int) -> Problem:
    node = locate(root, line.path) if root is not None and line.path else None
    where = finding.element or None if node is None else place(node)
    if where and finding.attribute:
        where = f"{where}/@{finding.attribute}"
    found = finding.found
    if found is None and node is not None:
        found = _found(finding, node)
    return Problem(
        code=finding.code,
        severity=_severity(finding),
        source="xsd",
        where=cut(where, LONGEST_MESSAGE),
        line=line.line,
        found=cut(found),
        expected=cut(finding.expected),
        message=cut(line.message, LONGEST_MESSAGE),
        occurrences=occurrences,
    )


def _severity(finding: Finding) -> Severity:
    # No other fault is open to doubt: over thousands of documents both engines agreed.
    unusual = finding.is_uri and not refused_by_both(finding.found or "")
    return Severity.WARNING if unusual else Severity.ERROR


def _found(finding: Finding, node: etree._Element) -> str | None:
    """What libxml2 did not repeat of what it found."""
    if finding.code == "xsd-text-not-allowed":
        texts = [node.text, *(child.tail for child in node)]
        return next((text.strip() for text in texts if text and text.strip()), None)
    if finding.code == "xsd-child-not-allowed":
        return next((str(etree.QName(child).localname) for child in node.iterchildren("*")), None)
    return _value(node, finding.attribute) if finding.facet else None


def _value(node: etree._Element, attribute: str | None) -> str | None:
    if attribute is None:
        return node.text
    return next((str(value) for name, value in node.items() if local(str(name)) == attribute), None)


def cut(value: str | None, longest: int = _LONGEST) -> str | None:
    """A value of bounded length."""
    return value if value is None or len(value) <= longest else value[: longest - 1] + "…"


def without_positions(path: str) -> str:
    """A path that likes have in common: `/Invoice/InvoiceLine/ID`."""
    return _POSITION.sub("", path)


def locate(root: etree._Element, path: str) -> etree._Element | None:
    """The element at a libxml2 node path such as `/*/cac:InvoiceLine[2]/*[3]`.

    libxml2 writes `*`, and a position among all elements, for what has a namespace and no prefix.
    """
    node = root
    for step in path.lstrip("/").split("/")[1:]:
        parsed = _STEP.fullmatch(step)
        if parsed is None:
            return None
        below = [child for child in node if isinstance(child.tag, str)]
        if parsed["name"] != "*":
            below = [
                child
                for child in below
                if child.prefix == parsed["prefix"] and etree.QName(child).localname == parsed["name"]
            ]
        position = int(parsed["position"] or 1)
        if position > len(below):
            return None
        node = below[position - 1]
    return node


def place(node: etree._Element) -> str:
    """Where an element is, as a path of local names with positions: `/Invoice/InvoiceLine[2]/ID`."""
    names = [_name_among_siblings(element) for element in (*reversed(list(node.iterancestors())), node)]
    return "/" + "/".join(names)


def _name_among_siblings(node: etree._Element) -> str:
    name = str(etree.QName(node).localname)
    pattern = f"{{*}}{name}"
    before = sum(1 for _ in node.itersiblings(pattern, preceding=True))
    alone = before == 0 and next(node.itersiblings(pattern), None) is None
    return name if alone else f"{name}[{before + 1}]"
