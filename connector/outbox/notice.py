"""The text that an accountant opens: `FA2.xml.ERREUR.txt`.

Its first line alone says what happened to which document; the whole answers which document, what is wrong,
where, what to do, and whether the same number may be used again. Written for Notepad: UTF-8 with BOM, CRLF,
78 columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.messages import Language, Messages
from connector.model import Document, Outcome
from connector.outbox import bundle, formats
from connector.outbox.advice import held_for
from connector.outbox.blocks import business, fact, paragraph, text_file, told_points
from connector.outbox.case import (
    Case,
    about_twin,
    details_of,
    in_time,
    result_of,
    shown_name,
    title_of,
    what_happened,
    what_next,
    which_number,
)
from connector.outbox.layout import WIDTH, clean, wrapped
from connector.outbox.points import Point, entry_of, found_of, place_of

_COMPARED = {"report-carries-less", "recipient-other-address"}  # a hold whose values are told as points too
_WARNINGS = 5  # told one by one; the others are counted
_REASONS = {Outcome.INADMISSIBLE, Outcome.REJECTED_BY_PLATFORM, Outcome.REFUSED_BY_BUYER}


def write_notice(case: Case, messages: Messages) -> bytes:
    """The whole text as the bytes of its file."""
    return text_file(notice_lines(case, messages))


def notice_lines(case: Case, messages: Messages) -> list[str]:
    """The whole text, line by line; of a file that was only looked at, nothing of folders and jobs."""
    lines = [*_title(case, messages), "=" * WIDTH, *_facts(case, messages)]
    lines += ["", messages.text("notice.happened"), *paragraph(what_happened(case, messages))]
    lines += bundle.listed(case.documents, details_of(case, messages), messages)
    lines += _twin(case, messages)
    told = held_for(case.codes) if case.outcome is Outcome.HELD else None
    hidden = {told} - _COMPARED
    errors = [point for point in case.points if point.is_error and point.first.code not in hidden]
    lines += told_points(errors, case.job.document, details_of(case, messages), messages)
    lines += _warnings(case, messages)
    lines += ["", messages.text("notice.next"), *paragraph(what_next(case, messages))]
    for sentence in (which_number(case, messages), in_time(case.act_by, messages)):
        lines += paragraph(sentence) if sentence else []
    if case.outcome is not Outcome.HELD and case.environment is not None:
        lines += paragraph(messages.text("notice.closing", errors_folder=case.errors_folder))
    if case.environment is not None:
        lines += ["", *_help(case, messages)]
    return lines


def _title(case: Case, messages: Messages) -> list[str]:
    document, words = case.job.document, messages.words(case.job.document)
    subject = clean(document.number, 40) if document and document.number else ""
    title = messages.text(
        "notice.title",
        header=words["header"],
        subject=subject or clean(shown_name(case.job), 60),
        title=title_of(case, messages),
    )
    counted = "notice.reasons" if case.outcome in _REASONS else "notice.points"
    if case.outcome is Outcome.HELD:
        title += f" – {messages.text('notice.decision')}"
    elif case.codes:
        count = messages.count(counted, len(case.codes))
        title += f" – {count}".replace(" ", "\u00a0").replace("\u00a0", " ", 1)
    return wrapped(title)


def _facts(case: Case, messages: Messages) -> Iterator[str]:
    dropped = case.local(case.job.claimed_at)
    date, time = formats.day_of(dropped, messages.language), formats.time_of(dropped)
    name = shown_name(case.job)
    if case.environment is None:
        yield from fact(messages, "looked_at", name)
    else:
        yield from fact(messages, "file", messages.text("notice.received", name=name, date=date, time=time))
    if case.job.document:
        yield from business(case.job.document, messages)
    if case.environment not in (None, "production"):
        yield from fact(messages, "environment", messages.label("environment", case.environment))


def _twin(case: Case, messages: Messages) -> list[str]:
    """The other file of a clash, so that the reader can lay the two side by side."""
    if case.job.twin is None:
        return []
    if case.twin is None:
        return ["", *paragraph(about_twin(case, messages) or "")]
    dropped = case.local(case.twin.claimed_at)
    date, time = formats.day_of(dropped, messages.language), formats.time_of(dropped)
    name = shown_name(case.twin)
    received = messages.text("notice.received", name=name, date=date, time=time)
    lines = ["", *fact(messages, "other_file", received)]
    if content := _content(case.twin.document, messages.language):
        lines += fact(messages, "other_content", content)
    return [*lines, *fact(messages, "other_result", result_of(case.twin, messages))]


def _content(document: Document | None, language: Language) -> str:
    """The three facts that tell two documents of one number apart: for whom, of when, how much."""
    if document is None:
        return ""
    total = document.total_with_vat or document.total_without_vat
    facts = (
        clean(document.buyer.name, 80) if document.buyer.name else None,
        formats.day(document.issue_date, language) if document.issue_date else None,
        formats.amount(total, document.currency, language) if total else None,
    )
    return " – ".join(fact for fact in facts if fact)


def _warnings(case: Case, messages: Messages) -> list[str]:
    """What prevents nothing, briefly: one sentence each."""
    warnings = [point for point in case.points if not point.is_error]
    if not warnings:
        return []
    lines = ["", *wrapped(messages.text("notice.warnings"))]
    for point in warnings[:_WARNINGS]:
        lines += wrapped(warning_of(point, case.job.document, messages), "  – ")
    if left := len(warnings) - _WARNINGS:
        lines += (
            paragraph(messages.count("notice.more_warnings", left, details=details_of(case, messages)))
            if left > 0
            else []
        )
    return lines


def warning_of(point: Point, document: Document | None, messages: Messages) -> str:
    """A point in one line: what it is, where, and its code."""
    where = place_of(point, messages)
    facts = ", ".join(filter(None, (where, clean(point.first.code, 60))))
    return f"{entry_of(point.first, document, messages).title.rstrip('.')} ({facts})."


def _help(case: Case, messages: Messages) -> Iterator[str]:
    yield from wrapped(messages.text("notice.help"))
    yield from fact(messages, "job", case.job.id)
    for point in case.points:
        told = point.first.code in _COMPARED
        if case.outcome is Outcome.HELD and not told and point.first.code == held_for(case.codes):
            found = found_of(point, messages)
            yield from fact(messages, "reference", f"{point.first.code}{f' ({found})' if found else ''}")
    if case.job.flow_id:
        yield from wrapped(messages.text("notice.flow", flow=clean(case.job.flow_id, 80)))
