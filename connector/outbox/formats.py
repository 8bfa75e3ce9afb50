"""Dates, amounts, identifiers and sizes as the reader's country writes them; machines get ISO forms."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from connector.messages import Language
from connector.outbox.layout import clean

_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,6})?")
_FIGURE = re.compile(r"[0-9]{1,15}\.[0-9]{2,6}")
_FIGURES = re.compile(r"[-+(]?[0-9]{1,15}\.[0-9]{2,6}(?:[ ()+=%-]+[0-9]{1,15}\.[0-9]{2,6})*\)?")
_NO_BREAK = "\u00a0"


def day(iso: str, language: Language) -> str:
    """An ISO date as 21/11/2026 in French, as it is in English; anything else as it was written."""
    try:
        parsed = date.fromisoformat(iso)
    except ValueError:
        return clean(iso, 40)
    return f"{parsed:%d/%m/%Y}" if language == "fr" else parsed.isoformat()


def day_of(moment: datetime, language: Language) -> str:
    return day(moment.date().isoformat(), language)


def time_of(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def amount(written: str, currency: str | None, language: Language) -> str:
    """1210.00 as 1 210,00 EUR in French, 1,210.00 EUR in English; no decimal number: as it was written."""
    tail = f"{_NO_BREAK}{clean(currency, 10)}" if currency else ""
    if not _DECIMAL.fullmatch(written):
        return clean(written, 40) + tail
    grouped = f"{Decimal(written):,f}"
    if language == "fr":
        grouped = grouped.replace(",", _NO_BREAK).replace(".", ",")
    return grouped + tail


def figures(written: str, language: Language) -> str:
    """A value that is all decimal numbers ("1200.00 (1000.00 + 200.00)"), each as people write it.

    Whole numbers stay: most are codes, dates and identifiers. Anything else stays as it was written.
    """
    if not _FIGURES.fullmatch(written):
        return written
    return _FIGURE.sub(lambda found: amount(found[0], None, language), written)


def is_amount(written: str) -> bool:
    """Whether it is a decimal number as documents write amounts."""
    return _DECIMAL.fullmatch(written) is not None


def siren(number: str) -> str:
    """732829320 as 732 829 320; what has not nine digits as it was written."""
    if re.fullmatch("[0-9]{9}", number):
        return _NO_BREAK.join((number[:3], number[3:6], number[6:]))
    return clean(number, 40)


def size(written: str, language: Language) -> str:
    """A number of bytes in units people use: octets, Ko, Mo (French), bytes, KB, MB (English)."""
    if not re.fullmatch("[0-9]{1,15}", written):
        return clean(written, 40)
    count = int(written)
    big, small, single = ("Mo", "Ko", "octets") if language == "fr" else ("MB", "KB", "bytes")
    for unit, name in ((1024**2, big), (1024, small)):
        if count >= unit:
            figure = f"{count / unit:.1f}".removesuffix(".0")
            return f"{figure.replace('.', ',') if language == 'fr' else figure}{_NO_BREAK}{name}"
    return f"{count}{_NO_BREAK}{single}"
