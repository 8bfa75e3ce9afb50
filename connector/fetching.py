"""Words for what a platform holds of a flow, and for having it fetched into a file. No effects.

Beside `model`, which gives them on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from connector.verdict import Announced


class FetchKind(StrEnum):
    """What of a flow is fetched (`docType`, XP Z12-013 Flow 1.2.0)."""

    ORIGINAL = "Original"  # the bytes as their sender deposited them
    CONVERTED = "Converted"  # in the format agreed with the platform; many have agreed on none
    READABLE_VIEW = "ReadableView"  # for people
    METADATA = "Metadata"  # what the platform says of the flow, in its own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """It came whole, and lies under the name that was asked for. Not flushed to the disk yet."""

    path: Path
    size: int  # bytes
    sha256: str  # hexadecimal, of these bytes
    media_type: str | None = None  # as the platform calls it; often only "application/octet-stream"
    name: str | None = None  # as the platform calls it: never a path to write to


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """This one did not come; nothing lies under the name that was asked for because of it.

    Trouble with the platform as a whole is an error that is raised, not this.

    Args:
        reason: "not-found", "no-such-kind", "too-large", "not-a-document", "forbidden", "redirect",
            "timeout", "read", "server-error", "unexpected-status".
        final: asking again is of no use.
        words: for the operator; no secrets.
    """

    reason: str
    final: bool
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFlow:
    """A flow that the platform has for us: a status, a supplier's invoice. Only listed, not fetched."""

    flow_id: str
    flow_type: str | None = None  # `flowType`: "CustomerInvoiceLC", "SupplierInvoice", …; an open list
    syntax: str | None = None  # `flowSyntax`
    name: str | None = None  # as the platform calls it: never a path to write to
    tracking_id: str | None = None  # of whoever sent it, or of the flow that it is about
    submitted_at: datetime | None = None
    company: str | None = None  # SIREN of ours that it is for, where the connection tells
    given: Announced | None = None  # the status itself, where the listing tells all of it: nothing to fetch
