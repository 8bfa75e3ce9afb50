"""Which files a job's result is made of, where they go, and in which order they must become visible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connector.messages import Language, Messages
from connector.model import Job, Outcome
from connector.outbox.case import Case, case_of
from connector.outbox.notice import write_notice
from connector.outbox.result import write_result
from connector.settings import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Names in one language: folders below the outbox, and the suffixes that carry words."""

    ok: str
    errors: str
    duplicates: str
    statuses: str
    notice: str
    duplicate: str


FOLDERS: dict[Language, Folders] = {
    "fr": Folders(
        ok="ok",
        errors="erreurs",
        duplicates="doublons",
        statuses="statuts",
        notice=".ERREUR.txt",
        duplicate=".doublon.json",
    ),
    "en": Folders(
        ok="ok",
        errors="errors",
        duplicates="duplicates",
        statuses="statuses",
        notice=".ERROR.txt",
        duplicate=".duplicate.json",
    ),
}


class OutboxScribe:
    """Writes the results of one route. Satisfies `ports.Scribe`.

    Args:
        environment: "test" or "production", told in every result.
        language: of the texts; folders follow the route's `folder_language` where it is set.
        timezone: name of the time zone of day folders and of the times in texts.
    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone.
    """

    def __init__(self, route: Route, environment: str, language: Language, timezone: str) -> None:
        self._route = route
        self._environment = environment
        self._messages = Messages(language)
        self._english = Messages("en")
        self._zone = ZoneInfo(timezone)
        self._folders = FOLDERS[route.folder_language or language]

    def compose(
        self, job: Job, twin: Job | None, documents: Sequence[Job] = ()
    ) -> Iterable[tuple[str, str, bytes | None]]:
        """(folder below the outbox, suffix to the result name, content); None: the original's bytes.

        The same jobs give the same bytes each time. No original goes with what is told of a bundle, whose
        documents have their own beside their own results, nor with a document that never came out of one.

        Args:
            documents: those that the job, a bundle, became.
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
            machine_file=".err.json",
            documents=documents,
        )
        result = write_result(case, self._route.name, self._messages, self._english)
        folders = self._folders
        match case.outcome:
            case Outcome.ACCEPTED:
                return [(f"{folders.ok}/{self._day(case)}", ".ok.json", result)]
            case Outcome.DUPLICATE:
                folder = f"{folders.duplicates}/{self._day(case)}"
                return [(folder, "", None), (folder, folders.duplicate, result)]
            case _:
                notice = write_notice(case, self._messages)
                whole = job.sha256 is not None and not documents
                return [
                    *([(folders.errors, "", None)] if whole else []),
                    (folders.errors, folders.notice, notice),
                    (folders.errors, ".err.json", result),
                ]

    def _day(self, case: Case) -> str:
        return case.local(case.job.concluded_at or case.job.claimed_at).date().isoformat()
