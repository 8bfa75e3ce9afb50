"""Reads members out of a bundle whose inside is known, in pieces and in bounded memory. Writes nothing.

The same code reads a member when it is checked, in a process that may die of it, and when it is taken out. So
whoever takes it out meets no structure any more: a range of bytes, one known size, one known SHA-256.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from connector.errors import Unreadable
from connector.model import Member, Packing

_IN = 64 * 1024  # bytes read at a time
_OUT = 1024 * 1024  # bytes unpacked at a time: a piece that inflates a thousandfold must not be held whole
_GZIP = b"\x1f\x8b"


class Torn(Unreadable):
    """The bytes are not what they should be.

    Args:
        words: what is wrong, for the technical reference.
        incomplete: they stop in the middle.
    """

    def __init__(self, words: str, *, incomplete: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.incomplete = incomplete


class Stream:
    """Pieces of bytes as something to be read once, forward."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._ahead, self._at = b"", 0  # a piece that came, and how much of it is given
        self.position = 0  # bytes given so far

    def peek(self, size: int) -> bytes:
        """The next bytes without taking them; fewer at the end."""
        while len(self._ahead) - self._at < size and (piece := next(self._pieces, None)) is not None:
            self._ahead, self._at = self._ahead[self._at :] + piece, 0
        return self._ahead[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """A few bytes at once; fewer at the end."""
        taken = self.peek(size)
        self._given(len(taken))
        return taken

    def take(self, size: int | None = None) -> Iterator[bytes]:
        """So many bytes in pieces, or all that are left.

        Raises:
            Torn: the stream ends before.
        """
        left = size
        while left is None or left > 0:
            if self._at == len(self._ahead):
                self._ahead, self._at = next(self._pieces, b""), 0
            end = len(self._ahead) if left is None else self._at + left
            piece = self._ahead[self._at : end]
            if not piece and left is not None:
                raise Torn("the unpacked stream ends in the middle of a member")
            if not piece:
                return
            self._given(len(piece))
            left = None if left is None else left - len(piece)
            yield piece

    def _given(self, size: int) -> None:
        self._at += size
        self.position += size


def cut(file: BinaryIO, members: Sequence[Member]) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """The bytes of each of these members of one bundle, in the order in which they lie in it.

    Args:
        file: the bundle.
        members: of one kind of packing. The pieces of one are read to their end before the next.
    Raises:
        Torn: while pieces are read, when they are not a sound member.
    """
    stream: Stream | None = None
    for member in sorted(members, key=lambda member: member.start):
        match member.packing:
            case Packing.STORED:
                yield member, _stored(file, member)
            case Packing.DEFLATED:
                yield member, _deflated(file, member)
            case Packing.STREAM:
                stream = stream or Stream(gunzipped(file))
                for _ in stream.take(member.start - stream.position):
                    pass
                yield member, stream.take(member.size)


def gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """What a gzip file unpacks to; several gzips behind one another are one stream (RFC 1952 §2.2).

    Raises:
        Torn: it is not sound, or stops in the middle.
    """
    file.seek(0)
    data = file.read(_IN)
    while data:
        engine = zlib.decompressobj(wbits=31)
        while not engine.eof:
            data = data or file.read(_IN)
            if not data:
                raise Torn("the gzip stream stops in the middle", incomplete=True)
            yield from _some(engine, data)
            data = engine.unconsumed_tail
        data = engine.unused_data.lstrip(b"\0")
        while len(data) < len(_GZIP) and (more := file.read(_IN)):  # tapes and some tools pad with zeros
            data = (data + more).lstrip(b"\0")
        if data and not data.startswith(_GZIP):
            raise Torn("there are bytes behind the end of the gzip stream")


def _stored(file: BinaryIO, member: Member) -> Iterator[bytes]:
    file.seek(member.start)
    left = member.stored
    while left:
        piece = file.read(min(left, _IN))
        if not piece:
            raise Torn("the file ends in the middle of a member")
        left -= len(piece)
        yield piece


def _deflated(file: BinaryIO, member: Member) -> Iterator[bytes]:
    engine = zlib.decompressobj(wbits=-15)
    for piece in _stored(file, member):
        left = piece
        while left and not engine.eof:
            yield from _some(engine, left)
            left = engine.unconsumed_tail
        if left:
            raise Torn("the compressed data end before the member does")
    if not engine.eof:
        yield from _some(engine, b"")
    if not engine.eof:
        raise Torn("the compressed data stop in the middle")
    if engine.unused_data:
        raise Torn("the compressed data end before the member does")


def _some(engine: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        piece = engine.decompress(data, _OUT)
    except zlib.error as error:
        raise Torn(str(error)) from None
    if piece:
        yield piece
