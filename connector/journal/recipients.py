"""What directories said of recipients, kept in the journal for as long as it may be believed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from connector.directory import DirectoryLine, Told
from connector.journal import sql
from connector.journal.rows import stamp
from connector.records import decode, encode

KEPT = timedelta(
    days=7
)  # a list of recipients may take days, and uses what was answered since it was dropped


def recall(
    db: sqlite3.Connection, account: str, addresses: Sequence[str], now: datetime, since: datetime | None
) -> dict[str, Told]:
    """See `ports.AnswerBook`."""
    values = {
        "account": account,
        "addresses": json.dumps(addresses),
        "now": stamp(now),
        "since": stamp(since) if since else None,
    }
    return {
        address: Told(at=datetime.fromisoformat(at), lines=decode(tuple[DirectoryLine, ...], body))
        for address, at, body in db.execute(sql.RECALL, values)
    }


def remember(
    db: sqlite3.Connection, account: str, answers: Mapping[str, tuple[Told, datetime]], now: datetime
) -> None:
    """See `ports.AnswerBook`; inside the caller's transaction."""
    db.executemany(
        sql.REMEMBER,
        [
            (account, address, stamp(told.at), stamp(until), encode(tuple[DirectoryLine, ...], told.lines))
            for address, (told, until) in answers.items()
        ],
    )
    db.execute(sql.FORGET, (stamp(now - KEPT), stamp(now)))
