"""A value from outside as a cell of a CSV file that somebody may open in a spreadsheet. Pure.

A spreadsheet takes a cell that begins with "=", "+", "-" or "@" for a formula, and a formula can fetch, send
and run. Names of companies and files come from outside. A leading apostrophe makes such a cell plain text;
plain numbers stay as they are, signs included (OWASP, "CSV Injection").
"""

from __future__ import annotations

import re

# At the beginning, or behind what a spreadsheet set to another separator would take for the end of a cell.
_FORMULA = re.compile(r"(?:^|(?<=[;,|\t\r\n]))([\"']*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 \u00a0\u202f]{0,30}(?:[.,][0-9]{1,6})?")


def neutral(text: str) -> str:
    """The value as a cell that no spreadsheet calculates. Quoting it is the business of the CSV writer."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)
