"""What a schema says of a tree, in time that does not run away with the number of faults.

libxml2 writes a path for every fault, and counts all elder siblings for it: the time grows with the square of
the number of faulty lines. So a large document is first read as a stream, whose faults have no path; one with
many of them is then shown to its schema without most of its lines, to have places for the first ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from connector.documents.summary import READERS, lines_of
from connector.model import Problem, Severity
from connector.validation.schemas import Schemas
from connector.validation.xsd import HIDING, LogLine, log_lines, problems_of

MANY_FAULTS = 1000
FEW_LINES = 100
MOST_ELEMENTS = 20_000  # whatever is wrong with so few, their paths are written in a second or two


def judge(root: etree._Element, kind: str, schemas: Schemas) -> Sequence[Problem]:
    """What the schema of this kind says of a tree; nothing when it is content."""
    schema = schemas.schema(kind)
    if schema.validate(root):
        return ()
    problems = problems_of(log_lines(schema.error_log), root)
    if any(problem.code in HIDING for problem in problems):
        return schemas.second_opinion().completed(kind, root, problems)
    return problems


def judge_part(
    root: etree._Element, kind: str, schemas: Schemas, faults: Sequence[LogLine]
) -> Sequence[Problem]:
    """The same of a tree with more than `MANY_FAULTS`: places for the first ones, a count of the others.

    Args:
        root: it loses most of its lines.
        faults: as the stream gave them, without places.
    """
    for line in list(lines_of(READERS[kind], root))[FEW_LINES:]:
        parent = line.getparent()
        assert parent is not None
        parent.remove(line)
    schema = schemas.schema(kind)
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS or schema.validate(root):
        return problems_of(faults, None)
    placed = log_lines(schema.error_log)
    more = Problem(
        code="problems-truncated",
        severity=Severity.WARNING,
        source="xsd",
        occurrences=max(len(faults) - len(placed), 1),
    )
    return (*problems_of(placed, root), more)
