"""Looks into one file: what it is, whether it is valid, and the summary people know it by."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from connector.documents.bundle import is_bundle, members_of
from connector.documents.facturx import Carried, contradictions, profile_of
from connector.documents.lines import name_lines
from connector.documents.pdf import read_pdf
from connector.documents.recognise import (
    PDF,
    NotADocument,
    RootMatch,
    match_in_pdf,
    match_root,
    refuse_unless_xml,
)
from connector.documents.safe_xml import name_of, not_utf8, read_head, read_root
from connector.documents.summary import READERS, summarise, tally_of
from connector.documents.tally import Tally
from connector.model import (
    Document,
    Family,
    Inspection,
    Problem,
    Severity,
    Syntax,
    Verdict,
    VerdictStatus,
)
from connector.recipient_list import LARGEST as LARGEST_LIST
from connector.recipient_list import MOST_LINES, NotAList, is_list, questions_in
from connector.validation.flux10.report import ReportRules, rules_for
from connector.validation.further import look_further
from connector.validation.judging import MANY_FAULTS, judge, judge_part
from connector.validation.look import Look
from connector.validation.schemas import Schemas
from connector.validation.stream import stream
from connector.validation.xsd import LogLine, problems_of, wrong_namespace

STREAM_FIRST = 256 * 1024  # bytes; above, a stream counts the faults before a tree is asked for their places
STREAM_ABOVE = 8 * 1024 * 1024  # bytes; a tree takes about eight bytes of memory a byte of file
LINES_BELOW = 16 * 1024 * 1024  # a rejected document up to here is read again as a tree, to name lines
_FIRST_READ = 64 * 1024
LARGEST = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of one file."""

    schemas: Schemas
    name: str
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the parser and the schema said.

    Args:
        tally: what was counted while the lines streamed by; None: they are all below `root`.
        context: problems of what the XML came in.
        watched: rules that were shown the lines as they streamed by.
    """

    kind: str
    root: etree._Element
    problems: Sequence[Problem]
    tally: Tally | None = None
    context: Sequence[Problem] = ()
    watched: ReportRules | None = None


def inspect_file(
    path: Path, schemas: Schemas, *, name: str = "", rules: str = "off", stream_above: int = STREAM_ABOVE
) -> Inspection:
    """Recognise and validate one file.

    Args:
        path: the file; it is only read.
        schemas: those of the calling thread.
        name: of the file as it was dropped; empty when it does not matter.
        rules: how business rules count: "off", "warn" or "error".
        stream_above: size in bytes above which the document is not held in memory.
    Returns:
        An inspection for anything the bytes can be, however broken.
    Raises:
        OSError: the file cannot be read now; nothing follows from it for the document.
        MemoryError: there was not enough to judge it.
        ConfigurationError: the schemas of this installation are not the ones we know.
    """
    asked = _Asked(schemas=schemas, name=name, rules=rules)
    with path.open("rb", buffering=0) as file:
        data = file.read(_FIRST_READ)  # asking for more than there is costs as much as parsing it
        try:
            if is_bundle(data):
                members = members_of(file, name)
                return Inspection(verdict=Verdict(status=VerdictStatus.VALID), members=members)
            if data.startswith(PDF):
                return _conclude(_look_into_pdf(file, schemas), asked)
            small = min(STREAM_FIRST, stream_above)
            if len(data) == _FIRST_READ:
                data += file.read(max(small + 1 - _FIRST_READ, 0))
            if not data.startswith(b"<"):  # most do, and need no closer look
                if is_list(data[:4096]):
                    return _look_at_list(file)
                refuse_unless_xml(data[:4096])
            if len(data) <= small:
                return _conclude(_look_at_tree(read_root(data), schemas), asked)
            return _conclude(_look_at_stream(file, asked, stream_above), asked)
        except NotADocument as fault:
            return Inspection(
                verdict=Verdict(
                    status=VerdictStatus.UNREADABLE,
                    problems=(fault.problem,),
                    incomplete=fault.incomplete,
                )
            )


def _look_at_list(file: BinaryIO) -> Inspection:
    """A list of recipients: no schema judges it, and a line that names nobody is no fault of the list."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    lines, fault = 0, None
    if size > LARGEST_LIST:
        fault = "list-too-long"
    else:
        try:
            lines = sum(1 for _ in questions_in(file.read()))
        except NotAList as reason:
            fault = str(reason)
    problems = [Problem(code=fault, expected=str(MOST_LINES))] if fault else []
    status = VerdictStatus.INVALID if problems else VerdictStatus.VALID
    return Inspection(
        verdict=Verdict(status=status, problems=tuple(problems)),
        document=Document(family=Family.DIRECTORY, syntax=Syntax.LIST, kind="recipient-list", lines=lines),
    )


def _look_at_tree(root: etree._Element, schemas: Schemas) -> _Seen:
    match = match_root(name_of(root), schemas.kinds_by_root)
    return _judge_tree(root, match, schemas)


def _judge_tree(
    root: etree._Element, match: RootMatch, schemas: Schemas, faults: Sequence[LogLine] = ()
) -> _Seen:
    """What the schema says of a tree.

    Args:
        faults: those that a stream has found in the same document.
    """
    if not match.right_namespace:
        return _Seen(kind=match.kind, root=root, problems=(_wrong_root(root, match, schemas),))
    if len(faults) <= MANY_FAULTS:
        return _Seen(kind=match.kind, root=root, problems=judge(root, match.kind, schemas))
    tally = tally_of(match.kind, root)  # before lines are taken away
    problems = name_lines(judge_part(root, match.kind, schemas, faults), root, READERS[match.kind])
    return _Seen(kind=match.kind, root=root, problems=problems, tally=tally)


def _look_at_stream(file: BinaryIO, asked: _Asked, stream_above: int) -> _Seen:
    schemas = asked.schemas
    size = file.seek(0, io.SEEK_END)
    if size > LARGEST:
        raise NotADocument(Problem(code="file-too-large", found=str(size), expected=str(LARGEST)))
    file.seek(0)
    head = read_head(file)
    match = match_root(name_of(head), schemas.kinds_by_root)
    reader = READERS[match.kind]
    schema = schemas.schema(match.kind) if match.right_namespace else None
    watched = rules_for(match.kind, asked.rules)
    whole = size <= stream_above
    seen = stream(file, head, reader, schema, [watched.line] if watched else (), whole=whole)
    if seen.errors and size <= LINES_BELOW:
        file.seek(0)
        return _judge_tree(read_root(file.read()), match, schemas, seen.errors)
    problems: Sequence[Problem] = problems_of(seen.errors, None)
    if seen.errors:
        seen = stream(file, head, reader, None)
    if not match.right_namespace:
        problems = (_wrong_root(head, match, schemas),)
    return _Seen(
        kind=match.kind,
        root=seen.root,
        problems=problems,
        tally=None if whole else seen.tally,
        watched=watched,
    )


def _look_into_pdf(file: BinaryIO, schemas: Schemas) -> _Seen:
    """The invoice inside a PDF, judged by the schema of the profile that it names."""
    carried = read_pdf(file)
    try:
        root = read_root(carried.xml)
    except NotADocument as fault:  # the PDF around it is whole: more of it will not come
        problem = replace(fault.problem, code="facturx-xml-unreadable", found=carried.name)
        raise NotADocument(problem) from None
    match = match_in_pdf(name_of(root), schemas.kinds_by_root)
    guideline = summarise("cii-invoice", root).profile
    profile = profile_of(guideline)
    if profile is None:
        unknown = Problem(code="facturx-profile-unknown", source="facturx", found=guideline)
        return replace(_judge_carried(root, carried, match, schemas), context=(unknown,))
    of_profile = replace(match, kind=f"facturx-{profile}")
    context = tuple(contradictions(carried, profile))
    return replace(_judge_carried(root, carried, of_profile, schemas), context=context)


def _judge_carried(root: etree._Element, carried: Carried, match: RootMatch, schemas: Schemas) -> _Seen:
    if len(carried.xml) <= STREAM_FIRST or not match.right_namespace:
        return _judge_tree(root, match, schemas)
    schema = schemas.schema(match.kind)
    seen = stream(io.BytesIO(carried.xml), root, READERS[match.kind], schema)
    return _judge_tree(root, match, schemas, seen.errors)


def _wrong_root(root: etree._Element, match: RootMatch, schemas: Schemas) -> Problem:
    return wrong_namespace(root, schemas.catalogue.entries[match.kind].root[0])


def _conclude(seen: _Seen, asked: _Asked) -> Inspection:
    problems = [*seen.context, *seen.problems]
    encoding = not_utf8(seen.root)
    if encoding is not None:  # the schema does not mind, the French platforms do
        problems.append(Problem(code="xml-not-utf8", source="xml", line=1, found=encoding, expected="UTF-8"))
    document = summarise(seen.kind, seen.root, seen.tally)
    whole = seen.tally is None
    rules = None
    failed = _fails(problems)
    if not failed:
        look = Look(
            document=document,
            root=seen.root,
            whole=whole,
            name=asked.name,
            rules=asked.rules,
            watched=seen.watched,
        )
        further = look_further(look)
        problems += further.problems
        rules = "; ".join(further.rules) or None
        failed = _fails(further.problems)
    return Inspection(
        verdict=Verdict(
            status=VerdictStatus.INVALID if failed else VerdictStatus.VALID,
            problems=name_lines(problems, seen.root, READERS[seen.kind]) if whole else tuple(problems),
            schema=asked.schemas.catalogue.schema_name(seen.kind),
            rules=rules,
        ),
        document=document,
    )


def _fails(problems: Sequence[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)
