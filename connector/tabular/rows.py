"""The lines of a table one by one; what is wrong with one is kept with its place, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from connector.model import Problem, Severity
from connector.tabular.tables import Line, NotATable, Table, read_table

_SHOWN = 80
MOST_PROBLEMS = 1000  # of one table; what comes behind is not looked at
Value = TypeVar("Value")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[Row]):
    """The rows of a table, and what is to be said of it; rows count only without an error."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


class LineReader:
    """Takes one line's cells apart, and keeps what is wrong with them.

    Codes of problems are entries of the catalogue of explanations; `csv-cell-empty` is its own.
    """

    def __init__(self, line: Line, table: Table) -> None:
        self._line, self._table = line, table
        self.problems: list[Problem] = []

    def value(
        self, column: str, read: Callable[[str], Value | None], code: str, *, expected: str | None = None
    ) -> Value | None:
        """What a cell says; a cell that is empty or says nothing is a problem."""
        cell = self._line.cells.get(column)
        found = None if cell is None else read(cell)
        if found is None:
            self.complain(code if cell is not None else "csv-cell-empty", column, expected)
        return found

    def optional(self, column: str, read: Callable[[str], Value | None], code: str) -> Value | None:
        """The same of a cell that may be empty."""
        return self.value(column, read, code) if column in self._line.cells else None

    @property
    def number(self) -> int:
        """Of the line in the file, from 1."""
        return self._line.number

    def complain(
        self, code: str, column: str, expected: str | None = None, severity: Severity = Severity.ERROR
    ) -> None:
        found = self._line.cells.get(column)
        self.problems.append(
            Problem(
                code=code,
                severity=severity,
                line=self._line.number,
                where=self._table.written.get(column, column),
                found=None if found is None else found[:_SHOWN],
                expected=expected,
            )
        )


def read_rows(
    data: bytes,
    columns: dict[str, tuple[str, ...]],
    needed: tuple[str, ...],
    understand: Callable[[LineReader], Row | None],
) -> Read[Row]:
    """Understand a table line by line.

    Args:
        data: bytes of a CSV file.
        columns, needed: as `read_table`.
        understand: makes a row of a line; None when a problem was found that keeps it from being one.
    Returns:
        all rows and, up to a thousand or so, all problems; `csv-no-rows` among them when there is no line.
    """
    try:
        table = read_table(data, columns, needed)
    except NotATable as fault:
        return Read(problems=(fault.problem,))
    rows: list[Row] = []
    problems = list(table.problems)
    for line in table.lines:
        if len(problems) > MOST_PROBLEMS:  # whoever reads them knows by then what is wrong
            problems.append(Problem(code="problems-truncated", severity=Severity.WARNING, line=line.number))
            break
        reader = LineReader(line, table)
        row = understand(reader)
        problems += reader.problems
        if row is not None:
            rows.append(row)
    if not table.lines:
        problems.append(Problem(code="csv-no-rows"))
    return Read(rows=tuple(rows), problems=tuple(problems))
