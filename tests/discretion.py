"""What no log line at INFO or above may tell: secrets, and what stands in documents.

File names, invoice numbers, SIREN and SIRET, and the names of routes and accounts may stand there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from connector.samples.parties import company
from connector.simulator.chorus import TECHNICAL_PASSWORD
from tests.setup_tree import SECRET

SECRETS = (
    SECRET,
    TECHNICAL_PASSWORD,
    "wr0ng-secret",
    "technical-password-of-the-tests",
    "token-of-the-tests",
    "jeton-secret",
)
QUIET = {"TRACE", "DEBUG"}
SHAPES = {
    "a token": r"Bearer [\w.~+/-]{8,}",
    # The simulator's look like this: 32 characters, with capitals, small letters and digits among them.
    "a token of the simulator": r"(?<![\w.-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{32}(?![\w.-])",
    "an e-mail address": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "an IBAN": r"\bFR\d{2} ?(?:[0-9A-Z]{4} ?){5}[0-9A-Z]{3}\b",
    "an amount": r"\d[.,]\d{2}[  \u202f]?(?:€|EUR\b)",
    "a piece of a document": r"</?(?:cbc|cac|ram|rsm|udt):",
}


@cache
def _pattern() -> re.Pattern[str]:
    """One search for everything; the name of the group tells what was found."""
    samples = [company(f"{pick:09d}") for pick in range(28)]  # every name and street occurs in these
    names = {sample.name.removesuffix(" SAS") for sample in samples}
    streets = {sample.street.partition(" ")[2] for sample in samples}
    words = "|".join(map(re.escape, sorted({*SECRETS, *names, *streets})))
    shapes = "|".join(f"(?:{shape})" for shape in SHAPES.values())
    return re.compile(f"{words}|{shapes}")


def told_too_much(text: str) -> Iterator[str]:
    """Each line of a log that says what it must not; lines of a JSON log below INFO are left out."""
    for line in text.splitlines():
        if _pattern().search(line) and not _is_quiet(line):
            yield line


def _is_quiet(line: str) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and record.get("level") in QUIET
