"""Whether the numbers that name companies can be theirs: SIREN, SIRET and VAT numbers, by their check digits.

All of it is told as warnings: how much a wrong number counts is the route's to say (see `admission`), because
test systems are fed numbers that somebody made up. Nobody is asked whether a company exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stdnum.eu import vat as eu_vat
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret
from stdnum.fr import tva as fr_vat

from connector.model import Document, Family, Party, Problem, Severity
from connector.validation.look import NOTHING, Further, Look

_MEMBER_STATES = {*eu_vat.MEMBER_STATES, "el"}  # Greek numbers begin with EL
_FRENCH_SCHEMES = ("0002", "0009", "0225")  # SIREN, SIRET, French e-invoicing address (ISO 6523)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """The business terms of one party's numbers."""

    siren: str
    siret: str | None = None
    vat: str | None = None


_SELLER = _Terms(siren="BT-30", siret="BT-29", vat="BT-31")
_BUYER = _Terms(siren="BT-47", siret="BT-46", vat="BT-48")
_DECLARANT = _Terms(siren="TT-13")


def check(look: Look) -> Further:
    """The check of `further.CHECKS`."""
    problems = identifier_problems(look.document)
    return Further(problems=problems) if problems else NOTHING


def identifier_problems(document: Document) -> tuple[Problem, ...]:
    """What cannot be right about the numbers of a document's seller, buyer or declarant; all warnings.

    `siren-check-digit`, `siret-check-digit`, `siret-not-of-siren` (DGFiP annexe 7, G1.80),
    `vat-number-invalid` for a French VAT number, `vat-number-doubtful` for one of another member state. La
    Poste's establishments have their own check digit. That a French VAT number holds another SIREN than the
    party's is no fault: the members of a VAT group all use the group's.
    """
    if document.family is Family.EREPORTING:
        return _of(document.seller, _DECLARANT)
    if document.family is Family.INVOICE:
        return (*_of(document.seller, _SELLER), *_of(document.buyer, _BUYER))
    return ()


@lru_cache(maxsize=4096)  # the same companies come again and again
def _of(party: Party, terms: _Terms) -> tuple[Problem, ...]:
    return tuple(_wrong(party, terms))


def _wrong(party: Party, terms: _Terms) -> Iterator[Problem]:
    siren, siret, vat = party.siren, party.siret, party.vat
    french = party.siren_scheme in _FRENCH_SCHEMES or (vat or "").startswith("FR")
    sound = siren is None or not french or (fr_siren.is_valid(siren) and siren.strip("0") != "")
    if not sound:
        yield _warning("siren-check-digit", terms.siren, siren)
    if siret and siren and not siret.startswith(siren):
        yield _warning("siret-not-of-siren", terms.siret, siret, siren)
    if siret and sound and not fr_siret.is_valid(siret):
        yield _warning("siret-check-digit", terms.siret, siret)
    if vat and vat.startswith("FR"):
        if not fr_vat.is_valid(vat):
            yield _warning("vat-number-invalid", terms.vat, vat)
    elif vat and vat[:2].lower() in _MEMBER_STATES and not eu_vat.is_valid(vat):
        yield _warning("vat-number-doubtful", terms.vat, vat)


def _warning(code: str, term: str | None, found: str | None, expected: str | None = None) -> Problem:
    return Problem(code=code, severity=Severity.WARNING, term=term, found=found, expected=expected)
