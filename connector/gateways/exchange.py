"""One request to a platform and what came back, as plain data: what the pure classifications work on.

Knows no HTTP library and no platform. `body_started` is the only proof of "not sent" that we accept:
an exception's type says nothing, because the same error is raised whether the server got nothing, half
of the document, or all of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Protocol

from connector.model import Trace

TRACE_BYTES = 4096
LONGEST_PAUSE = 3600.0  # seconds; nobody may put us to sleep for a year (H04)


class Trouble(StrEnum):
    """Why an exchange has no whole answer. The values are the reasons of `NotSent` and `Unknown`."""

    CONNECT = "connect"  # refused, no route, no such host, TLS, proxy
    TIMEOUT = "timeout"
    WRITE = "write"  # broken before our body was wholly taken
    READ = "read"  # broken after that, or an answer that is not HTTP
    TOO_LONG = "unreadable-answer"  # an answer beyond every measure
    SPOOL = "spool"  # our own copy could not be read; never the platform's fault


class Body(Protocol):
    """The body of a request, asked for piece by piece. It can be asked for again, from its beginning."""

    content_type: str
    length: int
    started: bool  # the first piece was taken, in the latest reading
    finished: bool  # the last one too

    def pieces(self) -> AsyncIterator[bytes]:
        """Read from the beginning. Raises OSError when what it reads from fails."""

    def close(self) -> None:
        """Let go of what it reads from: whoever read it last may never have come to the end."""


class Sink(Protocol):
    """Where the body of a good answer (200) goes piece by piece, instead of into memory."""

    failure: OSError | None  # why it could take no more

    def begin(self) -> None:
        """A good answer comes; what an earlier one left is forgotten."""

    def write(self, piece: bytes) -> None:
        """Take a piece. Raises `draft.AnswerTooLong` or OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without its credentials."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    limit: int = 8 * 1024 * 1024  # bytes of answer that are read into memory at most
    sink: Sink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What became of one request: a status and a body, or the trouble that kept them from us."""

    body_started: bool  # False proves that no byte of the request's body left
    request_id: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    complete: bool = False  # the whole answer was read
    trouble: Trouble | None = None
    detail: str = ""  # the words of the network library, for the operator
    elapsed_ms: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def trace(self) -> Trace:
        """What the journal keeps of it: the answer's first bytes, or why there is none."""
        seen = self.body[:TRACE_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
        return Trace(
            http_status=self.status,
            request_id=self.request_id,
            body=seen or self.detail[:TRACE_BYTES],
            elapsed_ms=self.elapsed_ms,
        )

    def json(self) -> Any:
        """The body as JSON; None when it is not whole or not JSON. (A body `null` is no answer either.)"""
        if not self.complete:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds the platform asks us to wait (RFC 9110 §10.2.3), between 0 and an hour; None: not said.

        Seconds or an HTTP date; the date is taken against the answer's own `Date`, whose clock is the
        same, and against ours without it. What cannot be understood counts as not said.
        """
        value = self.headers.get("retry-after", "").strip()
        if not value:
            return None
        try:
            seconds = float(value)
        except ValueError:
            asked, server_now = _http_date(value), _http_date(self.headers.get("date", ""))
            if asked is None:
                return None
            seconds = (asked - (server_now or self.at)).total_seconds()
        if math.isnan(seconds):
            return None
        return min(max(seconds, 0.0), LONGEST_PAUSE)

    @property
    def clock_ahead(self) -> float | None:
        """Seconds that our clock is ahead of the platform's, by the `Date` of its answer; None: not said."""
        server_now = _http_date(self.headers.get("date", ""))
        return (self.at - server_now).total_seconds() if server_now else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
