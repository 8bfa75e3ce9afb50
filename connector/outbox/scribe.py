"""Which files a job's result is made of, where they go, and in which order they must become visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from connector.incoming import Delivery
from connector.messages import Language, Messages
from connector.model import Document, Job, Outcome
from connector.outbox.answers import write_answers
from connector.outbox.case import Case, case_of
from connector.outbox.forms import written
from connector.outbox.notice import write_notice
from connector.outbox.received import Desk, announced
from connector.outbox.result import record_of
from connector.recipient_list import Answered
from connector.settings import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Names in one language: folders below the outbox, and the suffixes that carry words."""

    ok: str
    errors: str
    duplicates: str
    statuses: str
    received: str
    notice: str
    duplicate: str  # the form adds ".json", ".csv", ".xml" or ".go"
    answers: str


FOLDERS: dict[Language, Folders] = {
    "fr": Folders(
        ok="ok",
        errors="erreurs",
        duplicates="doublons",
        statuses="statuts",
        received="recus",
        notice=".ERREUR.txt",
        duplicate=".doublon",
        answers=".reponses.csv",
    ),
    "en": Folders(
        ok="ok",
        errors="errors",
        duplicates="duplicates",
        statuses="statuses",
        received="received",
        notice=".ERROR.txt",
        duplicate=".duplicate",
        answers=".answers.csv",
    ),
}


class OutboxScribe:
    """Writes the results of one route. Satisfies `ports.Scribe`.

    Args:
        environment: "test" or "production", told in every result.
        language: of the texts; folders follow the route's `folder_language` where it is set.
        timezone: name of the time zone of day folders and of the times in texts.
        deadline_of: by when a report of its period is due; None for other documents.
    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone.
    """

    def __init__(
        self,
        route: Route,
        environment: str,
        language: Language,
        timezone: str,
        deadline_of: Callable[[Document], date | None] = lambda _: None,
    ) -> None:
        self._route = route
        self._environment = environment
        self._messages = Messages(language)
        self._english = Messages("en")
        self._zone = ZoneInfo(timezone)
        self._deadline_of = deadline_of
        self._folders = FOLDERS[route.folder_language or language]

    def compose(
        self, job: Job, twin: Job | None, documents: Sequence[Job] = (), answers: Iterable[Answered] = ()
    ) -> Iterable[tuple[str, str, bytes | None]]:
        """(folder below the outbox, suffix to the result name, content); None: the original's bytes.

        The same jobs give the same bytes each time. No original goes with what is told of a bundle, whose
        documents have their own beside their own results, nor with a document that never came out of one.

        Args:
            documents: those that the job, a bundle, became.
            answers: to the questions of the job, a list of recipients.
        Raises:
            ValueError: the job has no outcome yet.
        """
        case = case_of(
            job,
            twin,
            environment=self._environment,
            zone=self._zone,
            inbox=self._route.inbox_dir.name,
            errors_folder=self._folders.errors,
            machine_file=f".err.{self._route.result_formats[0]}",
            documents=documents,
            deadline=self._deadline_of(job.document) if job.document else None,
        )
        folders = self._folders
        match case.outcome:
            case Outcome.ACCEPTED:
                return self._for_programs(case, self._filling(folders.ok, case), ".ok")
            case Outcome.ANSWERED:
                table = write_answers(answers, self._messages, self._english)
                folder = self._filling(folders.ok, case)
                return [(folder, folders.answers, table), *self._for_programs(case, folder, ".ok")]
            case Outcome.DUPLICATE:
                folder = self._filling(folders.duplicates, case)
                return [(folder, "", None), *self._for_programs(case, folder, folders.duplicate)]
            case _:
                notice = write_notice(case, self._messages)
                whole = job.sha256 is not None and not documents
                return [
                    *([(folders.errors, "", None)] if whole else []),
                    (folders.errors, folders.notice, notice),
                    *self._for_programs(case, folders.errors, ".err"),
                ]

    def announce(
        self, delivery: Delivery, job: Job | None
    ) -> tuple[str, list[tuple[str, str, bytes | None]]]:
        """The name wished for the files of what came from the platform, and these as of `compose`."""
        desk = Desk(
            route=self._route.name,
            environment=self._environment,
            messages=self._messages,
            english=self._english,
            zone=self._zone,
            inbox=self._route.inbox_dir.name,
            errors=self._folders.errors,
            statuses=self._folders.statuses,
            received=self._folders.received,
            notice=self._folders.notice,
        )
        return announced(delivery, job, desk)

    def _for_programs(self, case: Case, folder: str, suffix: str) -> list[tuple[str, str, bytes | None]]:
        """The files that an ERP reads, in the order of the setting; the last one is what it waits for."""
        record = record_of(case, self._route.name, self._messages, self._english)
        files: list[tuple[str, str, bytes | None]] = [
            (folder, f"{suffix}.{form}", written(record, form, self._route))
            for form in self._route.result_formats
        ]
        return [*files, (folder, f"{suffix}.go", b"")] if self._route.go_marker else files

    def _filling(self, folder: str, case: Case) -> str:
        """A folder that fills up as time goes by: one a day, unless the site wants one for all."""
        if self._route.result_layout == "flat":
            return folder
        concluded = case.job.concluded_at or case.job.claimed_at
        return f"{folder}/{case.local(concluded).date().isoformat()}"
