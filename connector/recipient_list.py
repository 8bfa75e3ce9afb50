"""Lists of recipients that somebody wants to know about: a table with an identifier in each line. Pure.

They come out of a spreadsheet or an ERP: with or without a line of headings, parted by semicolons, commas or
tabs, in UTF-8 (with a mark or without) or in the code page of Windows. A line that names nobody is still a
line, and gets an answer.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connector.directory import Address, NotAnAddress, Told, address
from connector.errors import Refused

MOST_LINES = 100_000
LARGEST = 32 * 1024 * 1024  # bytes of a list
_WINDOWS = "cp1252"
_SEPARATORS = ";,\t"
_LONGEST_LINE = 100_000  # characters that are read
_LONGEST_CELL = 200  # characters; an address has 125
# Headings of the columns that are read, the most exact first; a number's is called so somewhere in its name.
_ADDRESS = {"adresse", "adresseelectronique", "address", "electronicaddress", "identifiant", "identifier"}
_NUMBERS = ("siret", "siren")


class NotAList(Refused):
    """A file that is no list of recipients. The text is a problem code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One line of a list.

    Args:
        line: of the file, from 1.
        written: the identifier as it was written.
        address: whom the directory is asked about; None: it is no identifier.
    """

    line: int
    written: str
    address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A line, and what the directory said of it; None: nobody could be asked."""

    question: Question
    told: Told | None


def is_list(head: bytes) -> bool:
    """Whether a file that begins like this is a list: a heading that we know, or an identifier, comes first.

    Args:
        head: the file, or its first kilobytes.
    """
    text = _decoded(head)
    if text is None:
        return False
    first = next((row for row in _rows(text) if any(row)), None)
    return first is not None and (bool(_headed(first)) or any(_read(cell) for cell in first))


def questions_in(data: bytes) -> Iterator[Question]:
    """The lines of a list in order; empty ones are left out.

    Raises:
        NotAList: "list-unreadable": it is no table of text; "list-too-long": more lines than are taken.
    """
    text = _decoded(data)
    if text is None:
        raise NotAList("list-unreadable")
    rows = ((number, row) for number, row in enumerate(_rows(text), 1) if any(row))
    first = next(rows, None)
    if first is None:
        return
    columns, asked = _headed(first[1]), 0
    if not columns:
        asked = 1
        columns = [next((place for place, cell in enumerate(first[1]) if _read(cell)), 0)]
        yield _question(*first, columns)
    for count, (number, row) in enumerate(rows, asked + 1):
        if count > MOST_LINES:
            raise NotAList("list-too-long")
        yield _question(number, row, columns)


def _question(line: int, row: Sequence[str], columns: Sequence[int]) -> Question:
    cells = [row[place] for place in columns if place < len(row) and row[place]]
    # What is headed "address" may be where somebody lives: the first that names a recipient counts.
    written = next(filter(_read, cells), cells[0] if cells else "")[:_LONGEST_CELL]
    return Question(line=line, written=written, address=_read(written))


def _decoded(data: bytes) -> str | None:
    """The text of a file; None when it is none."""
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The first kilobytes of a file may end within a character.
        cut = error.start >= len(data) - 3 and data.startswith(codecs.BOM_UTF8)
        text = data[: error.start].decode("utf-8-sig") if cut else data.decode(_WINDOWS, "replace")
    return text


def _rows(text: str) -> Iterator[list[str]]:
    """The lines of a table, each cell without the blanks and quotes around it."""
    lines = io.StringIO(text, newline=None)
    sample = list(islice(lines, 5))
    separator = max(_SEPARATORS, key=lambda mark: sum(line.count(mark) for line in sample))
    for line in (*sample, *lines):
        yield [
            cell.strip().lstrip("=").strip("\"'\u00a0 ") for cell in _cells(line[:_LONGEST_LINE], separator)
        ]


def _cells(line: str, separator: str) -> list[str]:
    """The cells of one line, by itself: a quote that is never closed must not swallow the lines behind it."""
    return next(csv.reader([line.rstrip("\n")], delimiter=separator), [])


def _headed(row: Sequence[str]) -> list[int]:
    """The columns to read by their headings, the most exact first; empty when the row has none of these."""
    if any(_read(cell) for cell in row):
        return []
    plain = [_plain(cell) for cell in row]
    found = [place for place, heading in enumerate(plain) if heading in _ADDRESS]
    for number in _NUMBERS:
        found += [place for place, heading in enumerate(plain) if number in heading]
    return found


def _plain(heading: str) -> str:
    letters = unicodedata.normalize("NFKD", heading[:60].casefold())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


def _read(cell: str) -> Address | None:
    try:
        return address(cell) if cell else None
    except NotAnAddress:
        return None
