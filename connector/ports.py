"""What the journey needs from the rooms, as Protocols of at most six methods. Rooms satisfy them by shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from connector.controls import Answer, Request
from connector.directory import Address, DirectoryLine
from connector.model import (
    Drop,
    FlowReport,
    Health,
    Inspection,
    InspectionLost,
    InspectionOrder,
    Job,
    LookupAnswer,
    NameWish,
    Parcel,
    PollPage,
    State,
    Step,
    SubmitAnswer,
)


class Clock(Protocol):
    """Time as an argument, so that a test can own it."""

    def now(self) -> datetime:
        """The time of day, aware, UTC: for records."""

    def monotonic(self) -> float:
        """Seconds that never jump: for waits."""


class Drops(Protocol):
    """One route's inbox, as far as the journey needs it."""

    def ready(self, limit: int) -> list[Drop]:
        """Drops that may be claimed now, oldest first; each is given once unless `give_back` returns it."""

    def give_back(self, drop: Drop) -> None:
        """It could not be claimed: watch it from the beginning again."""

    @property
    def is_paused(self) -> bool:
        """Whether somebody wants nothing to be taken."""

    def requests(self) -> tuple[Request, ...]:
        """Files that ask for another one not to go. From any thread."""


class Journal(Protocol):
    """The durable record of jobs, and the only memory."""

    def take(self, route: str, states: Sequence[State], limit: int, now: datetime) -> list[Job]:
        """The oldest jobs of a route in these states whose `not_before` has come; at most `limit`."""

    def commit(self, steps: Sequence[Step]) -> None:
        """Make these steps durable together, in one transaction.

        Args:
            steps: every job once; a step whose job is no longer in the state of `before` is refused.
        Raises:
            JournalDamaged: a step does not fit the recorded state; nothing was written.
        """

    def twins(self, route: str, digests: Sequence[str], keys: Sequence[str]) -> list[Job]:
        """Jobs with one of these SHA-256 on the route, or one of these keys anywhere, oldest first.

        Args:
            keys: as `crosscheck` makes them.
        """

    def jobs(self, ids: Sequence[str]) -> list[Job]:
        """These jobs as they are recorded now; ids that are not recorded are left out."""

    def reserve(self, wanted: Sequence[NameWish]) -> list[str]:
        """Reserve one result name for each wish, in one transaction; the same wish gets the same name again.

        The name wished for, or the first free of `NAME~2.xml`, `NAME~3.xml`, …; case makes no difference.
        """

    def deciding(self) -> AbstractContextManager[object]:
        """Held while a decision that looks at twins is taken and committed: no two jobs pass at once."""


class BundleJournal(Protocol):
    """The part of the journal that bundles need."""

    def documents(self, bundle: str) -> list[Job]:
        """The jobs that a bundle became, in the order of its members."""

    def gathered(self, route: str) -> list[str]:
        """Ids of the bundles of a route with documents in VETTED and none left to inspect."""

    def finished(self, route: str) -> list[Job]:
        """The bundles in UNPACKED whose documents have all been published, or are held."""


class FlowJournal(Protocol):
    """The part of the journal that following an account needs."""

    def cursor(self, account: str) -> str | None:
        """Where the last poll of this account ended."""

    def awaited(self, account: str, flow_ids: Sequence[str]) -> list[Job]:
        """The jobs in RECEIVED that these flows are about."""

    def commit_page(self, account: str, cursor: str, steps: Sequence[Step]) -> None:
        """Make what a page told and the cursor behind it durable together. Raises as `Journal.commit`."""


class ControlJournal(Protocol):
    """The part of the journal that people's wishes, told by files, need."""

    def latest(self, route: str, name: bytes, *, under_way: bool) -> Job | None:
        """The latest job of a route with this name; only among those on their way or held, if `under_way`."""

    def pause(self, route: str, is_paused: bool) -> bool:
        """Write down that a route is paused or goes on; whether that is new."""

    def replaced(self, route: str) -> list[Job]:
        """Refused jobs, not settled, whose bytes or whose number came again and were taken."""

    def unsettled(self, route: str) -> list[Job]:
        """Refused and held jobs that nobody has settled, newest first."""

    def settle(self, jobs: Sequence[str], how: str) -> int:
        """Write down how refused jobs were settled; how many were not before."""

    def note(self, job: str, kind: str, facts: Mapping[str, str]) -> None:
        """Append something that is no step of a job to the history."""


class Letters(Protocol):
    """Texts to people that are no result of a job."""

    def not_cancelled(self, target: bytes, job: Job | None, answer: Answer) -> tuple[str, bytes]:
        """(path below the outbox, content): why a file that somebody wanted to cancel is not cancelled."""


class Overview(Protocol):
    """What the journal says of a route to somebody who looks at it from far."""

    def to_do(self, route: str, limit: int) -> list[Job]:
        """What somebody has to see to, newest first."""

    def to_do_count(self, route: str) -> int:
        """How many there are of these in all."""

    def on_their_way(self, route: str) -> dict[State, int]:
        """Jobs that are not at their end, by state."""

    def longest_waiting(self, route: str, limit: int) -> list[Job]:
        """The oldest documents on their way, oldest first; none that waits for a person."""

    def ended(self, route: str, start: datetime, until: datetime) -> Mapping[str, int]:
        """How many documents ended in a span of time, by outcome."""

    def paused_since(self, route: str) -> datetime | None:
        """Since when somebody wants the route to take nothing; None when it takes files."""


class Inspector(Protocol):
    """Looks into files, in processes that can be killed."""

    def inspect(
        self, orders: Sequence[InspectionOrder]
    ) -> Iterator[list[tuple[str, Inspection | InspectionLost]]]:
        """Answers in groups as they come: (key of the order, what was seen). Every order is answered once."""


class Courier(Protocol):
    """One route's way to its gateway: parcels go out, answers come back in any order."""

    def room(self) -> int:
        """How many more parcels may be handed over now; 0 while the account is stopped."""

    def hand_over(self, parcels: Sequence[Parcel]) -> None:
        """Start sending these. Returns at once; every parcel is answered once through `answers`."""

    def answers(self, wait: float) -> list[tuple[str, SubmitAnswer]]:
        """(job id, answer) of parcels that came back; waits at most `wait` seconds for the first.

        Empty at once when nothing is under way.
        """

    def under_way(self) -> int:
        """How many parcels were handed over and are not answered yet."""

    def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        """Ask the platform for each of these whether it has them."""


class Platform(Protocol):
    """One account's view of what became of its flows."""

    def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """Flows changed since the stored cursor less `overlap` seconds (or since `since` without a cursor).

        Raises:
            Deferrable: the platform cannot be asked now.
            AuthenticationFailed: it does not let us.
        """

    def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """What the platform says of one flow; None when it does not know it. Raises as `poll`."""

    def health(self) -> Health:
        """Whether the platform answers."""


class Recipients(Protocol):
    """The directory behind an account."""

    def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """What the directory says of a recipient. Raises as `Platform.poll`."""


class Scribe(Protocol):
    """Writes the result files of a job from what the journal knows, the same bytes each time."""

    def compose(
        self, job: Job, twin: Job | None, documents: Sequence[Job] = ()
    ) -> Iterable[tuple[str, str, bytes | None]]:
        """(folder below the outbox, suffix to the result name, content); None: the original's bytes.

        In the order in which they must become visible: the machine's file last.

        Args:
            documents: those that the job, a bundle, became.
        """
