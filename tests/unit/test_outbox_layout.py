"""Values from outside are harmless, and lines keep within their columns, whatever comes in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outbox import formats
from connector.outbox.layout import clean, columns, wrapped

ANYTHING = st.text(st.characters())  # every code point, lone surrogates too


@given(ANYTHING, st.integers(1, 200))
def test_N02_a_cleaned_value_cannot_act_on_its_reader(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert not any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in shown
    )
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\r\nb\tc", "a b c"),
        ("\x1b[31mrouge", "[31mrouge"),
        ("fact\u202exml.exe", "factxml.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("e\u0301te\u0301", "été"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_N02_what_acts_is_taken_out_and_what_is_long_is_cut(raw: str, shown: str) -> None:
    assert clean(raw, 20) == shown


@given(st.text(), st.sampled_from(["", "  ", "1) ", " " * 23]))
def test_a_line_is_never_wider_than_78_columns(text: str, first: str) -> None:
    for line in wrapped(clean(text, 400), first):
        assert columns(line) <= 78


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=120)))
def test_wrapping_loses_nothing(words: list[str]) -> None:
    text = " ".join(words)
    lines = wrapped(text, "* ", "  ")
    assert lines[0].startswith("*")
    assert "".join(line[2:] for line in lines).replace(" ", "") == text.replace(" ", "")


def test_wide_characters_count_twice_and_accents_that_combine_not_at_all() -> None:
    assert columns("日本") == 4
    assert columns("q\u0323") == 1


def test_a_space_that_must_not_break_does_not() -> None:
    assert all(
        "1\u00a0210,00\u00a0EUR" in line or "x" in line
        for line in wrapped("x" * 70 + " 1\u00a0210,00\u00a0EUR")
    )


@pytest.mark.parametrize(
    ("written", "french", "english"),
    [
        ("1210.00", "1\u00a0210,00\u00a0EUR", "1,210.00\u00a0EUR"),
        ("-1234567.8", "-1\u00a0234\u00a0567,8\u00a0EUR", "-1,234,567.8\u00a0EUR"),
        ("0.00", "0,00\u00a0EUR", "0.00\u00a0EUR"),
        ("1 210,00", "1 210,00\u00a0EUR", "1 210,00\u00a0EUR"),
        ("1e3", "1e3\u00a0EUR", "1e3\u00a0EUR"),
        ("NaN", "NaN\u00a0EUR", "NaN\u00a0EUR"),
    ],
)
def test_amounts_are_written_as_the_reader_writes_them(written: str, french: str, english: str) -> None:
    assert formats.amount(written, "EUR", "fr") == french
    assert formats.amount(written, "EUR", "en") == english


def test_dates_identifiers_and_sizes_too() -> None:
    assert formats.day("2026-11-21", "fr") == "21/11/2026"
    assert formats.day("2026-13-45", "fr") == "2026-13-45"
    assert formats.siren("732829320") == "732\u00a0829\u00a0320"
    assert formats.siren("73282932") == "73282932"
    assert formats.size("157286400", "fr") == "150\u00a0Mo"
    assert formats.size("1536", "en") == "1.5\u00a0KB"
    assert formats.size("12", "fr") == "12\u00a0octets"
