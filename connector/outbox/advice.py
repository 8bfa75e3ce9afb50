"""What to do after an outcome, who does it, and whether the same number may be used again. Pure.

The rule is that of a French invoice's identity: number, year of issue and seller (DGFiP annexe 7, G1.45). A
number is free as long as nothing was issued under it; it is used up once the platform or the buyer has turned
down an issued invoice (DGFiP external specifications v3.2 §3.6.4); and while nobody knows, nobody may use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connector.crosscheck import is_technical
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
            case Number.VOID | Number.TAKEN | Number.STANDS:
                return False
            case _:
                return None


LOST = {"inspection-lost", "inspection-io"}  # our checker gave up; the file may be sound
NOT_ALL_SOUND = "bundle-refused"  # sound, but another document of its bundle is not
_REPEATED = {"AlreadyExistingFlow", "DOUBLON", "REJ_UNI", "IRR_UNICITE", "IRR_UNCITE"}
# Chorus Pro makes no invoice of a flow that it rejects at integration: the number stays free.
_NOT_INTEGRATED = {"chorus-rejection", "IN_REJETE"}
_THREATS = {"VirusFound", "IRR_ANTIVIRUS"}
_ROUTING = {"ROUTAGE_ERR", "221"}
_UNREACHABLE = (  # as the directory says
    "recipient-unknown",
    "recipient-other-address",
    "recipient-inactive",
    "recipient-not-yet",
)
_HELD_FOR = (
    *_UNREACHABLE,
    "number-void",
    "same-number",
    "same-content",
    "report-carries-less",
    "report-already-sent",
    "found-several",
    "already-exists",
    "in-doubt",
    "flow-unknown",
    "state-unknown",
    "flow-stuck",
    "source-changed",
    "never-settles",
)


def advice(
    outcome: Outcome,
    codes: Iterable[str],
    *,
    family: Family | None = None,
    sent: bool = False,
    taken: bool = True,
) -> Advice:
    """The advice for one outcome.

    Args:
        codes: the codes of the errors behind it (`Problem.code`, lifecycle status codes included).
        family: what the document is; None when unknown.
        sent: an attempt to send it was begun.
        taken: the platform gave it a flow identifier. A deposit that was refused outright issued nothing.
    """
    given = frozenset(codes)
    match outcome:
        case Outcome.ACCEPTED:
            return _after_acceptance(given)
        case Outcome.REJECTED_BEFORE_SENDING:
            return _refused_here(given)
        case Outcome.UNREADABLE:
            return _unreadable(given)
        case Outcome.INADMISSIBLE if given & _REPEATED:
            return _rejected(given, family, taken)
        case Outcome.INADMISSIBLE:
            return _technical(given)
        case Outcome.REJECTED_BY_PLATFORM:
            return _rejected(given, family, taken)
        case Outcome.REFUSED_BY_BUYER:
            return Advice(action=Action.NEW_INVOICE_NEW_NUMBER, number=Number.VOID, who=Who.ACCOUNTING)
        case Outcome.ANSWERED:
            return Advice(action=Action.NONE, number=Number.NOT_ASKED, who=Who.NOBODY)
        case Outcome.DUPLICATE:
            return Advice(action=Action.NONE, number=Number.STANDS, who=Who.NOBODY)
        case Outcome.HELD:
            return _held(given)
        case Outcome.CANCELLED if NOT_ALL_SOUND in given:
            return Advice(
                action=Action.RESEND_UNCHANGED,
                number=Number.NEVER_ISSUED,
                who=Who.ACCOUNTING,
                because=NOT_ALL_SOUND,
            )
        case Outcome.CANCELLED if sent:
            return Advice(action=Action.CONTACT_ADMIN, number=Number.UNDECIDED, who=Who.IT)
        case Outcome.CANCELLED:
            return Advice(action=Action.NONE, number=Number.NEVER_ISSUED, who=Who.NOBODY, because="cancelled")


def _refused_here(codes: frozenset[str]) -> Advice:
    if codes and codes <= {"kind-not-accepted", "kind-not-carried"}:
        return Advice(
            action=Action.RESEND_UNCHANGED,
            number=Number.NEVER_ISSUED,
            who=Who.ACCOUNTING,
            because="kind-not-accepted",
        )
    return Advice(action=Action.FIX_AND_DROP_AGAIN, number=Number.NEVER_ISSUED, who=Who.ACCOUNTING)


def _after_acceptance(codes: frozenset[str]) -> Advice:
    if "208" in codes:
        return Advice(action=Action.SEND_DOCUMENTS, number=Number.STANDS, who=Who.ACCOUNTING)
    if codes & {"206", "207"}:
        return Advice(action=Action.CONTACT_RECIPIENT, number=Number.STANDS, who=Who.ACCOUNTING)
    return Advice(action=Action.NONE, number=Number.NOT_ASKED, who=Who.NOBODY)


def _unreadable(codes: frozenset[str]) -> Advice:
    if codes & LOST:
        return Advice(action=Action.CONTACT_ADMIN, number=Number.NEVER_ISSUED, who=Who.IT)
    return Advice(
        action=Action.FIX_AND_DROP_AGAIN,
        number=Number.NEVER_ISSUED,
        who=Who.ACCOUNTING,
        because="export-again",
    )


def _technical(codes: frozenset[str]) -> Advice:
    if codes & _THREATS:
        return Advice(
            action=Action.CONTACT_ADMIN, number=Number.NEVER_ISSUED, who=Who.IT, because="VirusFound"
        )
    damaged = bool(codes) and codes <= {"ChecksumMismatch", "IN_INCIDENTE"}
    action = Action.RESEND_UNCHANGED if damaged else Action.FIX_AND_DROP_AGAIN
    return Advice(action=action, number=Number.NEVER_ISSUED, who=Who.IT)


def _rejected(codes: frozenset[str], family: Family | None, taken: bool) -> Advice:
    if codes & _REPEATED:
        return Advice(action=Action.NONE, number=Number.STANDS, who=Who.ACCOUNTING, because="repeated")
    if codes and codes <= _ROUTING:
        return Advice(action=Action.RESEND_UNCHANGED, number=Number.UNCHANGED, who=Who.ACCOUNTING)
    if not taken or (codes and all(map(is_technical, codes))):
        return _technical(codes)
    if codes & _NOT_INTEGRATED:
        return Advice(action=Action.FIX_AND_DROP_AGAIN, number=Number.NEVER_ISSUED, who=Who.ACCOUNTING)
    if family in (None, Family.INVOICE):
        return Advice(action=Action.NEW_INVOICE_NEW_NUMBER, number=Number.VOID, who=Who.ACCOUNTING)
    # A report or a status is corrected and comes again under a new identifier (DGFiP v3.2 §3.7.9).
    return Advice(action=Action.FIX_AND_DROP_AGAIN, number=Number.VOID, who=Who.ACCOUNTING)


def _held(codes: frozenset[str]) -> Advice:
    code = held_for(codes)
    match code:
        case "same-number" | "number-void":
            action, number, who = Action.FIX_AND_DROP_AGAIN, Number.TAKEN, Who.ACCOUNTING
        case "same-content":
            action, number, who = Action.CONTACT_ADMIN, Number.STANDS, Who.ACCOUNTING
        case "report-carries-less" | "report-already-sent":
            action, number, who = Action.FIX_AND_DROP_AGAIN, Number.NEVER_ISSUED, Who.ACCOUNTING
        case _ if code in _UNREACHABLE:
            action, number, who = Action.CONTACT_RECIPIENT, Number.UNCHANGED, Who.ACCOUNTING
        case "never-settles":
            action, number, who = Action.FIX_AND_DROP_AGAIN, Number.NEVER_ISSUED, Who.ACCOUNTING
        case _:
            action, number, who = Action.CONTACT_ADMIN, Number.UNDECIDED, Who.IT
    return Advice(action=action, number=number, who=who, because=code)


def held_for(codes: Iterable[str]) -> str | None:
    """The code that explains why a job is held, the most telling first; None when none of them does."""
    given = frozenset(codes)
    return next((code for code in _HELD_FOR if code in given), None)
