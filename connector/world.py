"""What the stages of one route's journey stand on: its rooms behind their ports, and a few small acts.

`wiring` builds a `World`; `journey` uses it. No stage is here, and no decision.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TypeVar

from loguru import logger

from connector import names, policy, recipient_list
from connector.directory import Address
from connector.effects import Effects
from connector.model import Job, NameWish, Outcome, Parcel, State, Step, SubmitAnswer
from connector.moves import Folders
from connector.policy import LookupRules, RecipientRules, RouteRules
from connector.ports import (
    BundleJournal,
    Clock,
    ControlJournal,
    Courier,
    DeliveryJournal,
    Drops,
    Enquiry,
    Inspector,
    Journal,
    Letters,
    Scribe,
)
from connector.recipient_list import Answered

ANSWERED_TOGETHER = 1000  # lines of a list of recipients whose answers are read from the journal together

Value = TypeVar("Value")


@dataclass(slots=True, kw_only=True)
class Asking:
    """How far the questions of a list are; begun anew after a restart."""

    open: dict[str, Address]  # not answered yet, by text
    moved: float  # monotonic seconds of the latest answer


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
    incoming: DeliveryJournal
    # (job ids, lowest new number) → number of each job's flow, where the gateway asks for one; see `ports`.
    numbers: Callable[[Sequence[str], int], Mapping[str, int]] | None = None
    enquiry: Enquiry | None = None  # of the directory behind the account, where it has one
    recipient_rules: RecipientRules = field(default_factory=RecipientRules)
    asking: dict[str, Asking] = field(default_factory=dict)  # by job id; lists whose questions are put
    unwritten: dict[str, SubmitAnswer] = field(default_factory=dict)  # by job id; came, not written down

    def take(self, *states: State, limit: int | None = None) -> list[Job]:
        """The oldest jobs of the route in these states that are due."""
        return self.journal.take(self.route, states, limit or self.batch, self.clock.now())

    def commit(self, steps: Sequence[Step]) -> int:
        """Write steps down together; how many they were."""
        if steps:
            self.journal.commit(steps)
        return len(steps)

    def new_id(self, now: datetime) -> str:
        return names.job_id(now, secrets.token_bytes(4))

    def new_job(self, name: bytes, size: int, now: datetime) -> Job:
        return Job(
            id=self.new_id(now),
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

    def numbers_of(self, jobs: Sequence[Job]) -> Mapping[str, int]:
        """The numbers of these jobs' flows, durable; empty where the gateway asks for none.

        A new number is at least the clock in milliseconds: a journal that was restored from a backup does not
        give a number again that it has forgotten.
        """
        if self.numbers is None or not jobs:
            return {}
        return self.numbers([job.id for job in jobs], int(self.clock.now().timestamp() * 1000))

    def parcel(self, job: Job, numbers: Mapping[str, int]) -> Parcel:
        """A job with its intent written down, as the gateway wants it: the same for every attempt.

        Args:
            numbers: as `numbers_of` gave them.
        """
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
            number=numbers.get(job.id),
        )

    def compose(self, job: Job) -> list[tuple[str, str, bytes | None]]:
        """The result files of a job: (folder, suffix, content)."""
        twin = next(iter(self.journal.jobs([job.twin])), None) if job.twin else None
        documents = self.bundles.documents(job.id) if job.documents else ()
        return list(self.scribe.compose(job, twin, documents, self._answers_to(job)))

    def _answers_to(self, job: Job) -> Iterator[Answered]:
        """The answers to a list of recipients in its order, read from the journal as they are wanted."""
        if job.outcome is not Outcome.ANSWERED or self.enquiry is None or job.asked_at is None:
            return
        questions = recipient_list.questions_in(self.folders.spooled(job).read_bytes())
        while some := list(islice(questions, ANSWERED_TOGETHER)):
            texts = {str(question.address) for question in some if question.address}
            told = self.enquiry.recall(list(texts), job.asked_at)
            for question in some:
                yield Answered(question=question, told=told.get(str(question.address)))

    def reserve(self, wanted: Sequence[tuple[Job, str]]) -> dict[tuple[str, str], str]:
        """One result name for each (job, folder), as (job id, folder) → name."""
        return self.reserve_names(
            [(job.id, folder, names.of_result(job.name, job.member)) for job, folder in wanted]
        )

    def reserve_names(self, wanted: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
        """One name for each (id, folder, name wished for), as (id, folder) → name.

        A folder without a day below it is kept small by its readers: there a name is taken while it is seen.
        """
        if not wanted:
            return {}
        visible: dict[str, frozenset[str]] = {}
        for folder in {folder for _, folder, _ in wanted if "/" not in folder}:
            path = self.folders.outbox / folder
            seen = (entry.name.casefold() for entry in path.iterdir()) if path.is_dir() else ()
            visible[folder] = frozenset(seen)
        wishes = [
            NameWish(job=of, route=self.route, folder=folder, name=name, visible=visible.get(folder))
            for (of, folder), name in {(of, folder): name for of, folder, name in wanted}.items()
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
