"""A file that an answer is written to while it comes: under its own name only once it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

HEAD = 512  # bytes kept in mind, to see what it looks like


class AnswerTooLong(Exception):
    """More came than may be taken."""


class Draft:
    """Satisfies `exchange.Sink`. What lies under the target's name stays until `keep`.

    The disk is a local one, so it is written to without a thread of its own.

    Args:
        target: the name it shall have.
        limit: most bytes that are taken.
    """

    def __init__(self, target: Path, limit: int) -> None:
        self._target = target
        self._part = target.with_name(f"{target.name}.part")
        self._limit = limit
        self._file: BinaryIO | None = None
        self._forget()
        self.failure: OSError | None = None

    def _forget(self) -> None:
        self.size, self.head = 0, b""
        self._digest = hashlib.sha256()

    def begin(self) -> None:
        """Start with an empty file, whatever an earlier answer has left."""
        self.close()
        self._forget()
        try:
            self._file = self._part.open("wb")
        except OSError as failure:
            self.failure = failure
            raise

    def write(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            AnswerTooLong: it is more than may be taken.
            OSError: the disk does not take it; `failure` remembers.
        """
        assert self._file is not None
        self.size += len(piece)
        if self.size > self._limit:
            raise AnswerTooLong(f"more than {self._limit} bytes of answer")
        self.head += piece[: max(HEAD - len(self.head), 0)]
        self._digest.update(piece)
        try:
            self._file.write(piece)
        except OSError as failure:
            self.failure = failure
            raise

    @property
    def sha256(self) -> str:
        """Of what has come so far, in hexadecimal."""
        return self._digest.hexdigest()

    def content(self) -> bytes:
        """What was written; the file is closed then."""
        self.close()
        return self._part.read_bytes()

    def keep(self) -> Path:
        """Give it its name, in the place of what lay there."""
        self.close()
        self._part.replace(self._target)
        return self._target

    def drop(self) -> None:
        """Leave nothing behind. Does nothing once it is kept."""
        try:
            self.close()
        finally:
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """Write out what is still held back."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as failure:
                self.failure = failure
                raise
