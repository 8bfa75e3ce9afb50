"""The answers to a list of recipients, as a table that a spreadsheet opens and a program reads.

UTF-8 with a mark, semicolons, CRLF: what French spreadsheets open by a double click. Headings and codes are
in English and stay as they are; sentences are in both languages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from connector.cells import neutral
from connector.directory import DirectoryLine, LineStatus, Reach
from connector.messages import Messages
from connector.outbox.layout import clean
from connector.recipient_list import Answered

COLUMNS = (
    "identifier",
    "asked",
    "reachable",
    "line",
    "status",
    "platform",
    "valid_from",
    "valid_to",
    "name",
    "message",
    "message_en",
)
_BEST_FIRST = (LineStatus.ENABLED, LineStatus.UPCOMING, LineStatus.UNKNOWN, LineStatus.DISABLED)
_REACHABLE = {Reach.REACHABLE: "yes", Reach.UNKNOWN: "unknown"}


def write_answers(answers: Iterable[Answered], messages: Messages, english: Messages) -> bytes:
    """One line for each question, in the order of the list."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        writer.writerow([neutral(clean(cell, 200)) for cell in _cells(answer, messages, english)])
    return table.getvalue().encode("utf-8-sig")


def _cells(answer: Answered, messages: Messages, english: Messages) -> list[str]:
    question, told = answer.question, answer.told
    reach = told.reach if told else Reach.UNKNOWN
    lines = told.lines if told else ()
    line = min(lines, key=lambda line: _BEST_FIRST.index(line.status), default=None)
    said = "no-identifier" if question.address is None else str(reach)
    return [
        question.written,
        str(question.address or ""),
        _REACHABLE.get(reach, "no"),
        *_about(line),
        *(_said(each.label("reach", said)) for each in (messages, english)),
    ]


def _about(line: DirectoryLine | None) -> list[str]:
    if line is None:
        return [""] * 6
    facts = (line.address, line.status, line.platform, line.valid_from, line.valid_to, line.name)
    return [clean(fact or "", 200) for fact in facts]


def _said(label: str) -> str:
    return f"{label[:1].upper()}{label[1:]}."
