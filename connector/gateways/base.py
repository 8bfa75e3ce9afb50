"""What every gateway offers to the synchronous front, whatever platform it speaks to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connector.directory import Address, DirectoryLine
from connector.model import (
    Family,
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Health,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
    Syntax,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a kind of platform can and cannot do, which a route has to know before it takes a document.

    Args:
        families: of documents that it takes.
        syntaxes: in which it takes them.
        largest: bytes of one document.
        absence_is_proof: a look-up that finds nothing, asked properly and late enough, means "not there".
    """

    families: frozenset[Family]
    largest: int
    absence_is_proof: bool
    syntaxes: frozenset[Syntax] = frozenset(Syntax)


class Gateway(Protocol):
    """The client of one kind of platform for one account. All of it runs on the event loop.

    The methods that read raise `ReadFailed` when the platform gives no usable answer.
    """

    async def submit(self, parcel: Parcel) -> SubmitAnswer:
        """Hand one document over, once. Never raises for what the network or the platform does."""

    async def lookup(self, parcel: Parcel) -> LookupAnswer:
        """Ask whether the platform has it. Never raises for what the network or the platform does."""

    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """Flows changed since the cursor less `overlap` seconds, or since `since` without a cursor."""

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """What the platform says of one flow; None when it does not know it."""

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """Write what the platform holds of a flow to `target`, once it is whole; see `ports.Platform`.

        Raises:
            ReadFailed: the platform cannot be asked now, or does not let us in.
            OSError: it cannot be written down here.
        """

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """What the directory behind this platform says of a recipient.

        Raises:
            ReadFailed: it cannot be asked now; with the reason "no-directory": there is none.
        """

    async def health(self) -> Health:
        """Whether it answers and lets us in. Never raises for what the network or the platform does."""

    async def close(self) -> None:
        """Close its connections."""


class ReadFailed(Exception):
    """A question to the platform was not answered, or not in a way that can be used.

    Args:
        reason: a code, as in `Inconclusive.reason`.
        words: for the operator; no secrets.
        authentication: the platform does not let us.
        stops_account: nothing else will work either until an operator has acted.
        is_final: asking again is of no use.
    """

    def __init__(
        self,
        reason: str,
        words: str,
        *,
        authentication: bool = False,
        stops_account: bool = False,
        is_final: bool = False,
    ) -> None:
        super().__init__(words)
        self.reason = reason
        self.is_final = is_final
        self.authentication = authentication
        self.stops_account = stops_account
