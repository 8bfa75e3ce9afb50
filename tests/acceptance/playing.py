"""A morning at a company that drops files: all that the situations are read from, played once.

Real routes, a simulated platform, the whole service. Between two runs somebody who has nothing but a file
explorer moves, creates and drops files. Only the clock is ours: it is a Tuesday on which reports are due.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from connector.clock import SystemClock
from connector.journal.overview import RouteOverview
from connector.model import State
from connector.samples import broken
from connector.samples.cdar import lifecycle_message
from connector.samples.facturx import facturx_invoice, pdf
from connector.samples.frr import frr_report
from connector.samples.parties import BUYER, SELLER
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.validation.pool import InspectionPool
from connector.wiring import Parts, assembled
from tests.archives import central, local, patched, zip_of
from tests.setup_tree import SECRET, Tree, plant

MORNING = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)  # nine o'clock in Paris
MOVING = ("ventes", "declarations", "retard")  # routes whose files all come to an end
STOPPED = ("panne", "acces", "suspendue")  # and those where everything waits
ODD_NAME = "Facture n° 7 – été #1 (100%).xml"


class Shifted(SystemClock):
    """The machine's clock, as if the test began on that morning."""

    def __init__(self) -> None:
        self._ahead = MORNING - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def seconds(self) -> float:
        """For the platform, which lives on the same day."""
        return time.time() + self._ahead.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTree(Tree):
    """One route of the tree."""

    route: str

    @property
    def root(self) -> Path:
        return self.folder / self.route

    @property
    def errors(self) -> Path:
        return self.outbox / "erreurs"

    def move(self, source: Path, target: Path) -> None:
        """What a hand does in a file explorer."""
        target.parent.mkdir(exist_ok=True)
        source.rename(target)


# --------------------------------------------------------------------------- what is dropped
def changed(content: bytes, pattern: str, replacement: str) -> bytes:
    """A document with the first match replaced; there must be one."""
    text, times = re.subn(pattern, replacement, content.decode(), count=1, flags=re.DOTALL)
    assert times
    return text.encode()


def without_client_siren(number: str) -> bytes:
    """An invoice between French companies (BAR = B2B) whose customer's record has no SIREN (BR-FR-11)."""
    content = ubl_invoice(number=number, note="#BAR#B2B")
    return changed(content, rf'<cbc:CompanyID schemeID="0002">{BUYER}</cbc:CompanyID>', "")


def report(number: str, **more: Any) -> bytes:
    """A report of the sales from 11 to 20 November, made on the 25th."""
    return frr_report(
        number=number,
        issued_at=datetime(2026, 11, 25, 8, 0),  # noqa: DTZ001 - the format has no time zone
        period_start=date(2026, 11, 11),
        period_end=date(2026, 11, 20),
        **more,
    )


def locked_pdf() -> bytes:
    """A Factur-X invoice that somebody has protected by a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(facturx_invoice(number="FA-PROTEGEE"))))
    writer.encrypt("", "secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def bomb() -> bytes:
    """An archive that announces more than any invoice has: 4 GB in a few bytes."""
    archive = zip_of({"FA-GONFLEE.xml": b"<Invoice/>"})
    return patched(
        archive, (local(archive) + 22, "<L", 0xFFFFFFF0), (central(archive) + 24, "<L", 0xFFFFFFF0)
    )


# What becomes of invoices after they were accepted: status and reason, by number.
LATER = {
    "FA-REFUSEE": ("210", "TX_TVA_ERR"),
    "FA-TARD": ("213", "CALCUL_ERR"),
    "FA-BIS": ("213", "DOUBLON"),
    "FA-LITIGE": ("207", "QTE_ERR"),
    "FA-SUSPENDUE": ("208", "JUSTIF_ABS"),
    "FA-APPROUVEE": ("205", None),
}
FIRST: dict[str, dict[str, bytes]] = {
    "ventes": {
        "FA-ACCEPTEE.xml": ubl_invoice(number="FA-ACCEPTEE"),
        **{f"{number}.xml": ubl_invoice(number=number) for number in LATER},
        "FA-TOTAL.xml": changed(
            ubl_invoice(number="FA-TOTAL"), r"(TaxInclusiveAmount currencyID=\"EUR\">)[\d.]+", r"\g<1>99.00"
        ),
        "FA-SIREN.xml": without_client_siren("FA-SIREN"),
        "lettre.xml": b"Bonjour,\nvoici la facture de novembre.\n",
        "FA-COUPEE.xml": broken.invoice_cut_off(number="FA-COUPEE"),
        "FA-VIDE.xml": b"",
        "declaration.xml": report("ER-EGAREE"),
        "FA-REJETEE.xml": ubl_invoice(number="FA-REJETEE"),
        "FA-SCHEMA.xml": ubl_invoice(number="FA-SCHEMA"),
        "FA-DOUBLON.xml": ubl_invoice(number="FA-DOUBLON"),
        "FA-LOURDE.xml": ubl_invoice(number="FA-LOURDE", lines=60),
        "FA-TVA.xml": changed(
            ubl_invoice(number="FA-TVA"), rf"<cbc:CompanyID>FR\d\d{SELLER}", f"<cbc:CompanyID>FR00{SELLER}"
        ),
        "FA-PROTEGEE.pdf": locked_pdf(),
        "FA-SIMPLE.pdf": pdf(),
        "lot.zip": zip_of(
            {
                "FA-LOT-1.xml": ubl_invoice(number="FA-LOT-1"),
                "FA-LOT-2.xml": broken.invoice_without_date(number="FA-LOT-2"),
            }
        ),
        "gonflee.zip": bomb(),
        "FA-DOUTE.xml": ubl_invoice(number="FA-DOUTE"),
        "FA-ANNULEE.xml": ubl_invoice(number="FA-ANNULEE"),
        "FA-ANNULEE.xml.annuler": b"",
        "FA-RENVOYEE.xml": ubl_invoice(number="FA-RENVOYEE"),
        "FA-CLASSEE.xml": broken.invoice_without_date(number="FA-CLASSEE"),
        "FA-CORRIGEE.xml": broken.invoice_with_spaced_amount(number="FA-CORRIGEE"),
        ODD_NAME: broken.invoice_with_spaced_amount(number="FA-ETE"),
    },
    "declarations": {"initiale.xml": report("ER-1")},
    "retard": {
        "tardive.xml": changed(report("ER-2", declarant_siren=BUYER), "<TypeCode>IN<", "<TypeCode>XX<")
    },
}
SECOND: dict[str, dict[str, bytes]] = {
    "ventes": {
        "FA-ACCEPTEE (copie).xml": FIRST["ventes"]["FA-ACCEPTEE.xml"],
        "FA-MEME-NUMERO.xml": ubl_invoice(number="FA-ACCEPTEE", note="autre contenu"),
        "FA-ACCEPTEE.xml.annuler": b"",
        "FA-CORRIGEE.xml": ubl_invoice(number="FA-CORRIGEE"),
    },
    "declarations": {"rectificative.xml": report("ER-3", type_code="RE", transactions=3)},
}
LAST: dict[str, dict[str, bytes]] = {
    "panne": {"FA-PANNE.xml": ubl_invoice(number="FA-PANNE")},
    "acces": {"FA-ACCES.xml": ubl_invoice(number="FA-ACCES")},
    "suspendue": {"PAUSE.txt": b"", "FA-PAUSE.xml": ubl_invoice(number="FA-PAUSE")},
}


def _at_deposit(number: str, do: str, **more: object) -> dict[str, object]:
    return {"on": "submit", "do": do, "match": {"name_contains": number}, "times": 1, **more}


PLATFORM = (
    _at_deposit("FA-REJETEE", "ack-error", reason_code="CALCUL_ERR", message="Somme des lignes differente"),
    _at_deposit("FA-SCHEMA", "ack-error", reason_code="InvalidSchema", message="cvc-complex-type.2.4.a"),
    _at_deposit("FA-DOUBLON", "ack-error", reason_code="DOUBLON", message="Facture deja recue"),
    _at_deposit("FA-DOUTE", "status", code=409),
    _at_deposit("FA-RENVOYEE", "ack-error", reason_code="ChecksumMismatch", message="SHA-256"),
)


# --------------------------------------------------------------------------- playing
@contextmanager
def played(folder: Path) -> Iterator[dict[str, RouteTree]]:
    """The routes, once everything has happened and nobody is at work any more."""
    clock = Shifted()
    with (
        Simulator(clock=clock.seconds, max_file_bytes=20_000) as platform,
        pytest.MonkeyPatch.context() as set_,
    ):
        tree = _planted(folder, platform)
        set_.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
        set_.setenv("CONNECTOR_PANNE_CLIENT_SECRET", SECRET)
        set_.setenv("CONNECTOR_ACCES_CLIENT_SECRET", "perime")
        platform.faults(*PLATFORM)
        routes = {name: RouteTree(folder=folder, route=name) for name in (*MOVING, *STOPPED)}
        with InspectionPool(load(tree.config).workers) as pool:
            parts = Parts(clock=clock, inspector=lambda settings, chosen: nullcontext(pool))
            _drop(routes, FIRST)
            assert _served(tree, parts, MOVING).left == 0
            _by_hand(routes["ventes"])
            _brought(platform)
            _drop(routes, SECOND)
            assert _served(tree, parts, MOVING).left == 0
            _drop(routes, LAST)
            _served(tree, parts, STOPPED, until=_all_wait)
        yield routes


def _planted(folder: Path, platform: Simulator) -> Tree:
    nobody = {"base_url": "http://127.0.0.1:9/flow-service", "token_url": platform.token_url}
    strict = {"base_url": platform.base_url, "token_url": platform.token_url}
    reports = {"accept": ["ereporting"], "rules": "error"}
    tree = plant(
        folder,
        platform,
        top={"environment": "production", "workers": {"count": 1}},
        route={"rules": "error", "empty_wait": 0, "receive": True},
        more_accounts={"panne": nobody | {"gateway": "afnor"}, "acces": strict | {"gateway": "afnor"}},
        more_routes={
            "declarations": reports,
            "retard": reports,
            "panne": {"account": "panne"},
            "acces": {"account": "acces"},
            "suspendue": {},
        },
    )
    companies = (
        _declarant("declarations", SELLER, date(2026, 11, 21)),
        _declarant("retard", BUYER, date(2026, 11, 11)),
    )
    tree.config.write_text("\n".join((tree.config.read_text("utf-8"), *companies)), "utf-8")
    return tree


def _declarant(route: str, siren: str, starts: date) -> str:
    return (
        f'[[declarant]]\nsiren = "{siren}"\nroute = "{route}"\nregime = "reel_normal_mensuel"\nsize = "ge"\n'
        f'data = ["transactions"]\nstarts = {starts}\n'
    )


def _drop(routes: dict[str, RouteTree], files: dict[str, dict[str, bytes]]) -> None:
    for route, contents in files.items():
        for name, content in contents.items():
            routes[route].drop(name, content)


def _brought(platform: Simulator) -> None:
    """What the platform has for the company in the second hour."""
    for number, (code, reason) in LATER.items():
        told = lifecycle_message(
            status_code=code, reason_code=reason, invoice=number, issued_at=MORNING.replace(tzinfo=None)
        )
        platform.bring(told, "CustomerInvoiceLC", name=f"CDV_{code}.xml")
    supplied = ubl_invoice(number="FOURNISSEUR-1")
    platform.bring(supplied, "SupplierInvoice", name="FOURNISSEUR-1.xml", syntax="UBL")


def _by_hand(ventes: RouteTree) -> None:
    """What somebody does who has read the messages of the first hour."""
    ventes.move(ventes.errors / "FA-RENVOYEE.xml", ventes.inbox / "FA-RENVOYEE.xml")
    message = "FA-CLASSEE.xml.ERREUR.txt"
    ventes.move(ventes.errors / message, ventes.errors / "traite" / message)


def _served(
    tree: Tree, parts: Parts, routes: tuple[str, ...], until: Callable[[Tree], bool] | None = None
) -> Report:
    """One run of the service, until everything is done or what is waited for has come."""
    stop, deadline = threading.Event(), time.monotonic() + 60.0

    def look(_concluded: int, _left: int) -> None:
        if until is not None and (until(tree) or time.monotonic() > deadline):
            stop.set()

    with assembled(load(tree.config), routes, parts) as assembly:
        return Service(assembly, stop, look).run(once=until is None, follow_for=30.0)


def _all_wait(tree: Tree) -> bool:
    """Whether what cannot be sent has been tried, and the pause been noticed."""
    tried = {job.route for job in tree.jobs() if job.state is State.VALID and job.waits_for}
    with closing(RouteOverview(tree.state / "state.db")) as view:
        return {"panne", "acces"} <= tried and view.paused_since("suspendue") is not None
