"""The text for people when a status comes after the result: `FA2_CDV_210_003.ERREUR.txt`.

A status that asks for nothing has no text: the folder of errors stays what it promises. What a status asks
for depends on its reasons too, as `advice.toml` says; what it is called is in the catalogues of `messages`,
under `lifecycle_status` and `late`. Pure: the same facts give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from connector.incoming import Delivery
from connector.messages import Messages
from connector.model import Announced, Document, Family, Job, Party, Problem, Reference, Syntax
from connector.outbox import formats
from connector.outbox.advice import Action, Advice, advice
from connector.outbox.blocks import business, company, fact, labelled, paragraph, text_file, told_points
from connector.outbox.case import in_time, next_key, shown_name, to_correct
from connector.outbox.layout import WIDTH, clean, wrapped
from connector.outbox.points import entry_of, grouped

_FAMILIES = {"3": Family.EREPORTING, "4": Family.DIRECTORY, "6": Family.LIFECYCLE}  # by the first digit
_REASON = 40  # characters of a code from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFacts:
    """One status as a platform told it."""

    code: str  # "200" … "601", as written
    at: datetime | None = None  # when it was given, aware
    reasons: tuple[Problem, ...] = ()  # source "platform"; the code of each as written
    issuer: Party = field(default_factory=Party)  # who gave it
    about: Reference | None = None  # the document it speaks of, as it names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and for whom the text is written."""

    environment: str  # "test" or "production"
    zone: tzinfo
    inbox: str  # name of the folder to drop into
    errors_folder: str  # name of the folder where the text lies
    details: str = ".json"  # suffix of the status file that holds every reason


def status_advice(status: StatusFacts, job: Job | None) -> Advice:
    """What the sender does after a status: the member `next` of its file for programs.

    Args:
        job: the deposit it is about; None when no job of ours is.
    """
    codes = [reason.code for reason in status.reasons]
    return advice(status.code, codes, family=_document(status, job).family, sent=True)


def asks_for_something(given: Advice) -> bool:
    """Whether somebody has to read of a status; "the first deposit stands" is worth a text as well."""
    return given.action is not Action.NONE or given.because is not None


def status_notice(
    status: StatusFacts,
    job: Job | None,
    setting: Setting,
    messages: Messages,
    *,
    deadline: date | None = None,
) -> bytes | None:
    """The whole text as the bytes of its file; None when the status asks for nothing.

    Args:
        job: the deposit it is about; None when no job of ours is.
        deadline: of the period that a report is about.
    """
    given = status_advice(status, job)
    if not asks_for_something(given):
        return None
    document = _document(status, job)
    words, key = messages.words(document), _key(status, given, messages)
    points = grouped(status.reasons, document)
    details = messages.text("notice.in_file", name=setting.details)
    lines = [*_title(status, document, key, len(points), messages), "=" * WIDTH]
    lines += _facts(status, job, document, setting, messages)
    happened = messages.text(f"{key}.happened", **words)
    lines += ["", messages.text("notice.happened"), *paragraph(happened)]
    # What is wrong with the platform's own data is not to be corrected in the document.
    ours = given.because != "platform-data"
    lines += told_points(points, document, details, messages, actions=ours)
    if not points:
        lines += paragraph(messages.text("late.no_reason"))
    lines += ["", messages.text("notice.next"), *_next(given, document, deadline, setting, messages)]
    lines += ["", *_help(job, messages)]
    return text_file(lines)


def facts_of(delivery: Delivery, said: Announced, at: datetime | None = None) -> StatusFacts:
    """A status as it was delivered.

    Args:
        said: what it says.
        at: when it was given, aware.
    """
    return StatusFacts(
        code=said.code or "",
        at=at,
        reasons=tuple(
            Problem(code=reason.code or "unnamed", source="platform", message=reason.words)
            for reason in said.reasons
        ),
        issuer=delivery.document.sender if delivery.document else Party(),
        about=said.about,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InShort:
    """A status that asks for something, for a line of a table."""

    document: Document
    what: str  # what became of the document, in capitals
    motives: tuple[str, ...]  # one for each reason, the first one first
    action: str
    same_number: str  # whether the number may be used again, in words; may be empty


def in_short(
    status: StatusFacts, job: Job | None, messages: Messages, *, inbox: str, errors_folder: str
) -> InShort:
    """What the text for people tells, for a line of a table. Arguments as of `Setting`."""
    given, document = status_advice(status, job), _document(status, job)
    words = {**messages.words(document), "inbox": inbox, "errors_folder": errors_folder}
    reasons = [point.first for point in grouped(status.reasons, document)]
    entries = [entry_of(reason, document, messages) for reason in reasons]
    actions = (entry.action for entry in entries if to_correct(given))
    number = f"number.{given.number}"
    return InShort(
        document=document,
        what=messages.text(f"{_key(status, given, messages)}.title", **words),
        motives=tuple(entry.title for entry in entries) or (messages.text("late.no_reason"),),
        action=next(filter(None, actions), None)
        or messages.text(next_key(given, document, messages), **words),
        same_number=messages.text(number, **words) if messages.has(number) else "",
    )


def status_label(code: str, messages: Messages) -> str:
    """What a status is called; the code itself when it is not known."""
    return messages.label("lifecycle_status", clean(code, _REASON))


def _document(status: StatusFacts, job: Job | None) -> Document:
    """What the status is about: our document, else what the status itself says of it."""
    if job is not None and job.document is not None:
        return job.document
    about = status.about or Reference()
    return Document(
        family=_FAMILIES.get(status.code[:1], Family.INVOICE),
        syntax=Syntax.CDAR,
        kind="",
        number=about.number,
        issue_date=about.issue_date,
        type_code=about.type_code,
        seller=about.issuer,
    )


def _key(status: StatusFacts, given: Advice, messages: Messages) -> str:
    """The table of the catalogue that speaks of this: of what there is to do, else of the status."""
    known = (f"late.{name}" for name in (given.because, status.code))
    return next((key for key in known if messages.has(f"{key}.title")), "late.status-unknown")


def _title(status: StatusFacts, document: Document, key: str, reasons: int, messages: Messages) -> list[str]:
    words = messages.words(document)
    title = messages.text(f"{key}.title", **words)
    if reasons:
        counted = messages.count("notice.reasons", reasons).replace(" ", "\u00a0")
        title += f" –\u00a0{counted}"
    subject = clean(document.number, 40) if document.number else clean(status.code, _REASON)
    return wrapped(messages.text("notice.title", header=words["header"], subject=subject, title=title))


def _facts(
    status: StatusFacts, job: Job | None, document: Document, setting: Setting, messages: Messages
) -> Iterator[str]:
    yield from labelled(messages.text("late.label"), _told(status, setting, messages))
    if issuer := company(status.issuer, messages):
        yield from labelled(messages.text("late.issuer"), issuer)
    yield from labelled(messages.text("late.sent"), _deposit(job, setting, messages))
    yield from business(document, messages)
    if setting.environment != "production":
        yield from fact(messages, "environment", messages.label("environment", setting.environment))


def _told(status: StatusFacts, setting: Setting, messages: Messages) -> str:
    """The status in one line: code, name, and when it was given."""
    code = clean(status.code, _REASON)
    key = "late.status" if messages.has(f"lifecycle_status.{code}") else "late.status_unknown"
    told = {"code": code, "label": status_label(code, messages)}
    if status.at is None:
        return messages.text(key, **told)
    at = status.at.astimezone(setting.zone)
    day = formats.day_of(at, messages.language)
    return messages.text(f"{key}_on", **told, date=day, time=formats.time_of(at))


def _deposit(job: Job | None, setting: Setting, messages: Messages) -> str:
    if job is None:
        return messages.text("late.not_ours")
    dropped = job.claimed_at.astimezone(setting.zone)
    day = formats.day_of(dropped, messages.language)
    return messages.text("notice.received", name=shown_name(job), date=day, time=formats.time_of(dropped))


def _next(
    given: Advice, document: Document, deadline: date | None, setting: Setting, messages: Messages
) -> Iterator[str]:
    words = {**messages.words(document), "inbox": setting.inbox, "errors_folder": setting.errors_folder}
    yield from paragraph(messages.text(next_key(given, document, messages), **words))
    if messages.has(f"number.{given.number}"):
        yield from paragraph(messages.text(f"number.{given.number}", **words))
    if given.action is not Action.NONE and (sentence := in_time(deadline, messages)):
        yield from paragraph(sentence)
    yield from paragraph(messages.text("late.closing", errors_folder=setting.errors_folder))


def _help(job: Job | None, messages: Messages) -> Iterator[str]:
    yield from wrapped(messages.text("notice.help"))
    if job is not None:
        yield from fact(messages, "job", job.id)
        if job.flow_id:
            yield from wrapped(messages.text("notice.flow", flow=clean(job.flow_id, 80)))
