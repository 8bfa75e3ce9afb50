"""The journal on SQLite: WAL, `synchronous=FULL`, one writing connection, every change in a transaction.

SQLite is told to flush at each commit because a platform is told things on the strength of it; WAL with
`synchronous=NORMAL` loses acknowledged commits at a power cut.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from connector import names
from connector.directory import Told
from connector.errors import JournalBusy, JournalDamaged
from connector.incoming import Delivery, DeliveryStep, Incoming, IncomingStep, Matter, Phase, Stand
from connector.journal import incoming, recipients, sql, writing
from connector.journal.rows import from_arrays, from_row, stamp
from connector.model import Job, NameWish, State, Step
from connector.records import decode, encode
from connector.reports import DaySpan
from connector.standing import Standing


class SqliteJournal:
    """Satisfies the journals of `ports`, and `ports.FlowNumbers`; for use from any thread.

    Args:
        path: the database file, on a local disk.
    Raises:
        JournalBusy: it cannot be opened or read now.
        JournalDamaged: the file is not a sound journal, or a newer version of the connector wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()  # over the one connection that writes
        self._decision = threading.RLock()
        self._reading = threading.local()  # each thread's own connection: a reader never waits for a flush
        self._readers: list[sqlite3.Connection] = []
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._migrate()
                self._check()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        with self._lock:
            for connection in (*self._readers, self._db):
                connection.close()

    # ------------------------------------------------------------------ jobs
    def take(self, route: str, states: Sequence[State], limit: int, now: datetime) -> list[Job]:
        query = sql.TAKE.format(states=_marks(states))
        return self._jobs(query, (route, *states, stamp(now), limit))

    def jobs(self, ids: Sequence[str]) -> list[Job]:
        return self._jobs(sql.JOBS_BY_ID, (json.dumps(ids),)) if ids else []

    def counts(self, route: str) -> dict[State, int]:
        """How many jobs of a route are in each state that is not an end."""
        with self._translated():
            rows = self._reader().execute(sql.OPEN_COUNTS, (route,)).fetchall()
        return {State(state): count for state, count in rows}

    def outcomes(self, since: datetime) -> dict[str, int]:
        """How many jobs were concluded since a time, by outcome."""
        with self._translated():
            rows = self._reader().execute(sql.OUTCOMES, (stamp(since),)).fetchall()
        found: dict[str, int] = {}
        for _, outcome, count in rows:
            found[outcome] = found.get(outcome, 0) + count
        return found

    def commit(self, steps: Sequence[Step]) -> None:
        batch = writing.prepare(steps)
        with self._transaction() as db:
            writing.write(db, batch, stamp(datetime.now(UTC)))

    def twins(self, route: str, digests: Sequence[str], keys: Sequence[str]) -> list[Job]:
        values = {"route": route, "digests": json.dumps(digests), "keys": json.dumps(keys)}
        return self._jobs(sql.TWINS, values)

    def deciding(self) -> AbstractContextManager[object]:
        return self._decision

    def reserve(self, wanted: Sequence[NameWish]) -> list[str]:
        # Many wishes look at one folder, which may be large: its names are taken apart once.
        seen = {visible for wish in wanted if (visible := wish.visible) is not None}
        taken = {visible: _beginnings(visible) for visible in seen}
        with self._transaction() as db:
            return [_reserve(db, wish, taken[wish.visible] if wish.visible else ()) for wish in wanted]

    def numbers(self, series: str, jobs: Sequence[str], at_least: int) -> dict[str, int]:
        with self._transaction() as db:
            given = {
                str(job): int(number)
                for job, number in db.execute(sql.NUMBERS_OF_JOBS, (series, json.dumps(jobs)))
            }
            (last,) = db.execute(sql.LAST_NUMBER, (series,)).fetchone()
            missing = [job for job in dict.fromkeys(jobs) if job not in given]
            new = dict(zip(missing, itertools.count(max((last or 0) + 1, at_least)), strict=False))
            db.executemany(sql.NUMBER, [(series, number, job) for job, number in new.items()])
        return given | new

    # ------------------------------------------------------------------ bundles
    def documents(self, bundle: str) -> list[Job]:
        return self._jobs(sql.DOCUMENTS, (bundle,))

    def gathered(self, route: str) -> list[str]:
        with self._translated():
            return [row[0] for row in self._reader().execute(sql.GATHERED, (route,))]

    def finished(self, route: str) -> list[Job]:
        return self._jobs(sql.FINISHED, (route,))

    # ------------------------------------------------------------------ following
    def cursor(self, account: str) -> str | None:
        with self._translated():
            row = self._reader().execute(sql.GET_CURSOR, (account,)).fetchone()
        return row[0] if row else None

    def awaited(self, account: str, flow_ids: Sequence[str]) -> list[Job]:
        return self._jobs(sql.AWAITED, (account, json.dumps(flow_ids))) if flow_ids else []

    def commit_page(
        self, account: str, cursor: str, steps: Sequence[Step], came: Sequence[Incoming] = ()
    ) -> None:
        batch = writing.prepare(steps)
        with self._transaction() as db:
            at = stamp(datetime.now(UTC))
            writing.write(db, batch, at)
            incoming.write_seen(db, came, at)
            db.execute(sql.SET_CURSOR, (account, cursor))

    def has_sent(self, account: str) -> bool:
        """Whether anything of this account has reached its platform, so that statuses may come."""
        with self._translated():
            return self._reader().execute(sql.HAS_SENT, (account,)).fetchone() is not None

    # ------------------------------------------------------------------ what comes from the platform
    def waiting(
        self, account: str, state: Stand, matters: Sequence[Matter], limit: int, now: datetime
    ) -> list[Incoming]:
        with self._translated():
            return incoming.waiting(self._reader(), account, state, matters, limit, now)

    def subjects(self, account: str, ids: Sequence[str], numbers: Sequence[str]) -> list[Job]:
        values = {"account": account, "ids": json.dumps(ids), "numbers": json.dumps(numbers)}
        return self._jobs(sql.SUBJECTS, values)

    def statuses(self, jobs: Sequence[str]) -> list[Delivery]:
        with self._translated():
            return incoming.statuses(self._reader(), jobs)

    def take_in(self, steps: Sequence[IncomingStep]) -> None:
        with self._transaction() as db:
            incoming.write_steps(db, steps, stamp(datetime.now(UTC)))

    def deliveries(self, route: str, state: Phase, limit: int, now: datetime) -> list[Delivery]:
        with self._translated():
            return incoming.deliveries(self._reader(), route, state, limit, now)

    def deliver(self, steps: Sequence[DeliveryStep]) -> None:
        with self._transaction() as db:
            incoming.write_deliveries(db, steps, stamp(datetime.now(UTC)))

    def spent(self, flows: Sequence[str]) -> set[str]:
        with self._translated():
            rows = self._reader().execute(sql.SPENT_COPIES, (json.dumps(flows),))
            return {row[0] for row in rows}

    def unsettled_statuses(self, route: str) -> list[Delivery]:
        with self._translated():
            return incoming.unsettled(self._reader(), route)

    def settle_statuses(self, deliveries: Sequence[Delivery], how: str) -> int:
        with self._transaction() as db:
            return incoming.settle(db, deliveries, how, stamp(datetime.now(UTC)))

    def untaken(self, account: str, matters: Sequence[Matter]) -> int:
        """How many flows of an account, about one of these matters, are not sorted yet."""
        with self._translated():
            return int(
                self._reader().execute(sql.INCOMING_OPEN, (account, json.dumps(matters))).fetchone()[0]
            )

    def undelivered(self, route: str) -> int:
        """How many deliveries of a route are not visible yet."""
        with self._translated():
            return int(self._reader().execute(sql.DELIVERIES_OPEN, (route,)).fetchone()[0])

    # ------------------------------------------------------------------ recipients
    def recall(
        self, account: str, addresses: Sequence[str], now: datetime, since: datetime | None
    ) -> dict[str, Told]:
        if not addresses:
            return {}
        with self._translated():
            return recipients.recall(self._reader(), account, addresses, now, since)

    def remember(self, account: str, answers: Mapping[str, tuple[Told, datetime]]) -> None:
        with self._transaction() as db:
            recipients.remember(db, account, answers, datetime.now(UTC))

    # ------------------------------------------------------------------ accounts
    def standing(self, account: str) -> Standing | None:
        """How an account stood when it was last written down; None when it never was."""
        with self._translated():
            row = self._reader().execute(sql.STANDING, (account,)).fetchone()
        return decode(Standing, row[0]) if row else None

    def keep_standing(self, standing: Standing) -> None:
        """See `upkeep.StandingBook`."""
        with self._transaction() as db:
            db.execute(sql.KEEP_STANDING, (standing.account, encode(Standing, standing)))

    # ------------------------------------------------------------------ what people tell by files
    def latest(self, route: str, name: bytes, *, under_way: bool) -> Job | None:
        query = sql.LATEST_UNDER_WAY if under_way else sql.LATEST
        with self._translated():
            row = self._reader().execute(query, (route, name)).fetchone()
        return from_row(*row) if row else None

    def pause(self, route: str, is_paused: bool) -> bool:
        with self._translated():
            known = self._reader().execute(sql.PAUSED_SINCE, (route,)).fetchone() is not None
        if known == is_paused:
            return False
        at = stamp(datetime.now(UTC))
        with self._transaction() as db:
            if is_paused:
                db.execute(sql.PAUSE, (route, at))
            else:
                db.execute(sql.RESUME, (route,))
            writing.append(db, at, [("", "paused" if is_paused else "resumed", {"route": route})])
        return True

    def replaced(self, route: str) -> list[Job]:
        return self._jobs(sql.REPLACED, (route,))

    def unsettled(self, route: str) -> list[Job]:
        return self._jobs(sql.UNSETTLED, (route,))

    def settle(self, jobs: Sequence[str], how: str) -> int:
        with self._transaction() as db:
            ids = [row[0] for row in db.execute(sql.SETTLE, (how, json.dumps(jobs))).fetchall()]
            notes = [(job, "settled", {"how": how}) for job in sorted(ids)]
            writing.append(db, stamp(datetime.now(UTC)), notes)
        return len(ids)

    def note(self, job: str, kind: str, facts: Mapping[str, str]) -> None:
        with self._transaction() as db:
            writing.append(db, stamp(datetime.now(UTC)), [(job, kind, facts)])

    def report_day(self, route: str, span: DaySpan) -> None:
        """Write down which events a day's report is made of, and how its lines are numbered; for good."""
        with self._transaction() as db:
            row = (route, span.day.isoformat(), span.after, span.until, span.line, span.lines)
            db.execute(sql.REPORT_DAY, row)

    def days_to_tell(self, route: str, since: date) -> list[date]:
        """The reported days from this one on of which people have not been written to."""
        with self._translated():
            rows = self._reader().execute(sql.DAYS_TO_TELL, (route, since.isoformat())).fetchall()
        return [date.fromisoformat(day) for (day,) in rows]

    def day_told(self, route: str, day: date) -> None:
        with self._transaction() as db:
            db.execute(sql.DAY_TOLD, (route, day.isoformat()))

    # ------------------------------------------------------------------ inside
    def _reader(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._reading, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30.0)
            found.execute("PRAGMA query_only = ON")
            self._reading.connection = found
            with self._lock:
                self._readers.append(found)
        return found

    def _jobs(self, query: str, values: Sequence[object] | dict[str, str]) -> list[Job]:
        with self._translated():
            bodies, file_names = self._reader().execute(query, values).fetchone()
        return from_arrays(bodies, file_names)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        known = len(sql.MIGRATIONS)
        if version > known:
            raise JournalDamaged(f"the journal has version {version}; this connector knows {known}")
        for number, script in enumerate(sql.MIGRATIONS[version:], start=version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")

    def _check(self) -> None:
        (answer,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise sqlite3.DatabaseError(answer)
        # SQLite opens what it may not write for reading only, and would then refuse every commit to come.
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(f"PRAGMA user_version = {len(sql.MIGRATIONS)}")
        self._db.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """A full disk or a lock held too long is trouble that passes (S08, S18); nothing was written then.

        Damage is only what a second look finds as well: for that the connector stays down.
        """
        try:
            yield
        except sqlite3.OperationalError as error:
            raise JournalBusy(f"the journal cannot be used now: {error}") from error
        except sqlite3.IntegrityError as error:  # a row that is there already: not what was read
            raise JournalDamaged(f"{self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            if not _is_damaged(self._path):
                raise JournalBusy(f"the journal could not be read: {error}") from error
            raise JournalDamaged(f"{self._path}: {error}") from error


def _is_damaged(path: Path) -> bool:
    """Whether a connection of its own finds the file damaged too; a read that failed once proves nothing."""
    try:
        with closing(sqlite3.connect(path, timeout=30.0)) as db:
            (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True
    return bool(answer != "ok")


def _beginnings(visible: Iterable[str]) -> frozenset[str]:
    """Names, and what stands before each of their dots: NAME is taken while NAME.ok.json is there."""
    beginnings = (name[:end] for name in visible for end, dot in enumerate(name) if dot == ".")
    return frozenset(itertools.chain(visible, beginnings))


def _reserve(db: sqlite3.Connection, wish: NameWish, taken: Container[str]) -> str:
    row = db.execute(sql.NAME_OF_JOB, (wish.job, wish.folder)).fetchone()
    if row:
        return str(row[0])
    for number in itertools.count(1):
        name = names.numbered(wish.name, number)
        folded = name.casefold()
        if wish.visible is not None:
            if folded in taken:
                continue
            db.execute(sql.RELEASE, (wish.route, wish.folder, folded))
        if db.execute(sql.RESERVE, (wish.route, wish.folder, folded, name, wish.job)).rowcount == 1:
            return name
    raise AssertionError("counting has no end")


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
