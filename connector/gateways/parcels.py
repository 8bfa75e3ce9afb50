"""From a file to what a gateway takes: for products that use the gateways without the journey."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from connector import names
from connector.model import Document, Parcel

LONGEST_TRACKING_ID = 36  # characters (XP Z12-013 Flow 1.2.0)


def parcel_of(
    path: Path,
    document: Document,
    *,
    tracking_id: str,
    attempt: int = 1,
    started_at: datetime | None = None,
    number: int | None = None,
) -> Parcel:
    """A file ready to be handed over. Reads it once, for its SHA-256.

    Args:
        path: of a file that nobody changes until its deposit has an answer.
        document: what it is. A look-up at Chorus Pro needs its number, and is surer with its seller and date.
        tracking_id: your key, at most 36 characters; the same for each attempt, and for nothing else.
        attempt: counts from 1.
        started_at: when the first attempt began, aware; a look-up searches from there. None: now.
        number: of the flow, where the sender numbers its flows (the public portal).
    Raises:
        ValueError: the tracking id is empty or too long.
        OSError: the file cannot be read.
    """
    if not 0 < len(tracking_id) <= LONGEST_TRACKING_ID:
        raise ValueError(f"a tracking id has 1 to {LONGEST_TRACKING_ID} characters, not {len(tracking_id)}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        size = file.tell()
    return Parcel(
        job=tracking_id,
        tracking_id=tracking_id,
        attempt=attempt,
        path=path,
        size=size,
        sha256=digest.hexdigest(),
        name=names.sent(os.fsencode(path.name), tracking_id),
        document=document,
        started_at=started_at or datetime.now(UTC),
        number=number,
    )
