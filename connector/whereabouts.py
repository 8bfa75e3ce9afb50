"""Why does this file still lie there? A pure answer from what can be seen of it in an inbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A file in an inbox, as it is seen now.

    Args:
        depth: folders between the inbox and the file.
        age: seconds since its last change, by the clock of its file system.
        taken_name: its name is one that the route takes.
        readable: we may read it.
        running: the connector runs.
        paused: a PAUSE.txt lies in the inbox.
        quiet: seconds without a change after which a file is whole.
        empty_wait: the same for an empty one.
    """

    size: int
    depth: int
    age: float
    taken_name: bool
    readable: bool
    running: bool
    paused: bool
    quiet: float
    empty_wait: float
    max_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason, as a key of the catalogue below `cli.why`, and what its sentence needs."""

    kind: str
    facts: dict[str, str]


def reasons(lying: Lying) -> tuple[Reason, ...]:
    """Everything that keeps a file from being taken; `soon` when nothing does."""
    found = tuple(_hindrances(lying))
    return found or (Reason(kind="soon", facts={}),)


def _hindrances(lying: Lying) -> Iterator[Reason]:
    if not lying.taken_name:
        yield Reason(kind="name", facts={})
    if lying.depth > lying.max_depth:
        yield Reason(kind="deep", facts={"n": str(lying.max_depth)})
    if not lying.readable:
        yield Reason(kind="unreadable", facts={})
    if lying.paused:
        yield Reason(kind="paused", facts={})
    if not lying.running:
        yield Reason(kind="not-running", facts={})
    if lying.size == 0 and lying.age < lying.empty_wait:
        yield Reason(kind="empty", facts={"seconds": f"{lying.empty_wait - lying.age:.0f}"})
    elif lying.age < lying.quiet:
        yield Reason(kind="settling", facts={"seconds": f"{lying.quiet - lying.age:.0f}"})
