"""Text that any editor shows alike: values from outside made harmless, lines of a fixed number of columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_FIRST_ODD = "\u0300"  # every printable character below takes one column
WIDTH = 78  # columns; Notepad and a terminal of 80 show it without folding


def clean(text: str, limit: int) -> str:
    """A value from outside on one line, without anything that can act on a reader (N02).

    Control characters, bidirectional overrides, invisible and unassigned ones go; blanks become one space.

    Args:
        limit: characters kept; a longer value ends with "…".
    """
    if text.isascii() and text.isprintable():  # nearly every value: nothing to take out
        line = " ".join(text[: limit * 4].split())
        return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    shown: list[str] = []
    # A bounded slice first: normalising the whole of a huge value would be work for nothing.
    for character in unicodedata.normalize("NFC", text[: limit * 4].encode("utf-8", "replace").decode()):
        if character.isprintable() and unicodedata.category(character) != "Cf":
            shown.append(character)
        elif character.isspace() or unicodedata.category(character) == "Cc":
            shown.append(" ")
    line = " ".join("".join(shown).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def columns(text: str) -> int:
    """How many columns a text takes: two for wide East Asian characters, none for combining marks."""
    if not text or max(text) < _FIRST_ODD:
        return len(text)
    return sum(map(_columns_of, text))


def wrapped(text: str, first: str = "", rest: str | None = None, width: int = WIDTH) -> list[str]:
    """A text in lines of at most `width` columns, broken at plain spaces; longer words are cut.

    Args:
        first: what the first line begins with.
        rest: what the other lines begin with; None: blanks as wide as `first`.
    """
    rest = " " * columns(first) if rest is None else rest
    lines: list[str] = []
    current, taken, filled = first, columns(first), False
    for word in _pieces(text, width - max(columns(first), columns(rest))):
        wide = columns(word)
        if filled and taken + 1 + wide > width:
            lines.append(current)
            current, taken, filled = rest, columns(rest), False
        current += f" {word}" if filled else word
        taken += wide + filled
        filled = True
    return [*lines, current.rstrip()]


def _pieces(text: str, width: int) -> Iterator[str]:
    for word in text.split(" "):
        if columns(word) <= width:
            if word:
                yield word
            continue
        start, taken = 0, 0
        for index, character in enumerate(word):
            wide = _columns_of(character)
            if taken + wide > width:
                yield word[start:index]
                start, taken = index, 0
            taken += wide
        if word[start:]:
            yield word[start:]


def _columns_of(character: str) -> int:
    if character < _FIRST_ODD:
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
