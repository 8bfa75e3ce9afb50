"""A table as a file holds it: bytes to a header and lines of cells, whatever program wrote them.

Separator, encoding and byte order mark are found out; nothing is guessed about what a cell means.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connector.model import Problem, Severity

_SEPARATORS = (";", "\t", ",", "|")
_EXCEL_HINT = re.compile(r"sep=(.)\s*$", re.IGNORECASE)  # what Excel writes, and reads, as a first line
_LARGEST_CELL = 1000  # characters; more is an open quotation mark somewhere
_SHOWN = 80


class NotATable(Exception):
    """The file holds no table that can be used.

    Args:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table.

    Args:
        number: of its last line in the file, from 1.
        cells: by column, blanks around them taken off; empty ones are left out.
    """

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose header is understood.

    Args:
        written: how the file calls each column that it has.
        problems: what does no harm but should be known: columns that nobody asked for.
    """

    lines: tuple[Line, ...]
    written: dict[str, str]
    problems: tuple[Problem, ...] = ()


def read_table(data: bytes, columns: dict[str, tuple[str, ...]], needed: Collection[str]) -> Table:
    """Read a CSV file.

    Args:
        columns: the names that a column may have in the header, by the name it is asked for.
        needed: columns that must be there.
    Raises:
        NotATable: it is no text, has no such header, or its quotation marks do not close.
    """
    text = _decoded(data)
    known = {folded(name): column for column, names in columns.items() for name in (column, *names)}
    separator, text, skipped = _separator(text, known)
    rows = _rows(text, separator)
    try:
        first, header = next((number, row) for number, row in rows if any(row))
    except StopIteration:
        raise NotATable(Problem(code="csv-empty")) from None
    places = _places(header, known, needed, first + skipped)
    written = {column: header[place] for place, column in places.items()}
    ignored = [name for place, name in enumerate(header) if name and place not in places]
    lines = tuple(
        Line(
            number=number + skipped,
            cells={column: row[place] for place, column in places.items() if place < len(row) and row[place]},
        )
        for number, row in rows
        if any(row)
    )
    problems = [
        Problem(
            code="csv-column-ignored", severity=Severity.WARNING, line=first + skipped, found=name[:_SHOWN]
        )
        for name in ignored
    ]
    return Table(lines=lines, written=written, problems=tuple(problems))


def folded(name: str) -> str:
    """A column's name as it is compared: no accents, no capitals, anything but letters and digits as "_"."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _decoded(data: bytes) -> str:
    """UTF-8 with or without a byte order mark, UTF-16 with one, else what Windows calls ANSI here (1252)."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotATable(Problem(code="csv-not-text"))


def _separator(text: str, known: dict[str, str]) -> tuple[str, str, int]:
    """The separator, the text without Excel's hint, and how many lines that took."""
    first, _, rest = text.partition("\n")
    if hint := _EXCEL_HINT.match(first):
        return hint[1], rest, 1
    header = next((line for line in text.splitlines() if line.strip()), "")

    def recognised(separator: str) -> int:
        return sum(folded(cell.strip().strip('"')) in known for cell in header.split(separator))

    return max(_SEPARATORS, key=recognised), text, 0


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its last line, blanks taken off its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    try:
        for row in reader:
            if any(len(cell) > _LARGEST_CELL for cell in row):
                raise NotATable(Problem(code="csv-broken", line=begins))
            yield reader.line_num, [cell.strip() for cell in row]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise NotATable(Problem(code="csv-broken", line=begins, message=str(error))) from error


def _places(header: list[str], known: dict[str, str], needed: Collection[str], line: int) -> dict[int, str]:
    """Which column stands at which place."""
    places = {place: known[folded(name)] for place, name in enumerate(header) if folded(name) in known}
    found = list(places.values())
    if missing := [column for column in needed if column not in found]:
        shown = ", ".join(filter(None, header))[:_SHOWN]
        problem = Problem(code="csv-column-missing", line=line, where=", ".join(missing), found=shown)
        raise NotATable(problem)
    if twice := [column for column in dict.fromkeys(found) if found.count(column) > 1]:
        raise NotATable(Problem(code="csv-column-twice", line=line, where=", ".join(twice)))
    return places
