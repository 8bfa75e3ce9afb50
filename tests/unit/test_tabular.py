"""Tables as people's systems write them: separators, encodings, headers, and what a cell may say."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model import Severity
from connector.tabular import read_amount, read_count, read_day, read_rate
from connector.tabular.tables import NotATable, Table, folded, read_table

COLUMNS = {"date": ("jour",), "montant_ht": ("ht",), "catégorie": ()}
CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n\x1c\x1d\x1e\x85\u2028\u2029"),
    min_size=1,
    max_size=30,
)
TABLE = "Date;Montant HT;Catégorie\n15/11/2026;1 210,50;été\n"


def table(data: bytes | str, needed: tuple[str, ...] = ("date", "montant_ht")) -> Table:
    return read_table(data.encode() if isinstance(data, str) else data, COLUMNS, needed)


def fault(
    data: bytes | str, needed: tuple[str, ...] = ("date", "montant_ht")
) -> tuple[str, int | None, str | None]:
    with pytest.raises(NotATable) as caught:
        table(data, needed)
    problem = caught.value.problem
    return problem.code, problem.line, problem.where


# --------------------------------------------------------------------------- files
@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("cp1252"),
        TABLE.encode("utf-16"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\r").encode(),
        TABLE.replace(";", "\t").encode(),
        TABLE.replace("1 210,50", '"1 210,50"').replace(";", ",").encode(),
        f"sep=;\n{TABLE}".encode(),
        f"\n;;\n{TABLE}\n;;\n\n".encode(),
        TABLE.replace("Date", '"DATE "').encode(),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "crlf", "cr", "tabs", "commas", "sep=", "blank lines", "quoted"],
)
def test_a_table_is_read_whatever_program_wrote_it(data: bytes) -> None:
    (line,) = table(data).lines
    assert line.cells == {"date": "15/11/2026", "montant_ht": "1 210,50", "catégorie": "été"}


def test_columns_may_stand_in_any_order_and_be_called_otherwise() -> None:
    found = table("HT;Magasin;jour\n10;Lyon;15/11/2026\n")
    assert found.lines[0].cells == {"montant_ht": "10", "date": "15/11/2026"}
    assert found.written == {"montant_ht": "HT", "date": "jour"}
    assert [(p.code, p.severity, p.found) for p in found.problems] == [
        ("csv-column-ignored", Severity.WARNING, "Magasin")
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = table('sep=;\ndate;ht\n\n15/11/2026;"1\n2"\n16/11/2026;3\n')
    assert [line.number for line in found.lines] == [5, 6]


def test_a_short_line_has_empty_cells() -> None:
    assert table("date;ht\n15/11/2026\n").lines[0].cells == {"date": "15/11/2026"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", ("csv-empty", None, None)),
        ("\ufeff\n\n", ("csv-empty", None, None)),
        ("date;montant\n1;2\n", ("csv-column-missing", 1, "montant_ht")),
        ("15/11/2026;10\n", ("csv-column-missing", 1, "date, montant_ht")),
        ("date;ht;montant_ht\n1;2;3\n", ("csv-column-twice", 1, "montant_ht")),
        (b"PK\x03\x04\x00\x00xlsx", ("csv-not-text", None, None)),
        (b"date;ht\n\x81\x8d;1\n", ("csv-not-text", None, None)),
        ('date;ht\n15/11/2026;"' + "1;\n" * 500, ("csv-broken", 2, None)),
    ],
    ids=["empty", "blank", "column", "no header", "twice", "zip", "no encoding", "open quote"],
)
def test_what_is_no_table_is_told_with_its_place(
    data: bytes | str, told: tuple[str, int | None, str | None]
) -> None:
    assert fault(data) == told


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_are_told_why_not(data: bytes) -> None:
    try:
        read_table(data, COLUMNS, ())
    except NotATable as stopped:
        assert stopped.problem.code.startswith("csv-")


@given(
    st.lists(
        st.tuples(CELL, CELL),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(";,\t|"),
)
def test_what_a_program_writes_is_what_is_read(rows: list[tuple[str, str]], separator: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator)
    writer.writerow(["date", "ht"])
    writer.writerows(rows)
    expected = [
        {name: cell.strip() for name, cell in zip(("date", "montant_ht"), row, strict=True) if cell.strip()}
        for row in rows
    ]
    assert [line.cells for line in table(written.getvalue()).lines] == [cells for cells in expected if cells]


def test_names_of_columns_are_compared_without_accents_capitals_and_signs() -> None:
    assert folded(" Montant H.T. (€) ") == "montant_h_t"
    assert folded("CATÉGORIE") == folded("categorie") == "categorie"


# --------------------------------------------------------------------------- cells
@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-11-15", "2026-11-15"),
        ("2026-11-15 00:00:00", "2026-11-15"),
        ("2026-11-15T08:30:00+01:00", "2026-11-15"),
        ("2026/11/5", "2026-11-05"),
        ("20261115", "2026-11-15"),
        ("15/11/2026", "2026-11-15"),
        ("5.1.2026", "2026-01-05"),
        ("15-11-2026", "2026-11-15"),
        ("15/11/2026 08:30", "2026-11-15"),
        ("31/11/2026", None),
        ("11/15/2026", None),
        ("15/11/26", None),
        ("hier", None),
        ("TOTAL", None),
    ],
)
def test_a_day_in_every_usual_form(cell: str, day: str | None) -> None:
    assert read_day(cell) == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1210.50", "1210.50"),
        ("1210,5", "1210.50"),
        ("1 210,50", "1210.50"),
        ("1\u00a0210,50\u00a0€", "1210.50"),
        ("1\u202f210,50", "1210.50"),
        ("1.210,50", "1210.50"),
        ("1,210.50", "1210.50"),
        ("1.234.567,89 EUR", "1234567.89"),
        ("12'000.00", "12000.00"),
        ("-12,00", "-12.00"),
        ("12,00-", "-12.00"),
        ("\u221212", "-12.00"),
        ("+12", "12.00"),
        ("0", "0.00"),
        ("1,234", None),  # a thousand, or one and a bit?
        ("1.234", None),
        ("1,23,4", None),
        ("12.34.56", None),
        ("1.23,4", None),
        ("12,345.6789", None),
        ("1e3", None),
        ("NaN", None),
        ("", None),
        ("€", None),
        ("abc", None),
        ("1" * 18, None),
    ],
)
def test_an_amount_in_every_usual_form_and_no_guess_at_any_other(cell: str, amount: str | None) -> None:
    assert read_amount(cell) == (Decimal(amount) if amount else None)


@given(st.decimals(-(10**12), 10**12, places=2))
def test_an_amount_is_the_same_in_french_and_in_english(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    french = english.replace(",", "\u00a0").replace(".", ",")
    german = english.replace(",", "x").replace(".", ",").replace("x", ".")
    assert read_amount(english) == read_amount(french) == read_amount(german) == amount


@pytest.mark.parametrize(
    ("cell", "rate"),
    [("20", "20"), ("5,5", "5.5"), ("5.50", "5.5"), ("20 %", "20"), ("0", "0"), ("x", None), ("-5", None)],
)
def test_a_rate(cell: str, rate: str | None) -> None:
    assert read_rate(cell) == (Decimal(rate) if rate else None)


@pytest.mark.parametrize(
    ("cell", "count"), [("12", 12), ("1 200", 1200), ("12,00", 12), ("12,5", None), ("-1", None), ("x", None)]
)
def test_a_count(cell: str, count: int | None) -> None:
    assert read_count(cell) == count
