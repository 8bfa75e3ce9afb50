"""Pieces that every text for people is made of: labelled facts, paragraphs, a document, its points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.messages import Messages
from connector.model import Document, Family, Party
from connector.outbox import formats
from connector.outbox.layout import clean, columns, wrapped
from connector.outbox.points import SHOWN, Point, entry_of, expected_of, found_of, place_of, reference_of

_LABEL = 16  # columns of a label
_INSIDE = " " * 5  # before the labels of a point


def text_file(lines: Sequence[str]) -> bytes:
    """Lines as a text that Notepad shows as it is meant: UTF-8 with BOM, CRLF."""
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode("utf-8")


def fact(messages: Messages, label: str, value: str, before: str = "") -> list[str]:
    """A value behind its label, a key under `notice`."""
    return labelled(messages.text(f"notice.{label}"), value, before)


def labelled(label: str, value: str, before: str = "") -> list[str]:
    """A value behind its label, in a column of its own."""
    return wrapped(value, f"{before}{label}{' ' * (_LABEL - columns(label))}: ")


def paragraph(text: str) -> list[str]:
    """A text set in by two columns."""
    return wrapped(text, "  ")


def business(document: Document, messages: Messages) -> Iterator[str]:
    """What an accountant recognises a document by."""
    language, reports = messages.language, document.family is Family.EREPORTING
    if seller := company(document.seller, messages):
        yield from fact(messages, "declarant" if reports else "seller", seller)
    if buyer := company(document.buyer, messages):
        yield from fact(messages, "buyer", buyer)
    if document.issue_date:
        date = formats.day(document.issue_date, language)
        yield from labelled(messages.words(document)["date"], date)
    if document.period_start and document.period_end:
        start, end = formats.day(document.period_start, language), formats.day(document.period_end, language)
        yield from fact(messages, "period", messages.text("notice.period_range", start=start, end=end))
    if reports and document.type_code:
        kind = clean(document.type_code, 40)
        yield from fact(messages, "report_type", messages.label("report_type", kind))
    if document.total_with_vat:
        total = formats.amount(document.total_with_vat, document.currency, language)
        yield from fact(messages, "total", total)
    elif document.total_without_vat:
        total = formats.amount(document.total_without_vat, document.currency, language)
        yield from fact(messages, "total_without_vat", total)


def company(party: Party, messages: Messages) -> str | None:
    """A company by its name and SIREN, as far as they are known; None when neither is."""
    name = clean(party.name, 80) if party.name else ""
    if party.siren and name:
        return messages.text("notice.company", name=name, siren=formats.siren(party.siren))
    if party.siren:
        return messages.text("notice.company_siren", siren=formats.siren(party.siren))
    return name or None


def told_points(
    points: Sequence[Point],
    document: Document | None,
    details: str,
    messages: Messages,
    *,
    actions: bool = True,
) -> list[str]:
    """Points one by one, a blank line before each; beyond a screenful only how many more there are.

    Args:
        details: where the others are told, in words.
        actions: whether to say of each point what to do.
    """
    lines = [line for point in points[:SHOWN] for line in ("", *_point(point, document, actions, messages))]
    if left := len(points[SHOWN:]):
        lines += ["", *wrapped(messages.count("notice.more", left, details=details))]
    return lines


def _point(point: Point, document: Document | None, actions: bool, messages: Messages) -> list[str]:
    problem = point.first
    entry = entry_of(problem, document, messages)
    lines = wrapped(entry.title, f"{point.n}) ")
    if entry.meaning:
        lines += wrapped(entry.meaning, _INSIDE)
    # Words that are the title already are not said twice; a rule that we explain needs none of its own.
    from_platform = problem.source == "platform" and messages.knows(problem.code)
    quoted = problem.message and (from_platform or entry.is_general)
    words = messages.text("notice.quoted", words=clean(problem.message or "", 300)) if quoted else None
    for label, value in (
        ("where", place_of(point, messages)),
        ("found", found_of(point, messages)),
        ("expected", expected_of(problem, messages)),
        ("said" if from_platform else "rule", words),
        ("action", entry.action if actions else None),
        ("reference", reference_of(point, messages)),
    ):
        if value:
            lines += fact(messages, label, value, _INSIDE)
    return lines
