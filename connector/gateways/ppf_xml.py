"""XML answers of the public portal as the plain values that JSON would have given. Pure.

An element that has elements inside is an object, one that is there several times a list, any other its text.
Names lose their namespace, and attributes are left out. Anything with a DOCTYPE is refused: it may define
entities, and no answer needs one.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

_DEEPEST = 32  # elements within each other


class _Refused(Exception):
    pass


class _Element:
    __slots__ = ("name", "parts", "words")

    def __init__(self, name: str) -> None:
        self.name = name
        self.words: list[str] = []
        self.parts: dict[str, Any] = {}

    def add(self, name: str, value: Any) -> None:
        if name not in self.parts:
            self.parts[name] = value
        elif isinstance(self.parts[name], list):
            self.parts[name].append(value)
        else:
            self.parts[name] = [self.parts[name], value]

    @property
    def value(self) -> Any:
        return self.parts or "".join(self.words).strip()


def plain(raw: bytes) -> Any:
    """What is inside the root element; None when this is not XML that we read."""
    outermost = _Element("")
    within = [outermost]

    def start(name: str, _: dict[str, str]) -> None:
        if len(within) > _DEEPEST:
            raise _Refused
        within.append(_Element(name.rpartition(" ")[2]))

    def end(_: str) -> None:
        done = within.pop()
        within[-1].add(done.name, done.value)

    def words(text: str) -> None:
        within[-1].words.append(text)

    def doctype(*_: object) -> None:
        raise _Refused

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = words, doctype
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, _Refused, ValueError):
        return None
    return next(iter(outermost.parts.values()), None)
