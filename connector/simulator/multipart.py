"""A strict reader of small `multipart/form-data` bodies (RFC 7578), whole in memory.

For the two-part deposits of XP Z12-013 Flow only: no streaming, no nested parts, no transfer encodings.
It refuses what is not well formed, so that a client's mistake shows here and not on a real platform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([A-Za-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))')
_MOST_HEADERS = 8 * 1024  # bytes of headers of one part


class MalformedBody(ValueError):
    """The body is not the form it says it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a form."""

    name: str
    filename: str | None
    content_type: str | None  # lower case, without parameters; None when the part names none
    content: bytes


def boundary_of(content_type: str) -> bytes:
    """The boundary that a `Content-Type` header announces.

    Raises:
        MalformedBody: another type, or no boundary.
    """
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise MalformedBody("Content-Type must be multipart/form-data")
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise MalformedBody("Content-Type names no boundary")
    return (found[1] or found[2]).encode("latin-1")


def read_form(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts of a form by name.

    Raises:
        MalformedBody: no boundary, no closing delimiter, a part without name, two parts of one name.
    """
    delimiter = b"--" + boundary_of(content_type)
    # a preamble is allowed, and ignored
    position = len(delimiter) if body.startswith(delimiter) else _after(body, b"\r\n" + delimiter)
    parts: dict[str, Part] = {}
    while not body.startswith(b"--", position):
        if not body.startswith(b"\r\n", position):
            raise MalformedBody("a delimiter is not followed by a line end")
        end = body.find(b"\r\n" + delimiter, position)
        if end < 0:
            raise MalformedBody("the closing delimiter is missing")
        part = _part(body, position + 2, end)
        if part.name in parts:
            raise MalformedBody(f'two parts are named "{part.name}"')
        parts[part.name] = part
        position = end + 2 + len(delimiter)
    return parts


def _after(body: bytes, mark: bytes) -> int:
    at = body.find(mark)
    if at < 0:
        raise MalformedBody("the announced boundary does not occur")
    return at + len(mark)


def _part(body: bytes, start: int, end: int) -> Part:
    cut = body.find(b"\r\n\r\n", start, min(end, start + _MOST_HEADERS))
    if cut < 0:
        raise MalformedBody("a part has no end of headers")
    headers: dict[str, str] = {}
    for line in body[start:cut].decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(":")
        if not colon:
            raise MalformedBody("a part has a header without colon")
        headers[key.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    if disposition.partition(";")[0].strip().lower() != "form-data":
        raise MalformedBody("a part has no Content-Disposition: form-data")
    parameters = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(disposition)}
    if not parameters.get("name"):
        raise MalformedBody("a part has no name")
    kind = headers.get("content-type")
    return Part(
        name=parameters["name"],
        filename=parameters.get("filename"),
        content_type=kind.partition(";")[0].strip().lower() if kind is not None else None,
        content=body[cut + 4 : end],
    )
