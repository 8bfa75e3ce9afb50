"""What a Factur-X invoice promises, and whether its parts agree: profile, attachment, PDF/A marks. Pure.

Factur-X 1.09 (= ZUGFeRD 2.5): the XML names its profile by a guideline (BT-24), the PDF names it again in its
XMP metadata, and the attachment is called factur-x.xml. Facts come from `documents.pdf`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from connector.model import Problem, Severity

PREFERRED_NAME = "factur-x.xml"
# Names that stand for the invoice, in the order in which readers look for them; compared without case.
NAMES = (PREFERRED_NAME, "zugferd-invoice.xml", "xrechnung.xml")
RELATIONSHIPS = ("Data", "Source", "Alternative")

_EN16931 = "urn:cen.eu:en16931:2017"
_GUIDELINES = {
    "urn:factur-x.eu:1p0:minimum": "minimum",
    "urn:factur-x.eu:1p0:basicwl": "basicwl",
    "urn:zugferd.de:2p0:minimum": "minimum",
    "urn:zugferd.de:2p0:basicwl": "basicwl",
    f"{_EN16931}#compliant#urn:factur-x.eu:1p0:basic": "basic",
    f"{_EN16931}#compliant#urn:zugferd.de:2p0:basic": "basic",
    _EN16931: "en16931",
    f"{_EN16931}#conformant#urn:factur-x.eu:1p0:extended": "extended",
    f"{_EN16931}#conformant#urn:zugferd.de:2p0:extended": "extended",
    f"{_EN16931}#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr": "extended-ctc-fr",
}
_LEVELS = {  # what the XMP metadata may call a profile, without blanks and in capitals
    "MINIMUM": "minimum",
    "BASICWL": "basicwl",
    "BASIC": "basic",
    "EN16931": "en16931",
    "COMFORT": "en16931",
    "XRECHNUNG": "en16931",
    "EXTENDED": "extended",
}
_TITLES = {
    "minimum": "MINIMUM",
    "basicwl": "BASIC WL",
    "basic": "BASIC",
    "en16931": "EN 16931",
    "extended": "EXTENDED",
    "extended-ctc-fr": "EXTENDED",  # the XMP metadata have no word of their own for it
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The invoice that a PDF carries, and what the PDF says about it and about itself.

    Args:
        xml: its bytes.
        name: of the attachment, as written.
        checksum: MD5 that the PDF announces, as 32 hexadecimal digits; None: none.
        size: bytes that the PDF announces; None: none.
        relationship: of the attachment to the PDF (AFRelationship), without the slash.
        level: profile as the XMP metadata name it; None: they do not.
        pdfa_part: part of PDF/A that the XMP metadata claim.
    """

    xml: bytes
    name: str
    checksum: str | None = None
    size: int | None = None
    relationship: str | None = None
    level: str | None = None
    pdfa_part: str | None = None


def profile_of(guideline: str | None) -> str | None:
    """The profile that a guideline identifier (BT-24) names, as the end of its kind: `en16931`; None: none.

    What another community built on EN 16931 without adding to it (XRechnung) is read as EN 16931; what adds
    to it is not known to be any of the profiles.
    """
    named = (guideline or "").strip()
    known = _GUIDELINES.get(named.lower())
    if known is None and named.lower().startswith(f"{_EN16931}#compliant#"):
        return "en16931"
    return known


def contradictions(carried: Carried, profile: str) -> Iterator[Problem]:
    """Where the PDF contradicts the invoice that it carries.

    Args:
        profile: what the XML names, as `profile_of` gives it.
    """
    yield from _integrity(carried)
    yield from _level(carried.level, profile)
    if carried.name.lower() != PREFERRED_NAME:
        yield _warning("facturx-name", carried.name, PREFERRED_NAME)
    if carried.relationship not in RELATIONSHIPS:
        yield _warning("facturx-relationship", carried.relationship, ", ".join(RELATIONSHIPS))
    if carried.pdfa_part != "3":
        yield _warning("pdfa-part", carried.pdfa_part, "3")


def _integrity(carried: Carried) -> Iterator[Problem]:
    """ISO 32000-1, 7.11.4: Params may hold the MD5 and the size of the attachment as it was put in."""
    checksum = hashlib.md5(carried.xml, usedforsecurity=False).hexdigest()
    whole = carried.checksum == checksum
    if carried.checksum is not None and not whole:
        yield _error("facturx-checksum", checksum, carried.checksum)
    if carried.size is not None and carried.size != len(carried.xml):
        report = _warning if whole else _error
        yield report("facturx-size", str(len(carried.xml)), str(carried.size))


def _level(written: str | None, profile: str) -> Iterator[Problem]:
    known = _LEVELS.get("".join((written or "").split()).upper())
    expected = _TITLES[profile]
    if known is None:
        yield _warning("facturx-level", written, expected)
    elif _TITLES[known] != expected:
        yield _error("facturx-profile-mismatch", written, expected)


def _error(code: str, found: str | None, expected: str | None) -> Problem:
    return Problem(code=code, source="facturx", found=found, expected=expected)


def _warning(code: str, found: str | None, expected: str | None) -> Problem:
    return Problem(code=code, severity=Severity.WARNING, source="facturx", found=found, expected=expected)
