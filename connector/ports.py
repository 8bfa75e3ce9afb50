"""What the journey needs from the rooms, as Protocols of at most six methods. Rooms satisfy them by shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connector.controls import Answer, Request
from connector.directory import Address, DirectoryLine, Told
from connector.incoming import Delivery, DeliveryStep, Incoming, IncomingStep, Late, Matter, Phase, Stand
from connector.model import (
    Drop,
    Fetched,
    FetchFailed,
    FetchKind,
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
from connector.recipient_list import Answered


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


class FlowNumbers(Protocol):
    """The part of the journal that gateways need whose flows are numbered by their sender."""

    def numbers(self, series: str, jobs: Sequence[str], at_least: int) -> dict[str, int]:
        """The number of each of these jobs' flows, durable before this returns; a job keeps its number.

        Args:
            series: within which no number is given twice.
            at_least: the lowest number that a job may be given which has none.
        """


class FlowJournal(Protocol):
    """The part of the journal that following an account needs."""

    def cursor(self, account: str) -> str | None:
        """Where the last poll of this account ended."""

    def awaited(self, account: str, flow_ids: Sequence[str]) -> list[Job]:
        """The jobs in RECEIVED that these flows are about."""

    def commit_page(
        self, account: str, cursor: str, steps: Sequence[Step], came: Sequence[Incoming] = ()
    ) -> None:
        """Make what a page told and the cursor behind it durable together. Raises as `Journal.commit`.

        Args:
            came: flows that the platform has for us; one that is written down already is left as it is.
        """


class IncomingJournal(Protocol):
    """The part of the journal that taking in what a platform has for an account needs."""

    def waiting(
        self, account: str, state: Stand, matters: Sequence[Matter], limit: int, now: datetime
    ) -> list[Incoming]:
        """The oldest flows of an account in this state, about one of these matters, that are due."""

    def subjects(self, account: str, ids: Sequence[str], numbers: Sequence[str]) -> list[Job]:
        """The jobs of an account with one of these flow or tracking ids or numbers, oldest first."""

    def statuses(self, jobs: Sequence[str]) -> list[Delivery]:
        """What was written down of these jobs' documents before, in the order of coming."""

    def take_in(self, steps: Sequence[IncomingStep]) -> None:
        """Make these steps and what they bring durable together; deliveries get their numbers.

        Raises:
            JournalDamaged: a flow is no longer in the state of `before`; nothing was written.
        """

    def spent(self, flows: Sequence[str]) -> set[str]:
        """Those of these flows whose private copy nobody will ask for again."""


class DeliveryJournal(Protocol):
    """The part of the journal that laying into a route's outbox what has come needs."""

    def deliveries(self, route: str, state: Phase, limit: int, now: datetime) -> list[Delivery]:
        """The oldest deliveries of a route in this state that are due."""

    def deliver(self, steps: Sequence[DeliveryStep]) -> None:
        """Make these steps durable together. Raises as `IncomingJournal.take_in`."""

    def spent(self, flows: Sequence[str]) -> set[str]:
        """As `IncomingJournal.spent`."""

    def unsettled_statuses(self, route: str) -> list[Delivery]:
        """Visible statuses that ask for something and that nobody has settled, newest first."""

    def settle_statuses(self, deliveries: Sequence[Delivery], how: str) -> int:
        """Write down how these were settled; how many were not before."""


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

    def late(self, route: str, limit: int) -> list[Late]:
        """Statuses that ask for something and that nobody has settled, newest first."""

    def late_count(self, route: str) -> int:
        """How many there are of these in all."""

    def brought(self, route: str, since: datetime) -> Mapping[str, int]:
        """What came from the platform since a time, by kind ("status", "document")."""

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

    def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """Have what the platform holds of a flow written to `target`, in the place of what lies there.

        Nothing appears under that name before it has come whole, and looks like what was asked for. It is not
        durable yet. Raises as `poll`: trouble of the platform; what is wrong with this flow is an answer.

        Args:
            target: on a local disk, in a folder that nobody else writes to.
            limit: most bytes that are taken.
        """

    def health(self) -> Health:
        """Whether the platform answers."""


class Recipients(Protocol):
    """The directory behind an account."""

    def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """What the directory says of a recipient. Raises as `Platform.poll`."""


class Enquiry(Protocol):
    """Questions to the directory behind one account, each asked once, whoever wants to know."""

    def ask(self, wanted: Sequence[Address], wait: float, since: datetime | None = None) -> dict[str, Told]:
        """What the directory says of these, by the text of the address, as far as it has answered.

        Those that it has not answered are being asked, as many at once as the account allows. Never raises
        for what the network or the directory does.

        Args:
            wait: at most so many seconds for the answers that are missing.
            since: answers that came after this are as good as fresh ones.
        """

    def recall(self, wanted: Sequence[str], since: datetime) -> dict[str, Told]:
        """What is remembered of these addresses (as text) that could be believed at `since`, or is newer."""

    def under_way(self) -> int:
        """How many questions are being asked now."""


class AnswerBook(Protocol):
    """The part of the journal that remembers what directories said."""

    def recall(
        self, account: str, addresses: Sequence[str], now: datetime, since: datetime | None
    ) -> dict[str, Told]:
        """Answers that may still be believed, or that came after `since`, by the text of the address."""

    def remember(self, account: str, answers: Mapping[str, tuple[Told, datetime]]) -> None:
        """Keep answers durably.

        Args:
            answers: text of the address → the answer, and until when it may be believed.
        """


class Scribe(Protocol):
    """Writes the result files of a job from what the journal knows, the same bytes each time."""

    def compose(
        self, job: Job, twin: Job | None, documents: Sequence[Job] = (), answers: Iterable[Answered] = ()
    ) -> Iterable[tuple[str, str, bytes | None]]:
        """(folder below the outbox, suffix to the result name, content); None: the original's bytes.

        In the order in which they must become visible: the machine's file last.

        Args:
            documents: those that the job, a bundle, became.
            answers: to the questions of the job, a list of recipients.
        """

    def announce(
        self, delivery: Delivery, job: Job | None
    ) -> tuple[str, list[tuple[str, str, bytes | None]]]:
        """The name wished for the files of something that came from the platform, and these as of `compose`.

        Args:
            job: whose document it is about; None when it is about none of ours.
        """
