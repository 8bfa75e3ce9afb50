"""The statuses of integrated invoices at Chorus Pro: which have changed, and the history of one. Pure.

`rechercher/fournisseur` tells which invoices have a new status since a day, `consulter/historique` all that
one of them has had. Modelled on the public names of fields: nobody publishes how the times are written, so
they are compared with each other, and with our clock by the day only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.gateways.fields import moment, text
from connector.model import Announced, IncomingFlow, Party, Reason, Reference

PAGE = 50  # invoices
_AHEAD = timedelta(days=1)  # a time that is further ahead than time zones explain is not believed
# What integrators take for the reform's statuses; Chorus Pro's own name is told beside each. What is not here
# keeps that name alone.
_CODES: Mapping[str, str] = {
    "DEPOSEE": "200",
    "EN_COURS_ACHEMINEMENT": "201",
    "MISE_A_DISPOSITION": "203",
    "PRISE_EN_COMPTE_DESTINATAIRE": "204",
    "SERVICE_FAIT": "205",
    "MANDATEE": "205",
    "SUSPENDUE": "208",
    "A_COMPLETER": "208",
    "COMPLETEE": "209",
    "REJETEE": "210",
    "MISE_EN_PAIEMENT": "211",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far the changes have been read. As a text it is the poll's cursor.

    Args:
        high: the latest change seen, in all that was read to its end.
        page: the one to read next; after the first, `reached` is the latest change of this reading.
    """

    high: datetime
    page: int = 1
    reached: datetime | None = None

    @classmethod
    def of(cls, cursor: str | None, since: datetime) -> Place:
        """The place that a cursor means; without one, or one that cannot be read, it begins at `since`."""
        high, _, rest = (cursor or "").partition("|")
        page, _, reached = rest.partition("|")
        start = moment(high)
        if start is None:
            return cls(high=since)
        return cls(high=start, page=int(page) if page.isdecimal() else 1, reached=moment(reached))

    def __str__(self) -> str:
        place = _iso(self.high)
        return place if self.reached is None else f"{place}|{self.page}|{_iso(self.reached)}"

    def after(self, changed: list[Changed], pages: int) -> Place:
        """The place behind a page of which `changed` was read."""
        limit = datetime.now(UTC) + _AHEAD
        times = [min(each.at, limit) for each in changed if each.at]
        reached = max([self.reached or self.high, *times])
        if self.page < pages:
            return replace(self, page=self.page + 1, reached=reached)
        return Place(high=reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An invoice that the search lists: what to ask its history by, and what it is known by."""

    number: int | str  # identifiantFactureCPP
    at: datetime | None  # of its latest status
    flow_id: str | None
    about: Reference


def question(place: Place, overlap: float) -> dict[str, Any]:
    """The search for invoices whose status has changed."""
    start = place.high - timedelta(seconds=overlap)
    return {
        "periodeDateHeureEtatCourantDu": start.date().isoformat(),
        "periodeDateHeureEtatCourantAu": (datetime.now(UTC) + _AHEAD).date().isoformat(),
        "rechercheFactureParFournisseur": {"nbResultatsParPage": PAGE, "pageResultatDemandee": place.page},
    }


def changed_in(answer: Mapping[str, Any], place: Place, overlap: float) -> tuple[list[Changed], int]:
    """The invoices of a page that have changed since, and how many pages there are.

    The search knows days only: what is older than the place is left out here.
    """
    start = place.high - timedelta(seconds=overlap)
    listed = [each for entry in _entries(answer.get("listeFactures")) if (each := _changed(entry))]
    paging = answer.get("parametresRetour")
    pages = paging.get("pages") if isinstance(paging, dict) else None
    known = pages if isinstance(pages, int) and not isinstance(pages, bool) else 1
    return [each for each in listed if each.at is None or each.at >= start], known


def _changed(entry: Mapping[str, Any]) -> Changed | None:
    number = entry.get("identifiantFactureCPP")
    if not isinstance(number, int | str) or isinstance(number, bool):
        return None
    supplier = text(entry.get("codeFournisseur")) or ""
    return Changed(
        number=number,
        at=moment(entry.get("dateHeureEtatCourant")),
        flow_id=text(entry.get("numeroFluxDepot")),
        about=Reference(
            number=text(entry.get("numeroFacture")),
            issue_date=(text(entry.get("dateFacture")) or "")[:10] or None,
            issuer=Party(siren=supplier[:9] if supplier[:9].isdecimal() else None),
        ),
    )


def statuses_in(answer: Mapping[str, Any], of: Changed) -> list[IncomingFlow]:
    """Every status in an invoice's history, each as a flow of its own: invoice, status and time name it."""
    history = answer.get("historiquesDesStatuts")
    entries = history.get("histoStatut") if isinstance(history, dict) else None
    return [status for entry in _entries(entries) if (status := _status(entry, of))]


def _status(entry: Mapping[str, Any], of: Changed) -> IncomingFlow | None:
    name = text(entry.get("histoStatutCode"))
    if name is None:
        return None
    at = text(entry.get("histoStatutDatePassage"))
    comment = text(entry.get("histoStatutCommentaire"))
    return IncomingFlow(
        flow_id=f"{of.number}:{name}:{at or '-'}",
        tracking_id=of.flow_id,
        given=Announced(
            code=_CODES.get(name),
            words=name,
            at=at.replace(" ", "T") if at else None,
            about=of.about,
            reasons=(Reason(words=comment),) if comment else (),
        ),
    )


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else iter(())


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
