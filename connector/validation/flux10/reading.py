"""Takes the values out of an element of a report, judges each, and then the groups that they make.

Works on any XML: what the tables do not know is passed by, because the schema has its own words for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from lxml import etree

from connector.model import Severity
from connector.validation.flux10.findings import Finding, Findings, Place
from connector.validation.flux10.tables import Shape, Tables
from connector.validation.flux10.words import Group, ValueRule
from connector.validation.xsd import cut

Line = Callable[[etree._Element], tuple[int, str | None] | None]


class Reader:
    """Reads elements into groups and gives what is wrong with them to the findings.

    Args:
        tables: the rules.
        findings: where faults go.
        line: position of a line among its namesakes, and number of the invoice that it is or belongs to; None
            for an element that is not a line.
    """

    def __init__(self, tables: Tables, findings: Findings, line: Line) -> None:
        self._tables = tables
        self._findings = findings
        self._line = line

    def read(self, element: etree._Element, shape: Shape, skip: Iterable[str] = ()) -> Group:
        """Everything below an element, judged.

        Args:
            element: where to begin.
            shape: what it is.
            skip: names of elements to pass by, at any depth.
        """
        group = Group()
        for child in element:
            below = shape.below.get(child.tag)
            if below is None or child.tag in skip:
                continue
            if below.broken is None:
                group.groups.setdefault(child.tag, []).append(self.read(child, below, skip))
                continue
            value = _text(child)
            group.values.setdefault(child.tag, []).append(value)
            if broken := below.broken(value):
                self._values(broken, value, below, child)
            for attribute, name, inner in below.attributes:
                self._attribute(child, attribute, name, inner, group)
        self.judge(group, element, shape)
        return group

    def judge(self, group: Group, element: etree._Element, shape: Shape) -> None:
        """The rules of a group that has been read."""
        for rule in shape.rules:
            for fault in rule.judge(group, self._tables.facts):
                place = shape.at(fault.at)
                finding = Finding(
                    rule=rule.id,
                    severity=fault.severity or rule.severity,
                    kind=place.path,
                    term=place.term,
                    found=cut(fault.found),
                    expected=fault.expected,
                )
                at = f"/{fault.at}" if fault.at else ""
                self._findings.add(finding, lambda at=at: self._locate(element, at))  # type: ignore[misc]

    def _attribute(
        self, element: etree._Element, attribute: str, name: str, shape: Shape, group: Group
    ) -> None:
        value = element.get(attribute)
        if value is None:
            return
        group.values.setdefault(name, []).append(value)
        assert shape.broken is not None
        if broken := shape.broken(value):
            self._values(broken, value, shape, element, f"/@{attribute}")

    def _values(
        self, rules: tuple[ValueRule, ...], value: str, shape: Shape, element: etree._Element, tail: str = ""
    ) -> None:
        for rule in rules:
            stamp = rule.stamp and self._tables.stamp is Severity.WARNING
            finding = Finding(
                rule=rule.id,
                severity=Severity.WARNING if stamp else rule.severity,
                kind=shape.path,
                term=shape.term,
                found=cut(value),
                expected=rule.expected,
            )
            self._findings.add(finding, lambda: self._locate(element, tail))

    def _locate(self, element: etree._Element, tail: str) -> Place:
        """Where an element is. The position of a line of the report is counted, not looked up."""
        names, invoice = [], None
        line = cast("int | None", element.sourceline)
        node: etree._Element | None = element
        while node is not None:
            if (found := self._line(node)) is None:
                names.append(_name(node))
            else:
                names.append(f"{node.tag}[{found[0]}]")
                invoice = found[1]
            node = node.getparent()
        return Place("/" + "/".join(reversed(names)) + tail, line, invoice)


def _name(node: etree._Element) -> str:
    before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
    alone = before == 0 and next(node.itersiblings(node.tag), None) is None
    return str(node.tag) if alone else f"{node.tag}[{before + 1}]"


def _text(element: etree._Element) -> str:
    """The text of a simple element, also around a comment."""
    text = element.text or ""
    return text + "".join(child.tail or "" for child in element) if len(element) else text
