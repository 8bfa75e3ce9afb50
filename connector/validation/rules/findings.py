"""From broken rules to problems: where each one is in our words, how much it counts, like ones together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from lxml import etree

from connector.model import Problem, Severity
from connector.validation.rules.svrl import Raised

MOST_PROBLEMS = 200
_LONGEST = 300  # characters of a value
_LONGEST_MESSAGE = 2000
_STEP = re.compile(
    r"/(?:@\*\[local-name\(\)='(?P<far>[^']*)'[^\]]*\]"
    r"|@(?P<attribute>[^/\[]+)"
    r"|(?:[^:/\[\]]*:)?(?P<name>[^:/\[\]]+)(?:\[namespace-uri\(\)='(?P<namespace>[^']*)'\])?(?:\[(?P<n>[0-9]+)\])?)"
)
_POSITION = re.compile(r"\[[0-9]+\]")


def problems_of(
    raised: Iterable[Raised],
    root: etree._Element,
    severity: Callable[[str, str | None], Severity],
    *,
    unnamed: str = "RULE",
) -> tuple[Problem, ...]:
    """The problems that a report stands for.

    Like problems (same rule, sentence, value and place but for positions) are one, with occurrences. At most
    `MOST_PROBLEMS` are kept; a last one, `problems-truncated`, counts the rest.

    Args:
        raised: the broken rules.
        root: the document they speak of.
        severity: of a rule and its flag.
        unnamed: the code of a rule without a name.
    """
    places = Places(root)
    grouped: dict[tuple[str | None, ...], Problem] = {}
    left_out = 0
    for one in raised:
        problem = _problem(one, places, severity, unnamed)
        key = (problem.code, problem.message, _POSITION.sub("", problem.where or ""), problem.found)
        same = grouped.get(key)
        if same is not None:
            grouped[key] = replace(same, occurrences=same.occurrences + 1)
        elif len(grouped) < MOST_PROBLEMS:
            grouped[key] = problem
        else:
            left_out += 1
    if left_out:
        truncated = Problem(
            code="problems-truncated", severity=Severity.WARNING, source="rules", occurrences=left_out
        )
        return (*grouped.values(), truncated)
    return tuple(grouped.values())


def _problem(
    raised: Raised, places: Places, severity: Callable[[str, str | None], Severity], unnamed: str
) -> Problem:
    code = raised.rule or unnamed
    problem = Problem(
        code=code,
        severity=severity(code, raised.flag),
        source="rules",
        message=_cut(raised.text, _LONGEST_MESSAGE) or None,
    )
    node, attribute = places.find(raised.location)
    if node is None:
        return problem
    return replace(
        problem,
        where=places.path(node) + (f"/@{attribute}" if attribute else ""),
        line=cast("int | None", node.sourceline),
        found=_value(node, attribute),
    )


class Places:
    """Finds the elements of one document by Schematron's paths, and tells ours for them.

    Remembers the children it has counted: a rule may be broken on each of ten thousand lines.
    """

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._children: dict[etree._Element, dict[str, list[etree._Element]]] = {}
        self._names: dict[etree._Element, str] = {}  # with the position, where there are namesakes

    def find(self, location: str) -> tuple[etree._Element | None, str | None]:
        """The element and the attribute at an XPath such as `/*:Invoice[namespace-uri()='…'][1]/@id`.

        Returns:
            No element when the path leads nowhere; no attribute when it names none.
        """
        node: etree._Element | None = None
        end = 0
        for step in _STEP.finditer(location):
            if step.start() != end:
                break
            end = step.end()
            if attribute := step["attribute"] or step["far"]:
                return node, attribute.rpartition(":")[2]
            node = self._step(node, step)
            if node is None:
                return None, None
        return (node, None) if end == len(location) else (None, None)

    def path(self, node: etree._Element) -> str:
        """Where an element is, as a path of local names with positions: `/Invoice/InvoiceLine[2]/ID`."""
        steps = [_local(self._root)]
        for element in (*reversed(list(node.iterancestors())), node):
            parent = element.getparent()
            if parent is not None:
                self._below(parent)
                steps.append(self._names[element])
        return "/" + "/".join(steps)

    def _step(self, node: etree._Element | None, step: re.Match[str]) -> etree._Element | None:
        if node is None:
            return self._root if step["name"] == _local(self._root) else None
        namesakes = self._below(node).get(step["name"], [])
        if (namespace := step["namespace"]) is not None:
            namesakes = [child for child in namesakes if etree.QName(child).namespace == namespace]
        position = int(step["n"] or 1)
        return namesakes[position - 1] if position <= len(namesakes) else None

    def _below(self, parent: etree._Element) -> dict[str, list[etree._Element]]:
        known = self._children.get(parent)
        if known is None:
            known = self._children[parent] = {}
            for child in parent:
                if isinstance(child.tag, str):
                    known.setdefault(_local(child), []).append(child)
            for name, namesakes in known.items():
                for n, child in enumerate(namesakes, start=1):
                    self._names[child] = name if len(namesakes) == 1 else f"{name}[{n}]"
        return known


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _value(node: etree._Element, attribute: str | None) -> str | None:
    """What is written there; nothing of an element that only holds others."""
    if attribute is not None:
        return next(
            (_cut(str(value)) for name, value in node.items() if etree.QName(name).localname == attribute),
            None,
        )
    if any(isinstance(child.tag, str) for child in node):
        return None
    return _cut((node.text or "").strip()) or None


def _cut(value: str, longest: int = _LONGEST) -> str:
    return value if len(value) <= longest else value[: longest - 1] + "…"
