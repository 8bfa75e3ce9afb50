"""Looking into the journal without touching it: for `status`, `ls`, `show`, while the daemon runs or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
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

    def first_break(self) -> int | None:
        """The number of the first event of the history that was altered; None when the chain holds."""
        return chain.first_break(self._rows(sql.EVENTS))
