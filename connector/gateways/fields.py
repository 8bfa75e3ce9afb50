"""Fields of platforms' answers, read leniently: what is not what it should be reads as not there. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def text(value: Any) -> str | None:
    """A string with something in it; numbers count, because some platforms number their flows.

    JSON can spell half a character ("\\ud800"), which no file and no journal can hold: it becomes "?".
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).encode("utf-8", "replace").decode().strip() or None


def moment(value: Any) -> datetime | None:
    """A date-time of the platform as UTC; one without a zone is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
