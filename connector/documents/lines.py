"""Which line of an invoice a problem is about, in the words of the invoice: its number and its article."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lxml import etree

from connector.documents.reading import children, text, walk
from connector.documents.summary import Reader
from connector.model import Problem

_STEP = re.compile(r"([^\[]*)(?:\[([0-9]+)\])?")
Place = tuple[tuple[str, ...], str, int]  # path to the parent of the line, its name, its position from 1
Words = tuple[str | None, str | None]


def name_lines(problems: Sequence[Problem], root: etree._Element, reader: Reader) -> tuple[Problem, ...]:
    """The problems, each with the number (BT-126) and the article name (BT-153) of the line it is in.

    Walks over the lines once, however many problems there are.

    Args:
        problems: their `where` is a path such as `/Invoice/InvoiceLine[2]/ID`.
        root: the whole tree.
    """
    places = {problem.where: place for problem in problems if (place := line_of(problem.where, reader))}
    if not places:
        return tuple(problems)
    words = _words(set(places.values()), root, reader)
    named = []
    for problem in problems:
        place = places.get(problem.where)
        if place is not None and problem.invoice_line is None:
            number, name = words.get(place, (None, None))
            problem = replace(problem, invoice_line=number, line_name=name)
        named.append(problem)
    return tuple(named)


def line_of(where: str | None, reader: Reader) -> Place | None:
    """The line that a path leads into; None when it leads elsewhere."""
    steps = [found for step in (where or "").split("/")[2:] if (found := _STEP.fullmatch(step))]
    names = [step[1] for step in steps]
    for path in reader.below:
        depth = len(path)
        if len(steps) > depth and tuple(names[:depth]) == path and names[depth] in reader.lines:
            return path, names[depth], int(steps[depth][2] or 1)
    return None


def words_of(line: etree._Element, reader: Reader) -> Words:
    """What the document calls this line, and its article."""
    number = next(filter(None, (text(line, *path) for path in reader.line_ids)), None)
    return number, text(line, *reader.line_name) if reader.line_name else None


def _words(places: Iterable[Place], root: etree._Element, reader: Reader) -> dict[Place, Words]:
    wanted: dict[tuple[tuple[str, ...], str], set[int]] = {}
    for path, name, position in places:
        wanted.setdefault((path, name), set()).add(position)
    found: dict[Place, Words] = {}
    for (path, name), positions in wanted.items():
        last = max(positions)
        for position, line in enumerate(children(walk(root, *path), name), start=1):
            if position in positions:
                found[path, name, position] = words_of(line, reader)
            if position >= last:
                break
    return found
