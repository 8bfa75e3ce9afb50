"""The directory of the reform: addresses of recipients, the lines that say who can be reached there. Pure.

A line binds an address to the platform that receives for it. The address is a SIREN, or `SIREN_SIRET`, or
`SIREN_SIRET_routingcode`, or `SIREN_suffix` (XP Z12-013 Directory 1.2.0; in invoices it is the electronic
address of scheme 0225). The directory of the public portal and those of the platforms say the same in two
languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.errors import Refused

_ADDRESS = re.compile(
    r"(?P<siren>[0-9]{9})"
    r"(?:_(?P<siret>[0-9]{14})(?:_(?P<routing>[-_/A-Za-z0-9]{1,100}))?|_(?P<suffix>[-_.@A-Za-z0-9]{1,100}))?"
)
_LONGEST = 125


class NotAnAddress(Refused):
    """A text that cannot be an address of the directory."""


class LineStatus(StrEnum):
    """Whether a line is in force."""

    ENABLED = "enabled"
    UPCOMING = "upcoming"
    DISABLED = "disabled"
    UNKNOWN = "unknown"  # a word that we do not know; never taken for "enabled"


class Reach(StrEnum):
    """What the directory says of a recipient."""

    REACHABLE = "reachable"
    UPCOMING = "upcoming"  # there are lines, and none is in force yet
    CLOSED = "closed"  # there were lines
    ABSENT = "absent"
    UNKNOWN = "unknown"  # the directory could not be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address taken apart."""

    siren: str
    siret: str | None = None
    routing_code: str | None = None
    suffix: str | None = None

    def __str__(self) -> str:
        parts = (self.siren, self.siret, self.routing_code, self.suffix)
        return "_".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryLine:
    """One line, whichever directory told it.

    Args:
        platform: "approved" (a platform of the company's choice) or "portal"; None when it is not told.
        service_required, commitment_required: what a public recipient asks for (Chorus Pro); None: not told.
        either_required: a public recipient asks for one of the two, whichever; None: not told.
        valid_from, valid_to: ISO dates; None when they are not told.
    """

    address: str
    siren: str
    siret: str | None = None
    status: LineStatus = LineStatus.ENABLED
    platform: str | None = None
    name: str | None = None
    service_required: bool | None = None
    commitment_required: bool | None = None
    either_required: bool | None = None
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one question to a directory.

    Args:
        at: when it was answered, or given up.
        trouble: why nobody knows, as a code ("timeout", "forbidden", …); None: the lines are the answer.
    """

    at: datetime
    lines: tuple[DirectoryLine, ...] = ()
    trouble: str | None = None

    @property
    def reach(self) -> Reach:
        return Reach.UNKNOWN if self.trouble else reach(self.lines)


def address(text: str) -> Address:
    """Read an address; a lone SIRET counts as one, blanks do not.

    Raises:
        NotAnAddress: it is neither a SIREN nor begins with one.
    """
    plain = "".join(text.split())
    if re.fullmatch(r"[0-9]{14}", plain):
        return Address(siren=plain[:9], siret=plain)
    found = _ADDRESS.fullmatch(plain)
    if found is None or len(plain) > _LONGEST or (found["siret"] and found["siret"][:9] != found["siren"]):
        raise NotAnAddress(f"{text.strip()[:60]!r} is not an address of the directory")
    return Address(
        siren=found["siren"], siret=found["siret"], routing_code=found["routing"], suffix=found["suffix"]
    )


def reach(lines: Iterable[DirectoryLine]) -> Reach:
    """What these lines together say of their recipient."""
    statuses = {line.status for line in lines}
    for status, meaning in (
        (LineStatus.ENABLED, Reach.REACHABLE),
        (LineStatus.UPCOMING, Reach.UPCOMING),
        (LineStatus.DISABLED, Reach.CLOSED),
        (LineStatus.UNKNOWN, Reach.UNKNOWN),
    ):
        if status in statuses:
            return meaning
    return Reach.ABSENT
