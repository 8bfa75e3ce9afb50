"""Which transmission identifier a report gets, and what its file is called. Pure.

The identifier follows from what the report is: the same one made twice before it was taken gets the same, so
that the second is seen to be a second one; no two that were taken ever share one (G8.05).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from connector.periods import PAYMENTS, TRANSACTIONS, Period


class Kind(StrEnum):
    """What a report is of; the values are those of the calendar."""

    TRANSACTIONS = TRANSACTIONS
    PAYMENTS = PAYMENTS


def transmission_id(
    siren: str, period: Period, kind: Kind, type_code: str, used: Iterable[str], role: str = "SE"
) -> str:
    """The identifier (TT-1) of the next report of its sort: letters, digits and "-", 42 characters (G1.104).

    The portal takes file names apart at "_" and knows no "/", so neither is in it.

    Args:
        type_code: IN or RE.
        used: every identifier that was taken so far; others than ours do no harm.
    """
    first = f"{period.start:%Y%m%d}-{period.end:%Y%m%d}"
    stem = f"{siren}-{kind[0].upper()}-{role}-{first}-{type_code}-"
    ours = re.compile(rf"{re.escape(stem)}(\d{{3,}})")
    numbers = [int(found[1]) for found in map(ours.fullmatch, used) if found]
    return f"{stem}{max(numbers, default=0) + 1:03d}"


def file_name(siren: str, number: str, period: Period) -> str:
    """The name that the public portal wants (Chorus Pro specifications v1.1 §3.6.2), with its extension."""
    return f"{siren}_{number}_{period.start:%Y%m%d}_{period.end:%Y%m%d}.xml"
