"""What stands in a cell: days, amounts, rates and counts, as people and programs in France write them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?")
_FRENCH = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: [\d:]+)?")
_BARE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_BLANKS = re.compile(r"[\s\u00a0\u202f']")
_MOST_DIGITS = 17  # before the decimals: annexe 6 has 19 in all
_MOST_COUNT = 9


def read_day(cell: str) -> date | None:
    """15/11/2026, 15.11.2026, 2026-11-15 (with a time or without) or 20261115; None for anything else."""
    found = _ISO.fullmatch(cell) or _BARE.fullmatch(cell)
    parts = found.groups() if found else None
    if parts is None and (found := _FRENCH.fullmatch(cell)):
        parts = tuple(reversed(found.groups()))
    if parts is None:
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def read_amount(cell: str) -> Decimal | None:
    """1 210,5 or 1210.50 or 1.210,50 € or 12,00-; None for anything else.

    A lone separator with three digits behind it (1,234) could be a thousand or a decimal: it is neither here.
    """
    plain = _BLANKS.sub("", cell).replace("\u2212", "-").upper()
    plain = plain.removesuffix("EUR").removesuffix("€")
    if plain.endswith("-"):  # as mainframes write it
        plain = f"-{plain[:-1]}"
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain.removeprefix("+"))
    if "," in digits and "." in digits:
        thousands, point = (".", ",") if digits.rfind(",") > digits.rfind(".") else (",", ".")
        if not re.fullmatch(rf"\d{{1,3}}(\{thousands}\d{{3}})+\{point}\d*", digits):
            return None
        digits = digits.replace(thousands, "")
    digits = digits.replace(",", ".")
    if not re.fullmatch(rf"\d{{1,{_MOST_DIGITS}}}(\.\d{{0,2}})?", digits):
        return None
    return Decimal(f"{sign}{digits}").quantize(Decimal("0.01"))


def read_rate(cell: str) -> Decimal | None:
    """20, 5,5 or 20 %; None for anything else."""
    plain = _BLANKS.sub("", cell).removesuffix("%").replace(",", ".")
    return Decimal(plain) if re.fullmatch(r"\d{1,3}(\.\d{1,4})?", plain) else None


def read_count(cell: str) -> int | None:
    """A whole number of sales; None for anything else."""
    plain = re.sub(r"[.,]0+$", "", _BLANKS.sub("", cell))
    return int(plain) if re.fullmatch(rf"\d{{1,{_MOST_COUNT}}}", plain) else None
