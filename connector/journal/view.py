"""Looking into the journal without touching it: for `status`, `ls`, `show`, while the daemon runs or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from connector.errors import JournalDamaged
from connector.incoming import Delivery, Matter, Stand
from connector.journal import chain, sql
from connector.journal.rows import from_row, stamp
from connector.model import Job, State
from connector.records import decode
from connector.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a job's history."""

    seq: int
    at: datetime
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event as it is recorded: with its link of the chain, and every value as it went into it."""

    seq: int
    at: str
    job: str
    kind: str
    body: str  # canonical JSON
    hash: str


class JournalView:
    """A reading connection to a journal.

    Args:
        path: the database file; a journal that does not exist yet reads as an empty one.
    Raises:
        JournalDamaged: the file is not a journal.
    """

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection | None = None
        self._is_older = False
        if path.exists():
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
            try:
                unborn = self._is_unborn()
            except JournalDamaged:
                self.close()
                raise
            if unborn:
                self.close()
                self._db = None

    def _is_unborn(self) -> bool:
        """Whether the first start has made the file and not its tables yet."""
        (version,) = next(self._rows("PRAGMA user_version"))
        self._is_older = bool(version < len(sql.MIGRATIONS))
        return bool(version == 0)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        if self._db is None:
            return
        try:
            with closing(self._db.execute(query, values)) as rows:
                yield from rows
        except sqlite3.DatabaseError as error:
            if self._is_older and str(error).startswith("no such table"):
                return  # a version that knew nothing of it wrote the journal, and none has run since
            raise JournalDamaged(str(error)) from error

    def counts(self) -> dict[str, dict[State, int]]:
        """Jobs by route and state."""
        found: dict[str, dict[State, int]] = {}
        for route, state, count in self._rows(sql.COUNTS):
            found.setdefault(route, {})[State(state)] = count
        return found

    def outcomes(self, since: datetime) -> dict[str, dict[str, int]]:
        """Jobs concluded since a time, by route and outcome."""
        found: dict[str, dict[str, int]] = {}
        for route, outcome, count in self._rows(sql.OUTCOMES, stamp(since)):
            found.setdefault(route, {})[outcome] = count
        return found

    def events(self) -> int:
        """How many events the history has."""
        (count,) = next(self._rows(sql.LAST_EVENT_SEQ), (0,))
        return int(count)

    def told(self, after: int, until: int) -> dict[tuple[str, str], tuple[int, datetime]]:
        """Jobs whose results were published by the events in between, by route and outcome.

        Returns:
            how many, and when the last of them was concluded.
        """
        return {
            (route, outcome): (count, datetime.fromisoformat(at))
            for route, outcome, count, at in self._rows(sql.TOLD, after, until)
        }

    def oldest(self) -> dict[str, datetime]:
        """When the oldest job on its way was taken, by route; those held for a person do not count."""
        return {route: datetime.fromisoformat(at) for route, at in self._rows(sql.OLDEST)}

    def jobs(
        self,
        *,
        states: tuple[State, ...] = (),
        outcome: str | None = None,
        route: str | None = None,
        number: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> Iterator[Job]:
        """Jobs that match all that is given, newest first."""
        wheres, values = ["1"], []
        if states:
            wheres.append(f"state IN ({', '.join('?' * len(states))})")
            values += [str(state) for state in states]
        for column, value in (("outcome", outcome), ("route", route), ("number", number)):
            if value is not None:
                wheres.append(f"{column} = ?")
                values.append(value)
        if since is not None:
            wheres.append("id >= ?")  # ids sort by time
            values.append(f"{since:%Y%m%d-%H%M%S}")
        query = f"{sql.JOBS} WHERE {' AND '.join(wheres)} ORDER BY seq DESC LIMIT ?"
        for row in self._rows(query, *values, limit):
            yield from_row(*row)

    def statuses(self, jobs: Sequence[str]) -> list[Delivery]:
        """The lifecycle statuses of these jobs' documents, in the order of coming."""
        rows = self._rows(sql.DELIVERIES_OF_JOBS, json.dumps(jobs))
        return [decode(Delivery, body) for (body,) in rows]

    def delivered(self, since: datetime) -> dict[str, dict[str, int]]:
        """What came from platforms since a time, by route and kind ("status", "document")."""
        found: dict[str, dict[str, int]] = {}
        for route, kind, count in self._rows(sql.DELIVERY_COUNTS, stamp(since)):
            found.setdefault(route, {})[kind] = count
        return found

    def left_at_platform(self, matters: Mapping[str, Sequence[Matter]]) -> dict[str, int]:
        """Flows that platforms have for us and that were not fetched, by account.

        Args:
            matters: which of them are meant, by account.
        """
        found: dict[str, int] = {}
        for account, matter, state, count in self._rows(sql.INCOMING_COUNTS):
            if state == Stand.SEEN and matter in matters.get(account, ()):
                found[account] = found.get(account, 0) + count
        return found

    def reports(self, siren: str | None = None, *, since: date | None = None) -> list[Job]:
        """Jobs with a report of e-reporting that says its period, oldest first.

        Args:
            siren: of one company; None for all.
            since: only periods that ended on this day or later.
        """
        first = f"period|{siren}|" if siren else "period|"
        last = first[:-1] + "}"  # the character that follows "|"
        rows = self._rows(sql.REPORTS, first, last, since.isoformat() if since else "")
        return [from_row(*row) for row in rows]

    def job(self, job_id: str) -> Job | None:
        return next((from_row(*row) for row in self._rows(sql.JOB, job_id)), None)

    def history(self, job_id: str) -> list[Event]:
        """Everything that happened to a job, in order."""
        return [
            Event(seq=seq, at=datetime.fromisoformat(at), kind=kind, facts=json.loads(body))
            for seq, at, _, kind, body, _ in self._rows(sql.EVENTS_OF_JOB, job_id)
        ]

    def standings(self) -> dict[str, Standing]:
        """How each account stood when it was last written down."""
        known = (decode(Standing, body) for (body,) in self._rows(sql.STANDINGS))
        return {standing.account: standing for standing in known}

    def in_flight(self) -> dict[str, int]:
        """Documents of each account that are being sent, or were when a run was broken off."""
        return dict(self._rows(sql.IN_FLIGHT))

    def jobs_by_id(self, ids: Sequence[str]) -> list[Job]:
        """These jobs, oldest first; ids that are not recorded are left out."""
        found = [(body, name) for job in ids for name, body in self._rows(sql.JOB, job)]
        return sorted((from_row(name, body) for body, name in found), key=lambda job: job.id)

    def lines(self, since: datetime, until: datetime) -> Iterator[Line]:
        """The history of a span of time without a gap; `until` does not belong to it."""
        for seq, at, job, kind, body, digest in self._rows(sql.EVENTS_BETWEEN, stamp(since), stamp(until)):
            yield Line(seq=seq, at=at, job=job, kind=kind, body=body, hash=digest)

    def head(self) -> tuple[int, str] | None:
        """The last event's number and link: written down elsewhere, it proves all that was before."""
        seq_and_hash = next(self._rows(sql.LAST_EVENT), None)
        return None if seq_and_hash is None else (int(seq_and_hash[0]), str(seq_and_hash[1]))

    def first_break(self) -> int | None:
        """The number of the first event of the history that was altered; None when the chain holds."""
        return chain.first_break(self._rows(sql.EVENTS))
