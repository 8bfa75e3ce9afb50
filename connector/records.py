"""The model as JSON and back: for the journal's rows and for the pipe to the inspection workers."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter
from pydantic_core import to_json

Record = TypeVar("Record")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def encode(kind: type[Record], record: Record, *, without: str | None = None) -> str:
    """A dataclass of `model` (or a tuple of them) as one line of JSON.

    Args:
        without: a field to leave out.
    """
    left_out = None if without is None else {without}
    return _adapter(cast(Hashable, kind)).dump_json(record, exclude_defaults=True, exclude=left_out).decode()


def decode(kind: type[Record], text: str | bytes) -> Record:
    """The record that `encode` wrote.

    Raises:
        pydantic.ValidationError: the text is not such a record.
    """
    record: Record = _adapter(cast(Hashable, kind)).validate_json(text)
    return record


def pretty(record: dict[str, Any]) -> bytes:
    """A JSON object for people's eyes as well: UTF-8 without BOM, indented by two, one last line end."""
    return to_json(record, indent=2) + b"\n"
