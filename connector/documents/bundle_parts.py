"""What zip and tar have in common: how much is taken, which names are good, and how a member is measured."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from connector.documents.recognise import NotADocument
from connector.extents import Torn
from connector.model import Member, Problem

MIB = 1024 * 1024
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without entries
GZIP_MAGIC = b"\x1f\x8b"
LONGEST_NAME = 1024  # characters of a path inside a bundle

_NOISE_FOLDERS = {"__macosx"}
_NOISE_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one bundle may hold (N11). A flow of the public portal is 1 GB at most (DGFiP v3.2 §3.4.2)."""

    members: int = 10_000  # entries of any kind
    total: int = 1024 * MIB  # bytes, unpacked
    ratio: int = 200  # unpacked bytes to one packed: dense XML stays well below …
    unquestioned: int = 64 * MIB  # … and what unpacks to less is no danger anyway

    def most_of(self, packed: int) -> int:
        """The most bytes that so many packed ones may unpack to."""
        return min(self.total, max(self.unquestioned, self.ratio * packed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What somebody who read all bytes of a member knows of it."""

    size: int
    sha256: str
    crc: int  # CRC-32
    head: bytes  # the first bytes


def measure(pieces: Iterable[bytes]) -> Measured:
    """Read a member to its end. Raises what reading the pieces raises."""
    digest, size, crc, head = hashlib.sha256(), 0, 0, b""
    for piece in pieces:
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        head = head or piece[:8]
    return Measured(size=size, sha256=digest.hexdigest(), crc=crc, head=head)


def at_most(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The same pieces, as long as they are not more than so many bytes.

    Raises:
        NotADocument: they are (`bundle-too-large`).
    """
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise too_large(size, most)
        yield piece


def path_of(written: str) -> str | None:
    """A member's path as people know it, '/'-separated; None for what offices and systems leave behind."""
    steps = [step for step in written.replace("\\", "/").split("/") if step not in ("", ".")]
    folders = {step.casefold() for step in steps[:-1]}
    name = steps[-1].casefold() if steps else ""
    if not name or folders & _NOISE_FOLDERS or name in _NOISE_FILES or name.startswith("._"):
        return None
    return "/".join(steps).replace("\0", "\ufffd")[:LONGEST_NAME]


def fault_of(written: str) -> Problem | None:
    """What is wrong with a member's path: nothing that we write is ever named by it, but it means no good."""
    name = written.replace("\\", "/")
    wrong = (
        name.startswith("/")
        or _DRIVE.match(name)
        or ".." in name.split("/")
        or "\0" in name
        or len(name) > LONGEST_NAME
    )
    return Problem(code="bundle-member-name", found=written[:200]) if wrong else None


def judged(member: Member, seen: Measured) -> Member:
    """A member that was read, with its hash; or refused, because it is a bundle itself (N12)."""
    known = replace(member, size=seen.size, sha256=seen.sha256)
    if seen.head.startswith((*ZIP_MAGIC, GZIP_MAGIC)):
        kind = "gzip" if seen.head.startswith(GZIP_MAGIC) else "zip"
        return replace(known, sha256=None, problem=Problem(code="bundle-nested", found=kind))
    return known


def too_many(count: int, limits: Limits) -> NotADocument:
    return NotADocument(Problem(code="bundle-too-many", found=str(count), expected=str(limits.members)))


def too_large(size: int, most: int) -> NotADocument:
    return NotADocument(Problem(code="bundle-too-large", found=str(size), expected=str(most)))


def damaged(words: str) -> NotADocument:
    """The archive as a whole cannot be trusted."""
    return NotADocument(Problem(code="bundle-damaged", message=words))


def torn(fault: Torn) -> NotADocument:
    """The same for a fault that was met while reading."""
    if fault.incomplete:
        return incomplete(fault.words)
    return damaged(fault.words)


def incomplete(words: str) -> NotADocument:
    """The archive stops in the middle: perhaps it is still being written."""
    return NotADocument(Problem(code="bundle-incomplete", message=words), incomplete=True)
