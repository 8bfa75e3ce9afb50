"""No value from outside becomes a formula in a spreadsheet, and no number is damaged on the way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cells import neutral

FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?[0-9][0-9 \u00a0\u202f]*([.,][0-9]+)?")
nasty = st.text(st.sampled_from("=+-@\t\r\n＝;,|\"' a1.") | st.characters(), max_size=20)


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1:A9)", "'@SUM(A1:A9)"),
        ("+33 1 23 45 67 89", "+33 1 23 45 67 89"),
        ("-12.00", "-12.00"),
        ("-1 210,00", "-1 210,00"),
        ("-12.00+A1", "'-12.00+A1"),
        ("\t=1+1", "'\t'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("Dupont;=1+1", "Dupont;'=1+1"),
        ('Dupont,"=1+1', "Dupont,\"'=1+1"),
        ("Exemple SAS", "Exemple SAS"),
        ("FA-2026-1", "FA-2026-1"),
        ("", ""),
    ],
)
def test_a_cell_is_text_or_a_number(written: str, cell: str) -> None:
    assert neutral(written) == cell


@given(nasty)
def test_no_cell_is_a_formula_whatever_separates_the_cells(written: str) -> None:
    whole = neutral(written)
    for cells in ([whole], *(whole.split(separator) for separator in ";,\t|")):
        formulas = [cell for cell in cells if FORMULA.match(cell.strip('"')) and not NUMBER.fullmatch(cell)]
        assert formulas == []
