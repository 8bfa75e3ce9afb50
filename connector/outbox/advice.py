"""What to do after an outcome or a status, who does it, and whether the same number may be used again. Pure.

It depends on the status and its reasons together: `advice.toml` is the table, and says where its rules come
from. This module finds the row.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from connector.model import Family, Outcome


class Action(StrEnum):
    """Next step for the sender (member `next.action` of the result file)."""

    NONE = "none"
    FIX_AND_DROP_AGAIN = "fix_and_drop_again"
    NEW_INVOICE_NEW_NUMBER = "new_invoice_new_number"
    RESEND_UNCHANGED = "resend_unchanged"
    SEND_DOCUMENTS = "send_documents"
    CONTACT_RECIPIENT = "contact_recipient"
    CONTACT_ADMIN = "contact_admin"
    WAIT = "wait"


class Who(StrEnum):
    """Who must act."""

    NOBODY = "nobody"
    ACCOUNTING = "accounting"  # whoever issues the documents
    IT = "it"  # whoever runs the connector or the software that exports


class Number(StrEnum):
    """What became of the document's number; the keys of the sentences under `number` in the catalogues."""

    NEVER_ISSUED = "never-issued"
    UNCHANGED = "unchanged"  # issued, and the same document goes out again under it
    VOID = "void"  # issued, then turned down
    TAKEN = "taken"  # another document bears it
    STANDS = "stands"  # the earlier deposit of this document counts
    VALID = "valid"  # this document bears it and stays valid; one that corrects it bears its own
    UNDECIDED = "undecided"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    action: Action
    number: Number
    who: Who
    because: str | None = None  # a key under `next.because` that says it better than the action alone

    @property
    def same_number_allowed(self) -> bool | None:
        """Whether a new file may bear the same number; None while that is open, or when nobody asks."""
        match self.number:
            case Number.NEVER_ISSUED | Number.UNCHANGED:
                return True
            case Number.VOID | Number.TAKEN | Number.STANDS | Number.VALID:
                return False
            case _:
                return None


LOST = {"inspection-lost", "inspection-io"}  # our checker gave up; the file may be sound
NOT_ALL_SOUND = "bundle-refused"  # sound, but another document of its bundle is not


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the table; an empty condition holds for everything."""

    status: frozenset[str]
    any: tuple[str, ...]
    all: tuple[str, ...]
    family: frozenset[str]
    sent: bool | None
    taken: bool | None
    advice: Advice

    def fits(self, status: str, codes: frozenset[str], family: Family, sent: bool, taken: bool) -> bool:
        return (
            status in self.status
            and (not self.any or any(_among(code, self.any) for code in codes))
            and (not self.all or (bool(codes) and all(_among(code, self.all) for code in codes)))
            and (not self.family or family in self.family)
            and self.sent in (None, sent)
            and self.taken in (None, taken)
        )


def advice(
    status: Outcome | str,
    codes: Iterable[str],
    *,
    family: Family | None = None,
    sent: bool = False,
    taken: bool = True,
) -> Advice:
    """The advice for one outcome of ours, or for one status of the lifecycle.

    A status that nobody knows asks for somebody's eyes when it comes with a reason: statuses that need no act
    have none.

    Args:
        status: an outcome, or the code of a status ("210").
        codes: the codes of the errors or reasons behind it (`Problem.code`).
        family: what the document is; None when unknown.
        sent: an attempt to send it was begun.
        taken: the platform gave it a flow identifier. A deposit that was refused outright issued nothing.
    """
    given = frozenset(codes)
    kind = family or Family.INVOICE
    row = next((row for row in _rows() if row.fits(status, given, kind, sent, taken)), None)
    if row is not None:
        return row.advice
    if given:
        return Advice(
            action=Action.CONTACT_ADMIN, number=Number.UNDECIDED, who=Who.IT, because="status-unknown"
        )
    return Advice(action=Action.NONE, number=Number.NOT_ASKED, who=Who.NOBODY)


def held_for(codes: Iterable[str]) -> str | None:
    """The code that explains why a job is held, the most telling first; None when none of them does."""
    return advice(Outcome.HELD, codes).because


def _among(code: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(code, pattern) for pattern in patterns)


@cache
def _rows() -> tuple[_Row, ...]:
    path = Path(__file__).with_name("advice.toml")
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))

    def named(row: dict[str, Any], condition: str) -> tuple[str, ...]:
        return tuple(
            code
            for name in row.get(condition, ())
            for code in (table["set"][name[1:]] if name.startswith("@") else [name])
        )

    return tuple(
        _Row(
            status=frozenset(row["status"]),
            any=named(row, "any"),
            all=named(row, "all"),
            family=frozenset(row.get("family", ())),
            sent=row.get("sent"),
            taken=row.get("taken"),
            advice=Advice(
                action=Action(row["action"]),
                number=Number(row["number"]),
                who=Who(row["who"]),
                because=row.get("because"),
            ),
        )
        for row in table["row"]
    )
