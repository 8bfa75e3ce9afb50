"""The business summary of a directory file ("annuaire"): updates F12/F13 and the daily extract F14.

From what is publicly known of the formats (DGFiP/AIFE v3.2); their schemas are not public packages.
"""

from __future__ import annotations

from lxml import etree

from connector.documents.reading import date, text
from connector.documents.tally import Tally
from connector.model import Document, Family, Syntax


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
    """What people recognise the file by; `type_code` is C (whole) or D (changes) of an F14."""
    return Document(
        family=Family.DIRECTORY,
        syntax=Syntax.DIRECTORY,
        kind=kind,
        issue_date=date(text(root, "HorodateProduction")),
        type_code=text(root, "TypeFlux"),
        lines=tally.lines,
    )
