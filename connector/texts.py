"""Files of sentences: TOML, one a language, read into one flat table of dotted keys.

French ones are typeset as they are read: whoever writes the files need not think of unbreakable spaces.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

_NO_BREAK = "\u00a0"


def read_texts(catalogue: str, language: Language) -> Mapping[str, str]:
    """Every sentence of a catalogue (`<catalogue>.<language>.toml` beside this module) by its dotted key."""
    path = Path(__file__).with_name(f"{catalogue}.{language}.toml")
    flat = _flatten(tomllib.loads(path.read_text("utf-8")))
    return MappingProxyType({key: _typeset(text) if language == "fr" else text for key, text in flat})


def _flatten(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, str):
            pairs.append((f"{prefix}{name}", value))
        else:
            pairs.extend(_flatten(value, f"{prefix}{name}."))
    return pairs


def _typeset(text: str) -> str:
    """French sets a space that must not break before ; : ! ? % » and after « and n°."""
    return re.sub(r"(?<=«) | (?=[;:!?»%])|(?<=n°) ", _NO_BREAK, text)
