"""The inside of a zip, read from its central directory (APPNOTE 6.3.10) entry by entry, and checked strictly.

Two readers must never see two different documents in one file. So two descriptions of an entry that disagree,
entries that share bytes, and a directory that is not where its end says make the whole archive damaged. What
is wrong with one entry only is told of that entry.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from connector.documents.bundle_parts import (
    Limits,
    damaged,
    fault_of,
    incomplete,
    judged,
    measure,
    path_of,
    too_large,
    too_many,
)
from connector.documents.recognise import NotADocument
from connector.extents import Torn, cut
from connector.model import Member, Packing, Problem

_END = struct.Struct("<4s4H2LH")  # end of central directory
_LOCATOR = struct.Struct("<4sLQL")  # where the zip64 end is
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")  # of the central directory
_LOCAL = struct.Struct("<4s5H3L2H")  # before an entry's data
_LONGEST_COMMENT = 0xFFFF
_SHORT, _LONG = 0xFFFF, 0xFFFFFFFF  # "see the zip64 field"
_ZIP64 = 1  # id of that field
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000  # traditional, strong, hidden directory
_SIZES_BEHIND = 0x0008  # the local header does not know them yet
_UTF8 = 0x0800
_UNIX = 3
_PACKINGS = {0: Packing.STORED, 8: Packing.DEFLATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Directory:
    start: int
    size: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry as the central directory describes it."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    stored: int  # bytes of its data in the file
    size: int
    header: int  # where its local header begins
    system: int
    attributes: int
    data: int = 0  # where its data begin

    @property
    def name(self) -> str:
        """Windows writes names in the page of its console, in France 850, unless it says UTF-8."""
        try:
            return self.raw_name.decode("utf-8")
        except UnicodeDecodeError:
            return self.raw_name.decode("utf-8" if self.flags & _UTF8 else "cp850", "replace")


def zip_members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a zip, each read to its end and checked.

    Raises:
        NotADocument: the archive as a whole is incomplete, damaged, split, or too large.
    """
    length = file.seek(0, os.SEEK_END)
    directory = _directory(file, length)
    if directory.count > limits.members:
        raise too_many(directory.count, limits)
    entries = [_located(file, entry, directory) for entry in list(_entries(file, directory))]
    _apart(entries)
    total = sum(entry.size for entry in entries if _obstacle(entry, limits) is None)
    if total > limits.total:
        raise too_large(total, limits.total)
    for entry in entries:
        name = path_of(entry.name)
        if name is not None and not _is_folder(entry):
            yield _member(file, entry, name, limits)


def _member(file: BinaryIO, entry: _Entry, name: str, limits: Limits) -> Member:
    problem = _obstacle(entry, limits)
    if problem is not None:
        return Member(name=name, size=entry.size, problem=problem)
    member = Member(
        name=name,
        size=entry.size,
        packing=_PACKINGS[entry.method],
        start=entry.data,
        stored=entry.stored,
    )
    try:
        ((_, pieces),) = cut(file, [member])
        seen = measure(_no_more(pieces, entry.size))
    except Torn as fault:
        return Member(name=name, problem=Problem(code="bundle-member-damaged", message=fault.words))
    if (seen.size, seen.crc) != (entry.size, entry.crc):
        words = f"another {'size' if seen.size != entry.size else 'CRC-32'} than announced"
        return Member(name=name, problem=Problem(code="bundle-member-damaged", message=words))
    return judged(member, seen)


def _obstacle(entry: _Entry, limits: Limits) -> Problem | None:
    """Why this entry is not even read; None when it is."""
    if problem := fault_of(entry.name):
        return problem
    mode = stat.S_IFMT(entry.attributes >> 16) if entry.system == _UNIX else 0
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Problem(code="bundle-member-link", found="link" if mode == stat.S_IFLNK else "device")
    if entry.flags & _ENCRYPTED:
        return Problem(code="bundle-member-encrypted")
    if entry.method not in _PACKINGS:
        return Problem(code="bundle-member-packing", found=str(entry.method))
    most = limits.most_of(entry.stored)
    if entry.size > max(most, entry.stored):
        return Problem(code="bundle-member-bomb", found=str(entry.size), expected=str(most))
    return None


def _is_folder(entry: _Entry) -> bool:
    return entry.name.replace("\\", "/").endswith("/") and entry.size == 0


def _no_more(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The pieces, as long as they are not more than announced."""
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > size:
            raise Torn("more bytes than announced")
        yield piece


# --------------------------------------------------------------------------- structure
def _directory(file: BinaryIO, length: int) -> _Directory:
    """Where the central directory lies. A zip that is still being written has no end yet."""
    tail = min(length, _END.size + _LONGEST_COMMENT)
    file.seek(length - tail)
    data = file.read(tail)
    at = data.rfind(b"PK\x05\x06")
    while at >= 0:
        if len(data) - at >= _END.size:
            _, disk, first, here, count, size, start, comment = _END.unpack_from(data, at)
            if at + _END.size + comment == len(data):
                break
        at = data.rfind(b"PK\x05\x06", 0, at)
    else:
        raise incomplete("the end of the zip's directory is missing")
    end = length - tail + at
    short = (disk, first, here, count, size, start)
    if (long := _directory_64(file, end)) is not None:
        # A value that has no room in the short record is there as all ones; the others must be the same.
        ones = (_SHORT, _SHORT, _SHORT, _SHORT, _LONG, _LONG)
        if any(a not in (b, one) for a, b, one in zip(short, long, ones, strict=False)):
            raise damaged("the two ends of the zip disagree")
        disk, first, here, count, size, start, end = long
    if (disk, here) != (first, count) or disk:
        raise NotADocument(Problem(code="bundle-split"))
    if start + size != end or count * _ENTRY.size > size:
        raise damaged("the zip's directory is not where its end says")
    return _Directory(start=start, size=size, count=count)


def _directory_64(file: BinaryIO, end: int) -> tuple[int, int, int, int, int, int, int] | None:
    """Disk, first disk, entries here, entries, size, start and end of the directory of a zip64."""
    file.seek(max(end - _LOCATOR.size, 0))
    located = file.read(_LOCATOR.size)
    if len(located) < _LOCATOR.size or not located.startswith(b"PK\x06\x07"):
        return None
    _, _, at, disks = _LOCATOR.unpack(located)
    if disks > 1:
        raise NotADocument(Problem(code="bundle-split"))
    if at + _END_64.size > end:
        raise damaged("the zip64 end is not where its locator says")
    file.seek(at)
    data = file.read(_END_64.size)
    if not data.startswith(b"PK\x06\x06"):
        raise damaged("the zip64 end is not where its locator says")
    _, _, _, _, disk, first, here, count, size, start = _END_64.unpack(data)
    return disk, first, here, count, size, start, at


def _entries(file: BinaryIO, directory: _Directory) -> Iterator[_Entry]:
    file.seek(directory.start)
    left = directory.size
    for _ in range(directory.count):
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(b"PK\x01\x02"):
            raise damaged("an entry of the zip's directory cannot be read")
        _, made, _, flags, method, _, _, crc, stored, size, *lengths, _, _, outer, header = _ENTRY.unpack(
            head
        )
        name_length, extra_length, comment_length = lengths[0], lengths[1], lengths[2]
        left -= _ENTRY.size + sum(lengths[:3])
        if left < 0:
            raise damaged("an entry reaches beyond the zip's directory")
        raw_name = file.read(name_length)
        size, stored, header = _long_ones(file.read(extra_length), size, stored, header)
        file.read(comment_length)
        yield _Entry(
            raw_name=raw_name,
            flags=flags,
            method=method,
            crc=crc,
            stored=stored,
            size=size,
            header=header,
            system=made >> 8,
            attributes=outer,
        )
    if left:
        raise damaged("the zip's directory is longer than its entries")


def _long_ones(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Size, stored size and place of an entry, from its zip64 field where the short ones say so."""
    if _LONG not in values:
        return values[0], values[1], values[2]
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _ZIP64:
            found = [value for (value,) in struct.iter_unpack("<Q", extra[4 : 4 + length // 8 * 8])]
            given = [found.pop(0) if value == _LONG and found else value for value in values]
            if _LONG not in given:
                return given[0], given[1], given[2]
        extra = extra[4 + length :]
    raise damaged("a zip64 size is announced and not there")


def _located(file: BinaryIO, entry: _Entry, directory: _Directory) -> _Entry:
    """The entry with the place of its data, after its two descriptions were found alike."""
    file.seek(entry.header)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise damaged("an entry is not where the zip's directory says")
    _, _, flags, method, _, _, crc, stored, size, name_length, extra_length = _LOCAL.unpack(head)
    alike = file.read(name_length) == entry.raw_name and method == entry.method
    alike = alike and not (flags ^ entry.flags) & (_ENCRYPTED | _UTF8)
    if not flags & _SIZES_BEHIND and not entry.flags & _ENCRYPTED:
        alike = alike and crc == entry.crc and stored in (entry.stored, _LONG) and size in (entry.size, _LONG)
    data = entry.header + _LOCAL.size + name_length + extra_length
    if not alike or data + entry.stored > directory.start:
        raise damaged("an entry and the zip's directory disagree")
    return replace(entry, data=data)


def _apart(entries: Sequence[_Entry]) -> None:
    """Refuse entries that share bytes: that is how a few kilobytes unpack to terabytes (N11)."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header):
        if entry.header < end:
            raise damaged("two entries of the zip share bytes")
        end = entry.data + entry.stored
