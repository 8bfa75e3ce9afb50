"""Which entry of the catalogue explains a code, however the code is written.

The entries are sentences, in `explanations.fr.toml` and `explanations.en.toml`: what a code means and what to
do. `explanations.toml` leads from codes to entries. A code has an entry of its own, or it is another spelling
of a code that has one, or it belongs to a family of rules that one entry explains. Nothing is loaded before
the first question.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from connector.texts import Language, read_texts

_IN_THE_CODE = re.compile(r"_((?:BT|BG|MDT|MDG)-[0-9]+)")  # BR-FR-12_BT-49: the rule names its term
_FAMILIES = "family."  # entries that explain many rules, and are no code themselves
_SUGGESTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The entry of a code, and what the code itself says to fill into its sentences."""

    entry: str
    facts: Mapping[str, str] = field(default_factory=dict)  # e.g. vat_category: "S"
    is_general: bool = False  # it speaks of a whole family: the words of who found the problem say more
    is_guess: bool = False  # nothing but the beginning of the code is known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    codes: re.Pattern[str]
    entries: tuple[str, ...]  # the first that exists explains the rule
    is_general: bool
    is_guess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    entries: frozenset[str]
    same: Mapping[str, str]  # another spelling → code
    families: tuple[_Family, ...]
    terms: Mapping[str, str]  # entry → business term
    origins: tuple[tuple[re.Pattern[str], str], ...]


@cache
def entries(language: Language) -> Mapping[str, str]:
    """Every sentence of the catalogue by `<entry>.title`, `.meaning` or `.action`; and its `version`."""
    return read_texts("explanations", language)


def explained(code: str) -> Explained | None:
    """What explains a code; None when the catalogue has nothing to say of it."""
    index = _index()
    for name in (code, index.same.get(code, "")):
        if name in index.entries:
            return Explained(entry=name)
    for family in index.families:
        if match := family.codes.fullmatch(code):
            facts = {name: value for name, value in match.groupdict().items() if value}
            for entry in (name.format_map(_Facts(facts)) for name in family.entries):
                if entry in index.entries:
                    return Explained(
                        entry=entry, facts=facts, is_general=family.is_general, is_guess=family.is_guess
                    )
    return None


def codes() -> list[str]:
    """Every code that has an entry of its own, in the order of the catalogue."""
    return [name for name in _names(entries("fr")) if not name.startswith(_FAMILIES)]


def term_of(code: str) -> str | None:
    """The business term that a rule is about ("BT-112"), where the rule says so; else None."""
    if found := _IN_THE_CODE.search(code):
        return found[1]
    known = explained(code)
    return _index().terms.get(known.entry) if known else None


def origin_of(code: str) -> str | None:
    """Whose code it is: a key of `origin` in the catalogues of `messages`; None when nobody knows."""
    return next((name for pattern, name in _index().origins if pattern.fullmatch(code)), None)


def spelled(typed: str) -> str | None:
    """The code that a person means: any case, with other separators, without a leading zero."""
    upper = re.sub(r"[\s\u2010-\u2014]+", "-", typed.strip().upper())
    padded = re.sub(r"(?<=[-.])([0-9])(?=$|_)", r"0\1", upper)
    found = {code: explained(code) for code in (typed, padded, upper, upper.lower())}
    known = {code: entry for code, entry in found.items() if entry and not entry.is_guess}
    exact = [code for code, entry in known.items() if not entry.is_general]
    return next(iter((*exact, *filter(None, [_by_folded().get(_folded(typed))]), *known)), None)


def similar(typed: str) -> list[str]:
    """Codes that look like what was typed, the nearest first."""
    near = get_close_matches(_folded(typed), _by_folded(), n=_SUGGESTED, cutoff=0.6)
    return list(dict.fromkeys(_by_folded()[folded] for folded in near))


class _Facts(dict[str, str]):
    """What a code says; a group that it has not makes the name of no entry."""

    def __missing__(self, name: str) -> str:
        return ""


def _folded(code: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", code.casefold())


@cache
def _by_folded() -> Mapping[str, str]:
    known = {_folded(code): code for code in codes()}
    others = {
        _folded(other): other if code.startswith(_FAMILIES) else code for other, code in _index().same.items()
    }
    return others | known


def _names(sentences: Mapping[str, str]) -> Iterator[str]:
    return (key.removesuffix(".title") for key in sentences if key.endswith(".title"))


@cache
def _index() -> _Index:
    path = Path(__file__).with_name("explanations.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    return _Index(
        entries=frozenset(_names(entries("fr"))),
        same=data["same"],
        families=tuple(
            _Family(
                codes=re.compile(family["codes"]),
                entries=tuple(family["entries"]),
                is_general=family.get("general", False),
                is_guess=family.get("guess", False),
            )
            for family in data["family"]
        ),
        terms=data["term"],
        origins=tuple((re.compile(origin["codes"]), origin["name"]) for origin in data["origin"]),
    )
