"""What people tell the connector by files in its folders: names, and the words for what they want. Pure.

    PAUSE.txt in the inbox                     the route takes nothing new
    NAME.annuler (or .cancel) in the inbox     NAME shall not go
    a file moved from the errors to the inbox  it is to go again: an ordinary drop
    a file moved to errors/traite (or done),
    or deleted                                 somebody has seen to it

What follows from it is decided in `wishes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto

PAUSE = b"pause.txt"
CANCEL = {"fr": ".annuler", "en": ".cancel"}  # each is understood in both languages
TREATED = {"fr": "traite", "en": "done"}  # sub-folder of the errors
_SUFFIXES = tuple(suffix.encode() for suffix in CANCEL.values())


def is_control(name: bytes) -> bool:
    """Whether a file of an inbox tells us something, instead of being a document.

    Args:
        name: its path below the inbox.
    """
    return is_pause(name) or cancelled_by(name) is not None


def is_pause(name: bytes) -> bool:
    """Whether this file pauses the route: `PAUSE.txt` in the inbox itself, in any case of letters."""
    return name.lower() == PAUSE


def cancelled_by(name: bytes) -> bytes | None:
    """The file that this one asks to cancel; None when it asks for nothing of the kind."""
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            target = name[: -len(suffix)]
            return target if target and not target.endswith(b"/") else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A file in an inbox that asks for another one not to go."""

    name: bytes  # its own
    target: bytes
    is_old: bool  # it has lain there long enough for its target to have come


class Answer(StrEnum):
    """What becomes of a request to cancel."""

    WAIT = auto()  # its target is still to be taken, or about to be called off
    DONE = auto()  # its target was cancelled: the request may go
    TOO_LATE = auto()  # its target has left, or cannot be proven not to have
    NOT_SENT = auto()  # its target has ended without being sent: there is nothing to cancel
    UNKNOWN = auto()  # nobody knows a file of this name
