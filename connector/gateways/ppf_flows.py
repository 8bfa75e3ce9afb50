"""Flows of the public portal's EDI: their names, and the tar.gz around one document.

A name is `<interface>_<application>_<flow>`: the interface tells what kind of document is inside, the flow's
25 characters are the application code, the four digits of the interface and a number of fifteen digits
(DGFiP/AIFE external specifications v3.2, 3.4.5 and table 4).

The envelope stores the document without compressing it: its length is known before the first byte leaves, and
the same document has the same envelope at each attempt, whatever version of zlib is installed.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tarfile
import zlib
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from pathlib import Path

from connector.gateways.body import SpoolChanged
from connector.model import Document, Parcel, Syntax

INVOICING, EREPORTING = "facturation", "e-reporting"  # the domains that flows are deposited in
_INTERFACES: Mapping[Syntax, str] = {
    Syntax.UBL: "FFE0111A",
    Syntax.CII: "FFE0112A",
    Syntax.CDAR: "FFE0614A",
    Syntax.FRR: "FFE1025A",
}
SYNTAXES = frozenset(_INTERFACES)
# A lifecycle message says by the end of its guideline what it is about: an invoice, unless one of these.
_LIFECYCLES: Mapping[str, str] = {"einvoicingF1": "FFE0604A", "ereportingF10": "FFE0624A"}
_OF_EREPORTING = ("FFE0624A", "FFE1025A")
_JUDGED_AS_FLOW = "FFE06"  # lifecycle messages: the portal tells of those it rejects only

_BLOCK = 512  # of a tar
_LONGEST_NAME = 95  # characters; with "Full_" before them they fit into the header of a tar
_PIECE = 64 * 1024 - 1  # bytes of a stored block of deflate, at most (RFC 1951 §3.2.4)
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system (RFC 1952 §2.3)


# --------------------------------------------------------------------------- names
def interface_of(document: Document) -> str:
    """The interface code of a document's flow."""
    if document.syntax is Syntax.CDAR:
        about = (document.profile or "").rpartition(":")[2]
        return _LIFECYCLES.get(about, _INTERFACES[Syntax.CDAR])
    return _INTERFACES[document.syntax]


def flow_name(parcel: Parcel, application: str) -> str:
    """The name of a parcel's flow, the same for every attempt.

    Args:
        application: code of our connection to the portal, six characters.
    """
    assert parcel.number is not None
    interface = interface_of(parcel.document)
    return f"{interface}_{application}_{application}{interface[3:7]}{parcel.number:015d}"


def domain_of(flow: str) -> str:
    """The domain that a flow belongs to, by its name."""
    return EREPORTING if flow.startswith(_OF_EREPORTING) else INVOICING


def is_judged_as_flow(flow: str) -> bool:
    """Whether nothing more is told of a flow of this name once it is admissible, unless it is rejected."""
    return flow.startswith(_JUDGED_AS_FLOW)


def inner_name(parcel: Parcel) -> str:
    """The name of the document inside its flow; an invoice that has all its data is called so."""
    stem = parcel.name.rpartition(".")[0] or parcel.name
    prefix = "Full_" if parcel.document.syntax in (Syntax.UBL, Syntax.CII) else ""
    # The end of the name is what makes it unique.
    return f"{prefix}{stem[-_LONGEST_NAME + 4 :]}.xml"


# --------------------------------------------------------------------------- the envelope
class EnvelopeBody:
    """A parcel's envelope as the body of a request; see `exchange.Body`."""

    content_type = "application/gzip"

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel
        whole = _tar_length(parcel.size)
        self.length = len(_GZIP_HEAD) + whole + 5 * -(-whole // _PIECE) + 8
        self.started = self.finished = False
        self._pieces: Generator[bytes, None, None] | None = None  # while the copy is being read

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the copy anew.

        Raises:
            SpoolChanged: before the first piece, when the copy has another length; or in the middle.
            OSError: it cannot be read.
        """
        self.started = self.finished = False
        self.close()
        pieces = self._pieces = envelope(self._parcel)
        waiting = next(pieces)
        for piece in pieces:
            self.started = True
            yield waiting
            waiting = piece
        self.started = self.finished = True
        yield waiting

    def close(self) -> None:
        """Close the copy, if it is open."""
        if self._pieces is not None:
            self._pieces.close()
            self._pieces = None


def sha256_of_envelope(parcel: Parcel) -> str:
    """Hex SHA-256 of a parcel's envelope, from its copy on the disk."""
    digest = hashlib.sha256()
    for piece in envelope(parcel):
        digest.update(piece)
    return digest.hexdigest()


def envelope(parcel: Parcel) -> Generator[bytes, None, None]:
    """The pieces of a parcel's envelope.

    Raises:
        SpoolChanged, OSError: as `EnvelopeBody.pieces`.
    """
    left, check, waiting, head = _tar_length(parcel.size), 0, bytearray(), _GZIP_HEAD
    for piece in _tar(inner_name(parcel), parcel.path, parcel.size):
        check = zlib.crc32(piece, check)
        waiting += piece
        while len(waiting) >= min(_PIECE, left) > 0:
            block = bytes(waiting[:_PIECE])
            del waiting[:_PIECE]
            left -= len(block)
            yield head + struct.pack("<BHH", left == 0, len(block), len(block) ^ 0xFFFF) + block
            head = b""
    yield struct.pack("<LL", check, _tar_length(parcel.size) & 0xFFFFFFFF)


def _tar(name: str, path: Path, size: int) -> Iterator[bytes]:
    """A tar (POSIX.1-1988) of one file, without owner, time or padding to a record."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    with path.open("rb") as copy:
        if os.fstat(copy.fileno()).st_size != size:
            raise SpoolChanged(f"{path.name} is no longer {size} bytes long")
        yield entry.tobuf(tarfile.USTAR_FORMAT)
        left = size
        while left:
            piece = copy.read(min(_PIECE, left))
            if not piece:
                raise SpoolChanged("the private copy became shorter while it was sent")
            left -= len(piece)
            yield piece
    yield bytes(-size % _BLOCK + 2 * _BLOCK)


def _tar_length(size: int) -> int:
    return _BLOCK + size + -size % _BLOCK + 2 * _BLOCK
