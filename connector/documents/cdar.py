"""The business summary of a lifecycle message (flux 6): UN/CEFACT CDAR D22B as XP Z12-012 uses it."""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from connector.documents.reading import children, date, party, text, walk
from connector.documents.tally import Tally
from connector.model import Announced, Document, Family, Party, Reason, Reference, StatusAmount, Syntax

MOST = 5000  # statuses told of one message; the portal asks for at most 2000 in a flow (DGFiP v3.2 §3.4.6)
_EACH = 50  # reasons, and amounts, told of one status
_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?")


class StatusTally(Tally):
    """The statuses of a message, each a `ReferenceReferencedDocument`, as they go by."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[Announced] = []

    def see(self, line: etree._Element) -> None:
        """Take the status of one document in."""
        super().see(line)
        if len(self.statuses) < MOST:
            self.statuses.append(_announced(line))


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
    """What people recognise the message by: which invoice, which status, who says so to whom.

    A message may speak of several documents; the first one is told by itself, `lines` is how many there are.
    """
    context = walk(root, "ExchangedDocumentContext")
    head = walk(root, "ExchangedDocument")
    answer = walk(root, "AcknowledgementDocument")
    about = walk(answer, "ReferenceReferencedDocument")
    return Document(
        family=Family.LIFECYCLE,
        syntax=Syntax.CDAR,
        kind=kind,
        profile=text(context, "GuidelineSpecifiedDocumentContextParameter", "ID"),
        number=text(head, "ID") or text(head, "GlobalID"),
        issue_date=_day(head) or _day(answer),
        type_code=text(answer, "TypeCode"),
        lines=tally.lines,
        sender=_party(walk(head, "SenderTradeParty")),
        recipient=_party(walk(head, "RecipientTradeParty")),
        status_code=text(about, "ProcessConditionCode") or text(answer, "ProcessConditionCode"),
        about=None if about is None else _reference(about),
        statuses=_told(answer, _moment(answer) or _moment(head), tally),
    )


def _told(answer: etree._Element | None, at: str | None, tally: Tally) -> tuple[Announced, ...]:
    """The statuses with what the message says once for all of them."""
    seen = tally.statuses if isinstance(tally, StatusTally) else []
    code, words = text(answer, "ProcessConditionCode"), text(answer, "ProcessCondition")
    return tuple(
        replace(each, code=each.code or code, words=each.words or words, at=each.at or at) for each in seen
    )


def _announced(about: etree._Element) -> Announced:
    """One referenced document with its status; the reasons stand below it."""
    given = list(children(about, "SpecifiedDocumentStatus"))[:_EACH]
    first = given[0] if given else None
    reasons = [
        Reason(code=text(each, "ReasonCode"), words=text(each, "Reason") or text(each, "ReasonInformation"))
        for each in given
    ]
    amounts = [amount for each in given for amount in _amounts(each)]
    return Announced(
        code=text(about, "ProcessConditionCode") or text(first, "ProcessConditionCode"),
        words=text(about, "ProcessCondition") or text(first, "ProcessCondition"),
        at=_written(text(first, "ReferenceDateTime", "DateTimeString")),
        about=_reference(about),
        reasons=tuple(reason for reason in reasons if reason.code or reason.words),
        amounts=tuple(amounts[:_EACH]),
    )


def _amounts(status: etree._Element) -> list[StatusAmount]:
    found = []
    for each in children(status, "SpecifiedDocumentCharacteristic"):
        amount = walk(each, "ValueAmount")
        if amount is not None and (value := text(amount)):
            found.append(
                StatusAmount(
                    kind=text(each, "TypeCode"),
                    amount=value,
                    currency=amount.get("currencyID") or None,
                    rate=text(each, "ValuePercent"),
                )
            )
    return found


def _reference(about: etree._Element) -> Reference:
    return Reference(
        number=text(about, "IssuerAssignedID") or text(about, "GlobalID"),
        issue_date=date(text(about, "FormattedIssueDateTime", "DateTimeString")),
        type_code=text(about, "TypeCode"),
        issuer=_party(walk(about, "IssuerTradeParty")),
    )


def _day(node: etree._Element | None) -> str | None:
    return date(text(node, "IssueDateTime", "DateTimeString"))


def _moment(node: etree._Element | None) -> str | None:
    return _written(text(node, "IssueDateTime", "DateTimeString"))


def _written(written: str | None) -> str | None:
    """AAAAMMJJHHMMSS (format 204) as an ISO date and time; a date alone as one; anything else as written."""
    if (found := _MOMENT.fullmatch(written or "")) is None:
        return date(written)
    year, month, day, hour, minute, second = found.groups(default="00")
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}"


def _party(node: etree._Element | None) -> Party:
    identifiers = [*children(node, "GlobalID"), *children(node, "ID")]
    number = next((":".join(filter(None, [id_.get("schemeID"), text(id_)])) for id_ in identifiers), None)
    return party(
        (), identifiers, name=text(node, "Name") or number
    )  # platforms have no SIREN here: 0238:9999
