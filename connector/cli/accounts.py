"""How accounts stand with their platforms, as `connector status` tells it: from the journal, whoever runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from connector.cli.context import Context
    from connector.journal import JournalView


def standings(context: Context, view: JournalView) -> list[dict[str, Any]]:
    """One record an account; an account that has never run is free and knows of no success."""
    from connector.standing import Standing

    kept, in_flight, now = view.standings(), view.in_flight(), datetime.now(UTC)
    records = []
    for account in context.settings.account:
        standing = replace(kept.get(account.name) or Standing(account=account.name, at=now), at=now)
        records.append(
            {
                "account": account.name,
                "gateway": account.gateway,
                "state": standing.way,
                "reason": standing.reason,
                "since": _iso(standing.since),
                "until": _iso(standing.until),
                "failures": standing.failures,
                "in_flight": in_flight.get(account.name, 0),
                "last_success": _iso(standing.last_success),
            }
        )
    return records


def tell(context: Context, records: list[dict[str, Any]]) -> None:
    """A line an account, and below them a sentence for each that does not send freely."""
    columns = ("account", "account_state", "in_flight", "last_success")
    rows = [
        (
            record["account"],
            context.messages.label("account_state", record["state"]),
            str(record["in_flight"]),
            _local(context, record["last_success"]) or "-",
        )
        for record in records
    ]
    context.table([context.text(f"status.{column}") for column in columns], rows)
    for record in records:
        if record["state"] != "free":
            context.say(_sentence(context, record))


def _sentence(context: Context, record: dict[str, Any]) -> str:
    state = record["state"]
    parts = [context.text(f"status.is_{state}", account=record["account"])]
    if since := _local(context, record["since"]):
        parts.append(context.text("status.since", at=since))
    if until := _local(context, record["until"]):
        parts.append(context.text("status.until", at=until))
    if record["reason"]:
        parts.append(context.messages.waiting(record["reason"]))
    return " ".join(parts)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _local(context: Context, iso: str | None) -> str | None:
    if iso is None:
        return None
    moment = datetime.fromisoformat(iso).astimezone(ZoneInfo(context.settings.timezone))
    return context.text("status.moment", at=moment)
