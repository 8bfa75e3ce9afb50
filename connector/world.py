"""What the stages of one route's journey stand on: its rooms behind their ports, and a few small acts.

`wiring` builds a `World`; `journey` uses it. No stage is here, and no decision.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from loguru import logger

from connector import names, policy
from connector.effects import Effects
from connector.model import Job, NameWish, Parcel, State, Step, SubmitAnswer
from connector.moves import Folders
from connector.policy import LookupRules, RouteRules
from connector.ports import (
    BundleJournal,
    Clock,
    ControlJournal,
    Courier,
    Drops,
    Inspector,
    Journal,
    Letters,
    Scribe,
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything one route's journey needs."""

    route: str
    account: str
    batch: int  # most jobs that one stage takes at once
    folders: Folders
    rules: RouteRules
    lookup_rules: LookupRules
    drops: Drops
    journal: Journal
    bundles: BundleJournal
    controls: ControlJournal
    effects: Effects
    inspector: Inspector
    courier: Courier
    scribe: Scribe
    letters: Letters
    clock: Clock
    unwritten: dict[str, SubmitAnswer] = field(default_factory=dict)  # by job id; came, not written down

    def take(self, *states: State, limit: int | None = None) -> list[Job]:
        """The oldest jobs of the route in these states that are due."""
        return self.journal.take(self.route, states, limit or self.batch, self.clock.now())

    def commit(self, steps: Sequence[Step]) -> int:
        """Write steps down together; how many they were."""
        if steps:
            self.journal.commit(steps)
        return len(steps)

    def new_job(self, name: bytes, size: int, now: datetime) -> Job:
        return Job(
            id=names.job_id(now, secrets.token_bytes(4)),
            route=self.route,
            account=self.account,
            name=name,
            size=size,
            state=State.CLAIMED,
            claimed_at=now,
        )

    def put_off(self, job: Job, error: OSError) -> Step:
        """A file operation failed for this one job: say why, and try again later."""
        reason = policy.reason_of(error)
        logger.warning("job.put-off", job=job.id, state=job.state, reason=reason, error=str(error))
        after = policy.deferred(job, reason, self.clock.now(), policy.FILE_PAUSE)
        return Step(before=job, after=after, detail={"error": str(error)})

    def parcel(self, job: Job) -> Parcel:
        """A job with its intent written down, as the gateway wants it: the same for every attempt."""
        assert job.tracking_id and job.sha256 and job.document and job.first_sent_at
        return Parcel(
            job=job.id,
            tracking_id=job.tracking_id,
            attempt=job.attempts,
            path=self.folders.spooled(job),
            size=job.size,
            sha256=job.sha256,
            name=names.sent(job.name, job.tracking_id),
            document=job.document,
            started_at=job.first_sent_at,
        )

    def compose(self, job: Job) -> list[tuple[str, str, bytes | None]]:
        """The result files of a job: (folder, suffix, content)."""
        twin = next(iter(self.journal.jobs([job.twin])), None) if job.twin else None
        documents = self.bundles.documents(job.id) if job.documents else ()
        return list(self.scribe.compose(job, twin, documents))

    def reserve(self, wanted: Sequence[tuple[Job, str]]) -> dict[tuple[str, str], str]:
        """One result name for each (job, folder), as (job id, folder) → name.

        A folder without a day below it is kept small by its readers: there a name is taken while it is seen.
        """
        if not wanted:
            return {}
        visible: dict[str, frozenset[str]] = {}
        for folder in {folder for _, folder in wanted if "/" not in folder}:
            path = self.folders.outbox / folder
            seen = (entry.name.casefold() for entry in path.iterdir()) if path.is_dir() else ()
            visible[folder] = frozenset(seen)
        wishes = [
            NameWish(
                job=job.id,
                route=self.route,
                folder=folder,
                name=names.of_result(job.name, job.member),
                visible=visible.get(folder),
            )
            for job, folder in {(job.id, folder): (job, folder) for job, folder in wanted}.values()
        ]
        given = self.journal.reserve(wishes)
        return {(wish.job, wish.folder): name for wish, name in zip(wishes, given, strict=True)}


def in_order(
    keys: Sequence[str], groups: Iterable[list[tuple[str, Value]]], at_least: int
) -> Iterator[list[tuple[str, Value]]]:
    """Answers that come in any order, given on in the order of `keys`.

    Args:
        at_least: how many are gathered before they are given on; the last ones come as they are.
    """
    came: dict[str, Value] = {}
    waiting = deque(keys)
    ready: list[tuple[str, Value]] = []
    for group in groups:
        came.update(group)
        while waiting and waiting[0] in came:
            key = waiting.popleft()
            ready.append((key, came.pop(key)))
        if len(ready) >= at_least:
            yield ready
            ready = []
    if ready:
        yield ready


def trace_of(answer: SubmitAnswer) -> dict[str, str | int | float | None]:
    """What the history keeps of an exchange with the platform, as it came."""
    facts: dict[str, str | int | float | None] = {
        "answer": type(answer).__name__.lower(),
        "reason": getattr(answer, "reason", None),
        "http_status": answer.trace.http_status,
        "request_id": answer.trace.request_id,
        "elapsed_ms": answer.trace.elapsed_ms,
        "body": answer.trace.body or None,
    }
    return {key: value for key, value in facts.items() if value is not None}
