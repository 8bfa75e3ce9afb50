"""Looks into one file: what it is, whether it is valid, and the summary people know it by."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from connector.documents.recognise import NotADocument, RootMatch, match_root, refuse_unless_xml
from connector.documents.safe_xml import name_of, not_utf8, read_head, read_root
from connector.documents.summary import READERS, summarise
from connector.model import Inspection, Problem, Severity, Verdict, VerdictStatus
from connector.validation.schemas import Schemas
from connector.validation.stream import stream
from connector.validation.xsd import log_lines, problems_of, wrong_namespace

STREAM_ABOVE = 8 * 1024 * 1024  # bytes; a tree takes about eight bytes of memory a byte of file
LINES_BELOW = 16 * 1024 * 1024  # a rejected document up to here is read again as a tree, to name lines
_FIRST_READ = 64 * 1024
LARGEST = 1024 * 1024 * 1024


def inspect_file(path: Path, schemas: Schemas, *, stream_above: int = STREAM_ABOVE) -> Inspection:
    """Recognise and validate one file.

    Args:
        path: the file; it is only read.
        schemas: those of the calling thread.
        stream_above: size in bytes above which the document is not held in memory.
    Returns:
        An inspection for anything the bytes can be, however broken.
    Raises:
        OSError: the file cannot be read now; nothing follows from it for the document.
        MemoryError: there was not enough to judge it.
        ConfigurationError: the schemas of this installation are not the ones we know.
    """
    with path.open("rb") as file:
        data = file.read(_FIRST_READ)  # asking for more than there is costs as much as parsing it
        if len(data) == _FIRST_READ:
            data += file.read(max(stream_above + 1 - _FIRST_READ, 0))
        try:
            refuse_unless_xml(data[:4096])
            if len(data) <= stream_above:
                return _inspect_tree(read_root(data), schemas)
            return _inspect_large(file, schemas)
        except NotADocument as fault:
            return Inspection(
                verdict=Verdict(
                    status=VerdictStatus.UNREADABLE,
                    problems=(fault.problem,),
                    incomplete=fault.incomplete,
                )
            )


def _inspect_tree(root: etree._Element, schemas: Schemas) -> Inspection:
    match = match_root(name_of(root), schemas.kinds_by_root)
    if match.right_namespace:
        schema = schemas.schema(match.kind)
        schema.validate(root)
        problems: Sequence[Problem] = problems_of(log_lines(schema.error_log), root)
    else:
        problems = (_wrong_root(root, match, schemas),)
    return _conclude(root, match, problems, schemas, lines=None)


def _inspect_large(file: BinaryIO, schemas: Schemas) -> Inspection:
    size = file.seek(0, io.SEEK_END)
    if size > LARGEST:
        raise NotADocument(Problem(code="file-too-large", found=str(size), expected=str(LARGEST)))
    file.seek(0)
    head = read_head(file)
    match = match_root(name_of(head), schemas.kinds_by_root)
    schema = schemas.schema(match.kind) if match.right_namespace else None
    seen = stream(file, head, READERS[match.kind], schema)
    if seen.errors and size <= LINES_BELOW:
        file.seek(0)
        return _inspect_tree(read_root(file.read()), schemas)
    problems: Sequence[Problem] = problems_of(seen.errors, None)
    if seen.errors:
        seen = stream(file, head, READERS[match.kind], None)
    if not match.right_namespace:
        problems = (_wrong_root(head, match, schemas),)
    return _conclude(seen.root, match, problems, schemas, lines=seen.lines)


def _wrong_root(root: etree._Element, match: RootMatch, schemas: Schemas) -> Problem:
    return wrong_namespace(root, schemas.catalogue.entries[match.kind].root[0])


def _conclude(
    root: etree._Element, match: RootMatch, problems: Sequence[Problem], schemas: Schemas, lines: int | None
) -> Inspection:
    encoding = not_utf8(root)
    if encoding is not None:  # the schema does not mind, the French platforms do
        problems = (
            *problems,
            Problem(code="xml-not-utf8", source="xml", line=1, found=encoding, expected="UTF-8"),
        )
    invalid = any(problem.severity is Severity.ERROR for problem in problems)
    return Inspection(
        verdict=Verdict(
            status=VerdictStatus.INVALID if invalid else VerdictStatus.VALID,
            problems=tuple(problems),
            schema=schemas.catalogue.schema_name(match.kind),
        ),
        document=summarise(match.kind, root, lines),
    )
