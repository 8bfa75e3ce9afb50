"""Lists of recipients as people export them, and the table of answers that comes back."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.directory import DirectoryLine, LineStatus, Told
from connector.messages import Messages
from connector.outbox.answers import COLUMNS, write_answers
from connector.recipient_list import MOST_LINES, Answered, NotAList, Question, is_list, questions_in
from tests.unit.test_cells import FORMULA, NUMBER

SIREN, SIRET = "702042755", "70204275500240"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def asked(data: bytes) -> list[str | None]:
    return [str(question.address) if question.address else None for question in questions_in(data)]


@pytest.mark.parametrize(
    "table",
    [
        f"{SIREN}\n{SIRET}\n",
        f"{SIREN}\r\n{SIRET}",
        f"siren\n{SIREN}\n{SIRET}\n",
        f"Client;SIRET;SIREN\nDurand;;{SIREN}\nDupont;{SIRET};{SIREN}\n",
        f"SIREN,N° SIRET,Nom\n{SIREN},,Durand\n{SIREN},{SIRET},Dupont\n",
        f"Adresse électronique\tnom\n{SIREN}\tDurand\n{SIREN}_{SIRET}\tDupont\n",
        f"adresse;siret;siren\n3 rue X;;{SIREN}\n5 rue Y;{SIRET};{SIREN}\n",
        f"Durand;{SIREN}\nDupont;{SIRET}\n",
        f'"identifiant";"nom"\n"702 042 755";"Durand; fils"\n="{SIRET}";x\n',
        f"\n;;\nsiret\n\n{SIREN}\n;\n{SIRET}\n\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_list_is_read_however_it_was_exported(table: str, encoding: str) -> None:
    data = table.encode(encoding)
    assert is_list(data[:40])
    assert asked(data) == [SIREN, f"{SIREN}_{SIRET}"]


def test_a_line_that_names_nobody_is_still_a_line() -> None:
    lines = f"siren;nom\n{SIREN};a\n12345;b\n7,02043E+08;c\n;d\n{SIREN}_{SIRET}_COMPTA;e\n".encode()
    read = list(questions_in(lines))
    assert [question.written for question in read] == [
        SIREN,
        "12345",
        "7,02043E+08",
        "",
        f"{SIREN}_{SIRET}_COMPTA",
    ]
    assert [question.address is None for question in read] == [False, True, True, True, False]
    assert [question.line for question in read] == [2, 3, 4, 5, 6]


def test_a_quote_that_is_never_closed_swallows_no_line() -> None:
    assert asked(f'siren;nom\n{SIREN};"Durand\n{SIRET};Dupont\n'.encode()) == [SIREN, f"{SIREN}_{SIRET}"]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"Bonjour,\n", b"numero;montant\nFA1;12\n", b"\x00702042755\n", b"12345\n", b"{}"]
)
def test_what_is_no_list_is_not_taken_for_one(data: bytes) -> None:
    assert not is_list(data)


def test_a_list_has_its_limit() -> None:
    lines = f"{SIREN}\n".encode()
    assert sum(1 for _ in questions_in(b"siren\n" + lines * MOST_LINES)) == MOST_LINES
    with pytest.raises(NotAList, match="list-too-long"):
        list(questions_in(lines * (MOST_LINES + 1)))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    is_list(data)
    if b"\0" not in data:
        list(questions_in(data))


# --------------------------------------------------------------------------- answers
def table(*answers: Answered) -> list[dict[str, str]]:
    written = write_answers(answers, Messages("fr"), Messages("en"))
    assert written.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";"))


def question(written: str) -> Question:
    return next(iter(questions_in(f"siren\n{written}\n".encode())))


def test_answers_come_in_the_order_of_the_list_with_the_line_that_counts() -> None:
    closed = DirectoryLine(address=SIREN, siren=SIREN, status=LineStatus.DISABLED, valid_to="2026-10-01")
    open_ = DirectoryLine(
        address=f"{SIREN}_A", siren=SIREN, platform="approved", valid_from="2026-09-01", name="Durand SA"
    )
    rows = table(
        Answered(question=question(SIREN), told=Told(at=NOW, lines=(closed, open_))),
        Answered(question=question(SIRET), told=Told(at=NOW)),
        Answered(question=question("552100554"), told=None),
        Answered(question=question("12345"), told=None),
    )
    assert tuple(rows[0]) == COLUMNS
    assert [row["reachable"] for row in rows] == ["yes", "no", "unknown", "unknown"]
    first = rows[0]
    assert (first["line"], first["status"], first["platform"]) == (f"{SIREN}_A", "enabled", "approved")
    assert (first["valid_from"], first["valid_to"], first["name"]) == ("2026-09-01", "", "Durand SA")
    assert (first["message"], first["message_en"]) == ("Joignable.", "Can be reached.")
    assert [row["asked"] for row in rows] == [SIREN, f"{SIREN}_{SIRET}", "552100554", ""]
    assert "SIREN" in rows[3]["message"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_cell_is_a_formula_or_acts_on_a_spreadsheet(written: str, name: str) -> None:
    line = DirectoryLine(address=SIREN, siren=SIREN, name=name)
    asking = Question(line=1, written=written, address=None)
    (row,) = table(Answered(question=asking, told=Told(at=NOW, lines=(line,))))
    for cell in row.values():
        assert not FORMULA.match(cell) or NUMBER.fullmatch(cell)
        assert cell == "" or cell.isprintable() or "\u00a0" in cell
