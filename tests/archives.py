"""Archives as senders make them, and as nobody should: built for tests, byte by byte where that is needed."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

Contents = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


def zip_of(contents: Contents, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A sound zip; names may repeat."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # names that repeat
        for name, content in _pairs(contents):
            entry = zipfile.ZipInfo(name, (2026, 11, 22, 6, 0, 0))
            entry.compress_type = method
            archive.writestr(entry, content)
    return buffer.getvalue()


def tar_of(contents: Contents, *, packed: bool = True, style: int = tarfile.PAX_FORMAT) -> bytes:
    """A sound tar.gz, or the bare tar; names may repeat."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=style) as archive:
        for name, content in _pairs(contents):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0) if packed else buffer.getvalue()


def tar_entry(name: str, **facts: Any) -> bytes:
    """A tar.gz with one entry without data: a link, a device, a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        for key, value in facts.items():
            setattr(entry, key, value)
        archive.addfile(entry)
    return gzip.compress(buffer.getvalue(), mtime=0)


def patched(archive: bytes, *changes: tuple[int, str, object]) -> bytes:
    """An archive with fields overwritten.

    Args:
        changes: (offset, `struct` format of one value, value).
    """
    data = bytearray(archive)
    for offset, style, value in changes:
        struct.pack_into(style, data, offset, value)
    return bytes(data)


def local(archive: bytes, number: int = 0) -> int:
    """Where the n-th local header of a zip is."""
    return _nth(archive, b"PK\x03\x04", number)


def central(archive: bytes, number: int = 0) -> int:
    """Where the n-th entry of a zip's directory is."""
    return _nth(archive, b"PK\x01\x02", number)


def end(archive: bytes) -> int:
    """Where the end record of a zip is."""
    return archive.rindex(b"PK\x05\x06")


def _nth(archive: bytes, magic: bytes, number: int) -> int:
    at = -1
    for _ in range(number + 1):
        at = archive.index(magic, at + 1)
    return at


def _pairs(contents: Contents) -> Iterable[tuple[str, bytes]]:
    return contents.items() if isinstance(contents, Mapping) else contents
