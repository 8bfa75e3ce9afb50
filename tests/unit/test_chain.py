"""The hash chain: whatever is altered afterwards is found, and where."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.journal.chain import GENESIS, canonical, first_break, link

Row = tuple[int, str, str, str, str, str]
texts = st.text(max_size=20)
histories = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8)


def chained(events: list[tuple[str, str, str]]) -> list[Row]:
    rows: list[Row] = []
    previous = GENESIS
    for seq, (job, kind, body) in enumerate(events, start=1):
        at = f"2026-11-22T10:00:{seq:02d}"
        previous = link(previous, seq, at, job, kind, body)
        rows.append((seq, at, job, kind, body, previous))
    return rows


@given(histories)
def test_an_untouched_history_holds(events: list[tuple[str, str, str]]) -> None:
    assert first_break(chained(events)) is None


def test_an_empty_history_holds() -> None:
    assert first_break([]) is None


@given(histories, st.data())
def test_any_altered_character_of_any_column_is_found_at_its_line(
    events: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    rows = chained(events)
    line = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 5))
    row: list[Any] = list(rows[line])
    row[column] = row[column] + 1 if column == 0 else row[column] + "x"
    rows[line] = tuple(row)
    assert first_break(rows) == row[0]


@given(histories.filter(lambda events: len(events) > 1), st.data())
def test_a_line_taken_out_of_the_middle_is_found(
    events: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    rows = chained(events)
    line = data.draw(st.integers(0, len(rows) - 2))
    del rows[line]
    assert first_break(rows) == line + 2


@given(histories.filter(lambda events: len(events) > 1))
def test_a_line_rewritten_with_a_fitting_hash_breaks_the_next_one(events: list[tuple[str, str, str]]) -> None:
    rows = chained(events)
    seq, at, job, kind, body, _ = rows[0]
    rows[0] = (seq, at, job, kind, body + "x", link(GENESIS, seq, at, job, kind, body + "x"))
    assert first_break(rows) == 2


@given(st.dictionaries(texts, texts | st.integers() | st.none()))
def test_one_object_has_one_spelling(body: dict[str, Any]) -> None:
    assert canonical(body) == canonical(dict(reversed(body.items())))
    assert "\n" not in canonical(body)
