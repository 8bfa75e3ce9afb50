"""The inside of a gzip: the members of a tar (ustar, pax of POSIX.1-2001, GNU long names), or one document.

Headers are followed one by one to the very end. A reader that stops quietly at the first header it does not
understand would lose every document behind it; here anything odd makes the whole archive damaged.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from connector.documents.bundle_parts import (
    Limits,
    at_most,
    damaged,
    fault_of,
    judged,
    measure,
    path_of,
    too_many,
)
from connector.extents import Stream
from connector.model import Member, Packing, Problem

_BLOCK = 512
_END = bytes(_BLOCK)
_LONGEST_EXTRA = 64 * 1024  # bytes of a long name or of a pax header: they are held in memory
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_SKIPPED = (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK, b"V")  # of all files, of links, a label
_PARTS = (b"M",)  # a file that began in another archive


def gzip_members(pieces: Iterator[bytes], packed: int, name: str, limits: Limits) -> Iterator[Member]:
    """What a gzip holds: the members of a tar, or the one document that it is.

    Args:
        pieces: what it unpacks to.
        packed: size of the file in bytes.
        name: of the file as it was dropped; a lone document goes by it, without its `.gz`.
    Raises:
        NotADocument, extents.Torn: it is not sound, or too large.
    """
    stream = Stream(at_most(pieces, limits.most_of(packed)))
    if is_tar(stream.peek(_BLOCK)):
        return _tar_members(stream, limits)
    return iter([_lone(stream, name)])


def is_tar(block: bytes) -> bool:
    """Whether a tar begins with this block: a header with a right checksum, or the end of an empty one."""
    try:
        return block == _END or bool(tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape"))
    except tarfile.HeaderError:
        return False


def _lone(stream: Stream, name: str) -> Member:
    own = name.replace("\\", "/").rpartition("/")[2]
    own = own[:-3] if own.casefold().endswith(".gz") else own
    member = Member(name=path_of(own) or "document", packing=Packing.STREAM)
    return judged(member, measure(stream.take()))


def _tar_members(stream: Stream, limits: Limits) -> Iterator[Member]:
    extra: dict[str, str] = {}  # what headers before say of the next member
    for count, header in enumerate(_headers(stream), start=1):
        if count > limits.members:
            raise too_many(count, limits)
        size = _number(extra.get("size"), header.size)
        kind = header.type
        if kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extra |= _pax(_extra(stream, header.size))
        elif kind == tarfile.GNUTYPE_LONGNAME:
            extra["path"] = _text(_extra(stream, header.size).partition(b"\0")[0])
        elif kind in _SKIPPED:
            _extra(stream, header.size)
        elif kind in _PARTS or kind == tarfile.GNUTYPE_SPARSE:
            raise damaged(f"tar entry of the type {kind!r}")
        else:
            written = extra.get("path") or _text(header.name.encode("utf-8", "surrogateescape"))
            sparse = any(key.startswith("GNU.sparse") for key in extra)
            extra = {}
            member = _member(stream, header, written, size, sparse)
            if member is not None:
                yield member


def _member(stream: Stream, header: tarfile.TarInfo, written: str, size: int, sparse: bool) -> Member | None:
    """One entry, read to its end; None for a folder and for noise."""
    name = path_of(written)
    if header.isdir():
        _skip(stream, size)
        return None
    if header.type in (*_LINKS, *_DEVICES):
        found = "link" if header.type in _LINKS else "device"
        return Member(name=name, problem=Problem(code="bundle-member-link", found=found)) if name else None
    member = Member(name=name or "", packing=Packing.STREAM, start=stream.position, stored=size)
    seen = measure(stream.take(size))
    _pad(stream, size)
    if name is None:
        return None
    problem = fault_of(written)
    if sparse:
        problem = Problem(code="bundle-member-packing", found="sparse")
    if problem is not None:
        return Member(name=name, size=size, problem=problem)
    return judged(member, seen)


def _headers(stream: Stream) -> Iterator[tarfile.TarInfo]:
    """The headers up to the end; whoever gets one reads on to the next."""
    while (block := stream.read(_BLOCK)) != _END:
        if len(block) < _BLOCK:
            raise damaged("the tar stops without its end: a member may be missing")
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise damaged(f"tar header at byte {stream.position - len(block)}: {error}") from None
        if header.size < 0:
            raise damaged(f"tar header at byte {stream.position - len(block)}: negative size")
        yield header
    for piece in stream.take():
        if piece.strip(b"\0"):
            raise damaged("there is more behind the end of the tar")


def _extra(stream: Stream, size: int) -> bytes:
    if size > _LONGEST_EXTRA:
        raise damaged(f"a tar header of {size} bytes")
    data = stream.read(size)
    if len(data) < size:
        raise damaged("the tar ends in the middle of a header")
    _pad(stream, size)
    return data


def _skip(stream: Stream, size: int) -> None:
    for _ in stream.take(size):
        pass
    _pad(stream, size)


def _pad(stream: Stream, size: int) -> None:
    stream.read(-size % _BLOCK)


def _pax(data: bytes) -> dict[str, str]:
    """The records `<length> <key>=<value>\\n` of a pax header (POSIX.1-2001)."""
    records: dict[str, str] = {}
    while data.strip(b"\0"):
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or not len(length) + 1 < int(length[:9]) <= len(data):
            raise damaged("a pax header that cannot be read")
        key, equals, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        if not equals:
            raise damaged("a pax header that cannot be read")
        records[_text(key)] = _text(value)
        data = data[int(length) :]
    return records


def _number(written: str | None, otherwise: int) -> int:
    if written is None:
        return otherwise
    if not (written.isascii() and written.isdigit() and len(written) < 16):
        raise damaged("a pax size that is no number")
    return int(written)


def _text(name: bytes) -> str:
    """A name as text: UTF-8, else as Windows-1252."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace")
