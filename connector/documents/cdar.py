"""The business summary of a lifecycle message (flux 6): UN/CEFACT CDAR D22B as XP Z12-012 uses it."""

from __future__ import annotations

from lxml import etree

from connector.documents.reading import children, date, party, text, walk
from connector.documents.tally import Tally
from connector.model import Document, Family, Party, Reference, Syntax


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
    """What people recognise the message by: which invoice, which status, who says so to whom.

    A message may speak of several documents; the first one is told, `lines` is how many there are.
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
    )


def _reference(about: etree._Element) -> Reference:
    return Reference(
        number=text(about, "IssuerAssignedID") or text(about, "GlobalID"),
        issue_date=date(text(about, "FormattedIssueDateTime", "DateTimeString")),
        type_code=text(about, "TypeCode"),
        issuer=_party(walk(about, "IssuerTradeParty")),
    )


def _day(node: etree._Element | None) -> str | None:
    return date(text(node, "IssueDateTime", "DateTimeString"))


def _party(node: etree._Element | None) -> Party:
    identifiers = [*children(node, "GlobalID"), *children(node, "ID")]
    number = next((":".join(filter(None, [id_.get("schemeID"), text(id_)])) for id_ in identifiers), None)
    return party(
        (), identifiers, name=text(node, "Name") or number
    )  # platforms have no SIREN here: 0238:9999
