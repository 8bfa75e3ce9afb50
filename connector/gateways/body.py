"""Bodies of requests: a document as `multipart/form-data` (XP Z12-013 Flow 1.2.0), and bytes at hand.

Bodies remember whether their first piece was taken; see `exchange`. The spool lies on a local disk (the
settings refuse another), so it is read without a thread of its own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

PIECE = 128 * 1024


class SpoolChanged(OSError):
    """The private copy is no longer as long as it was when it was hashed."""


class BytesBody:
    """A small body that is in memory already."""

    def __init__(self, content: bytes, content_type: str) -> None:
        self._content = content
        self.content_type = content_type
        self.length = len(content)
        self.started = self.finished = False

    async def pieces(self) -> AsyncIterator[bytes]:
        self.started = self.finished = True
        yield self._content


class FlowBody:
    """`flowInfo` (JSON) and `file`, in this order, with a length known beforehand.

    Args:
        info: the JSON text of `flowInfo`.
        name: file name told to the platform.
        media_type: of the file.
        path: the private copy; opened only when the body is asked for.
        size: its length in bytes; a copy of another length is not sent.
    """

    def __init__(self, *, info: bytes, name: str, media_type: str, path: Path, size: int) -> None:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="flowInfo"\r\n'
            f"Content-Type: application/json\r\n\r\n"
        ).encode()
        middle = (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{_quoted(name)}"\r\nContent-Type: {media_type}\r\n\r\n'
        ).encode()
        self._before = head + info + middle
        self._after = f"\r\n--{boundary}--\r\n".encode()
        self._path = path
        self._size = size
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.length = len(self._before) + size + len(self._after)
        self.started = self.finished = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the copy anew.

        Raises:
            SpoolChanged: before the first piece, when the copy has another length; or in the middle.
            OSError: it cannot be read.
        """
        self.started = self.finished = False
        with self._path.open("rb") as copy:
            if os.fstat(copy.fileno()).st_size != self._size:
                raise SpoolChanged(f"{self._path.name} is no longer {self._size} bytes long")
            piece = self._before + copy.read(PIECE)
            left = self._size - (len(piece) - len(self._before))
            while left:
                self.started = True
                yield piece
                piece = _next_piece(copy, left)
                left -= len(piece)
            self.started = self.finished = True
            yield piece + self._after


def _next_piece(copy: BinaryIO, left: int) -> bytes:
    piece = copy.read(min(PIECE, left))
    if not piece:
        raise SpoolChanged("the private copy became shorter while it was sent")
    return piece


def _quoted(name: str) -> str:
    """A file name in a quoted string of a multipart header, escaped as browsers do (WHATWG HTML §4.10.22)."""
    sendable = name.encode("utf-8", "replace").decode()
    return sendable.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
