"""Texts to people that are no result of a job: why a file was not cancelled, and what each folder is for.

Written for Notepad, as all texts: UTF-8 with BOM, CRLF, 78 columns.
"""

from __future__ import annotations

from connector import names
from connector.controls import CANCEL, TREATED, Answer
from connector.messages import Language, Messages, kind_of
from connector.model import Job
from connector.outbox.board import NAMES
from connector.outbox.case import result_of
from connector.outbox.layout import WIDTH, clean, columns, wrapped
from connector.outbox.scribe import FOLDERS
from connector.settings import Route

_REFUSED: dict[Language, str] = {"fr": ".ANNULATION_REFUSEE.txt", "en": ".CANCEL_REFUSED.txt"}
_FOLDERS = ("inbox", "board", "errors", "ok", "duplicates", "statuses", "received", "archive")
_DEEDS = ("retry", "resolve", "cancel", "pause")
_LABEL = 24  # columns of the names of folders


class RouteLetters:
    """The letters of one route. Satisfies `ports.Letters`.

    Args:
        language: of the texts; names of folders follow the route's `folder_language` where it is set.
    """

    def __init__(self, route: Route, language: Language) -> None:
        self._route = route
        self._messages = Messages(language)
        self._language: Language = route.folder_language or language
        self._folders = FOLDERS[self._language]

    def not_cancelled(self, target: bytes, job: Job | None, answer: Answer) -> tuple[str, bytes]:
        """(path below the outbox, content): why a file that somebody wanted to cancel is not cancelled.

        Args:
            target: path of that file below the inbox.
            job: what became of it; None when nobody knows it.
            answer: TOO_LATE, NOT_SENT or UNKNOWN.
        """
        messages, document = self._messages, job.document if job else None
        words = dict(messages.words(document))
        correct = {"invoice": "invoice", "ereporting": "ereporting"}.get(kind_of(document), "other")
        facts = {
            **words,
            "state": self._state(job) if job else "",
            "correct": messages.text(f"letter.correct.{correct}"),
            "cancel": CANCEL[self._language],
        }
        key = f"letter.{answer.value}"
        name = clean(names.display(target), 60)
        lines = wrapped(messages.text("letter.title", name=name, what=messages.text(f"{key}.what")))
        lines.append("=" * WIDTH)
        for part in ("text", "state", "next"):
            lines += wrapped(messages.text(f"{key}.{part}", **facts))
        lines += wrapped(messages.text("letter.read"))
        if job is not None:
            lines += ["", f"{messages.text('notice.job')} : {job.id}"]
        path = f"{self._folders.errors}/{names.safe(target)}{_REFUSED[self._language]}"
        return path, _written(lines)

    def guide(self) -> tuple[str, bytes]:
        """(name, content) of the text that says what each folder of the route is for."""
        text, route = self._messages.text, self._route
        facts = {
            "inbox": route.inbox_dir.name,
            "outbox": route.outbox_dir.name,
            "archive": route.archive_dir.name,
            "board": NAMES[self._language],
            "errors": self._folders.errors,
            "ok": self._folders.ok,
            "duplicates": self._folders.duplicates,
            "statuses": self._folders.statuses,
            "received": self._folders.received,
            "treated": TREATED[self._language],
            "cancel": CANCEL[self._language],
        }
        lines = [*wrapped(text("guide.title", route=route.name)), "=" * WIDTH]
        for key in _FOLDERS:
            if {"board": route.dashboard, "received": route.receive}.get(key, True):
                lines += self._entry(text(f"guide.{key}", **facts), text(f"guide.{key}_text", **facts))
        lines.append("")
        for key in _DEEDS:
            lines += self._entry(text(f"guide.{key}"), text(f"guide.{key}_text", **facts))
        lines += ["", *wrapped(text("guide.foot"))]
        return text("guide.name"), _written(lines)

    def _entry(self, label: str, said: str) -> list[str]:
        shown = clean(label, _LABEL)
        return wrapped(said, f"{shown}{' ' * (_LABEL - columns(shown))}  ")

    def _state(self, job: Job) -> str:
        if job.outcome is None:
            return self._messages.label("state", job.state)
        return result_of(job, self._messages)


def _written(lines: list[str]) -> bytes:
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode("utf-8")
