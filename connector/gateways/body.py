"""Bodies of requests: a document inside a form or a JSON object, and bytes at hand.

Bodies remember whether their first piece was taken; see `exchange`. The spool lies on a local disk (the
settings refuse another), so it is read without a thread of its own.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO

PIECE = 3 * 43690  # bytes; a multiple of three, so that pieces written as base64 can be put together


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

    def close(self) -> None:
        """Nothing is open."""


class SpoolBody:
    """A private copy with something before and behind it, with a length known beforehand.

    Args:
        before, after: what stands around the copy.
        path: the private copy; opened only when the body is asked for.
        size: its length in bytes; a copy of another length is not sent.
        content_type: of the whole.
        write: how a piece of the copy is written; pieces have a multiple of three bytes, but for the last.
        written: how long the whole copy is when written so.
    """

    def __init__(
        self,
        *,
        before: bytes,
        after: bytes,
        path: Path,
        size: int,
        content_type: str,
        write: Callable[[bytes], bytes] = bytes,
        written: int | None = None,
    ) -> None:
        self._before, self._after = before, after
        self._path, self._size = path, size
        self._write = write
        self._copy: BinaryIO | None = None  # while it is being read
        self.content_type = content_type
        self.length = len(before) + (size if written is None else written) + len(after)
        self.started = self.finished = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the copy anew.

        Raises:
            SpoolChanged: before the first piece, when the copy has another length; or in the middle.
            OSError: it cannot be read.
        """
        self.started = self.finished = False
        self.close()
        copy = self._copy = self._path.open("rb")
        if os.fstat(copy.fileno()).st_size != self._size:
            raise SpoolChanged(f"{self._path.name} is no longer {self._size} bytes long")
        read = copy.read(PIECE)
        piece = self._before + self._write(read)
        left = self._size - len(read)
        while left:
            self.started = True
            yield piece
            read = _next_piece(copy, left)
            left -= len(read)
            piece = self._write(read)
        self.close()
        self.started = self.finished = True
        yield piece + self._after

    def close(self) -> None:
        """Close the copy, if it is open."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None


def form_with_file(*, info: bytes, name: str, media_type: str, path: Path, size: int) -> SpoolBody:
    """`flowInfo` (JSON) and `file`, in this order, as `multipart/form-data` (XP Z12-013 Flow 1.2.0).

    Args:
        info: the JSON text of `flowInfo`.
        name: file name told to the platform.
        media_type: of the file.
    """
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="flowInfo"\r\n'
        f"Content-Type: application/json\r\n\r\n"
    ).encode()
    middle = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{_quoted(name)}"\r\nContent-Type: {media_type}\r\n\r\n'
    ).encode()
    return SpoolBody(
        before=head + info + middle,
        after=f"\r\n--{boundary}--\r\n".encode(),
        path=path,
        size=size,
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def json_with_file(member: str, others: dict[str, Any], *, path: Path, size: int) -> SpoolBody:
    """A JSON object with a file as base64 in one of its members (Chorus Pro, `deposer/flux`).

    Args:
        member: the name of that member.
        others: the members beside it, at least one.
    """
    rest = json.dumps(others, ensure_ascii=True).encode()
    return SpoolBody(
        before=f'{{"{member}":"'.encode(),
        after=b'",' + rest[1:],
        path=path,
        size=size,
        content_type="application/json;charset=utf-8",
        write=b64encode,
        written=-(-size // 3) * 4,
    )


def _next_piece(copy: BinaryIO, left: int) -> bytes:
    piece = copy.read(min(PIECE, left))
    if not piece:
        raise SpoolChanged("the private copy became shorter while it was sent")
    return piece


def _quoted(name: str) -> str:
    """A file name in a quoted string of a multipart header, escaped as browsers do (WHATWG HTML §4.10.22)."""
    sendable = name.encode("utf-8", "replace").decode()
    return sendable.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
