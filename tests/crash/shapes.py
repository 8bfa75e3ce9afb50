"""The inboxes: what is dropped, what its writer does later, and what may become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from connector.samples.broken import invoice_not_well_formed, invoice_without_date
from connector.samples.cdar import lifecycle_message
from connector.samples.ubl import ubl_invoice
from tests.archives import tar_of, zip_of

_SEPTEMBER = datetime(2026, 9, 3, 9, 15, 0)  # noqa: DTZ001 - messages name no time zone
GOOD = frozenset({"good"})  # the platform's answer decides: see `plans.Plan.outcomes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that a writer does to its file behind our back, once in a run.

    Args:
        when: "claimed" (it is in work/ for an instant), "copying" (half of it is copied), "copied" (the copy
            is not written down yet), "sent" (the platform has answered).
        content: all of the file from then on.
    """

    name: str
    when: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A document in an archive, and what may become of it.

    Args:
        comes_out: it may be taken out of the archive, and so has bytes of its own.
    """

    name: str
    content: bytes
    ends: frozenset[str] = GOOD
    comes_out: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A file that is dropped, and what may become of it.

    Args:
        ends: outcomes; "good" stands for those of the plan, "repeat" for those of a number used again. What
            becomes of an archive follows from what becomes of its documents.
        documents: those in it, when it is an archive.
    """

    name: str
    content: bytes
    ends: frozenset[str] = GOOD
    route: str = "ventes"
    documents: tuple[Packed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the platform has for us: of which type, called what, in which syntax."""

    content: bytes
    flow_type: str
    name: str
    syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One inbox.

    Args:
        files: what is dropped, oldest first.
        deeds: what their writers do later.
        remote_archive: the archive is another file system, so that no rename leads there.
        broken: a file that cannot be copied in a first life, which is lived beside those of the run's points.
        decided: a first life is lived to its end, and an operator lets go on what was held in it; nobody
            takes results away before the run is over.
        brought: what the platform has for us after a first life in which the files have come to their end.
        then: what is dropped after such a first life; nobody takes results away before the run is over.
        requests: names of empty files that lie in the first route's inbox, too, and ask for something.
    """

    name: str
    files: tuple[Dropped, ...]
    deeds: tuple[Deed, ...] = ()
    remote_archive: bool = False
    broken: str = ""
    decided: bool = False
    brought: tuple[Brought, ...] = ()
    then: tuple[Dropped, ...] = ()
    requests: tuple[str, ...] = ()
    routes: tuple[str, ...] = field(default=("ventes",))

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody takes results away before the run is over."""
        return self.decided or bool(self.then)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """All files, sooner or later."""
        return self.files + self.then


def _good(number: str) -> bytes:
    return ubl_invoice(number=number)


def _archive(
    name: str, pack: Callable[[list[tuple[str, bytes]]], bytes], *documents: Packed, route: str = "ventes"
) -> Dropped:
    content = pack([(document.name, document.content) for document in documents])
    return Dropped(name=name, content=content, route=route, documents=documents)


def _bundles() -> tuple[Shape, ...]:
    """Archives: of which each document goes by itself, and of which all go or none."""
    rejected, unreadable = frozenset({"rejected_before_sending"}), frozenset({"unreadable"})
    cancelled = frozenset({"cancelled"})
    invalid = Packed(name="sans date.xml", content=invoice_without_date(), ends=rejected)
    return (
        Shape(
            name="zip",
            files=(
                _archive(
                    "lot.zip",
                    zip_of,
                    Packed(name="FA1.xml", content=_good("FA1")),
                    invalid,
                    Packed(name="sous/FA2.xml", content=_good("FA2")),
                    Packed(name="../FA3.xml", content=_good("FA3"), ends=unreadable, comes_out=False),
                ),
            ),
        ),
        Shape(
            name="zip-all",
            files=(
                _archive(
                    "refusé.zip",
                    zip_of,
                    Packed(name="FA1.xml", content=_good("FA1"), ends=cancelled),
                    invalid,
                    route="achats",
                ),
                _archive(
                    "lot.tar.gz",
                    tar_of,
                    Packed(name="FA2.xml", content=_good("FA2")),
                    route="achats",
                ),
            ),
            routes=("achats",),
        ),
    )


@cache
def shapes() -> dict[str, Shape]:
    """Every shape by name."""
    one = _good("FA1")
    longer, other = one + b"<!-- late -->", _good("FA9")
    odd = one.replace(b"<cbc:ID>", b"<cbc:Strange/><cbc:ID>", 1)  # of the same number and date, and refused
    either = frozenset({"good", "duplicate"})
    first_or_held = frozenset({"good", "held"})
    late = frozenset({"good", "held"})
    rejected, unreadable = frozenset({"rejected_before_sending"}), frozenset({"unreadable"})
    made = (
        Shape(name="plain", files=(Dropped(name="FA1.xml", content=one),)),
        Shape(
            name="batch",
            files=tuple(Dropped(name=f"FA{n}.xml", content=_good(f"FA{n}")) for n in range(1, 4)),
        ),
        Shape(
            name="duplicate",
            files=(
                Dropped(name="FA1.xml", content=one, ends=either),
                Dropped(name="copie.xml", content=one, ends=either),
            ),
        ),
        Shape(
            name="same-number",
            files=(
                Dropped(name="FA1.xml", content=one, ends=first_or_held),
                Dropped(name="FA1 bis.xml", content=longer, ends=first_or_held),
            ),
        ),
        Shape(
            name="invalid",
            files=(
                Dropped(name="sans date.xml", content=invoice_without_date(), ends=rejected),
                Dropped(name="FA1.xml", content=one),
                Dropped(name="cassé.xml", content=invoice_not_well_formed(), ends=unreadable),
            ),
        ),
        Shape(
            name="late-copying",
            files=(
                Dropped(name="FA1.xml", content=one, ends=late),
                Dropped(name="FA2.xml", content=_good("FA2"), ends=late),
            ),
            deeds=(
                # Its beginning changes, and its end: half of one and half of the other was never its content.
                Deed(name="FA1.xml", when="copying", content=other + b"<!-- late -->"),
                Deed(name="FA2.xml", when="copying", content=_good("FA2") + b"<!-- late -->"),
            ),
        ),
        Shape(
            name="late-copied",
            files=(Dropped(name="FA1.xml", content=one, ends=late),),
            deeds=(Deed(name="FA1.xml", when="copied", content=other),),
        ),
        Shape(
            name="late-sent",
            files=(Dropped(name="FA1.xml", content=one, ends=late),),
            deeds=(Deed(name="FA1.xml", when="sent", content=longer),),
        ),
        Shape(
            name="two-routes",
            files=(
                Dropped(name="FA1.xml", content=one),
                Dropped(name="FA1.xml", content=_good("AC1"), route="achats"),
            ),
            routes=("ventes", "achats"),
        ),
        Shape(
            name="remote-archive",
            files=(Dropped(name="FA1.xml", content=one),),
            remote_archive=True,
        ),
        Shape(
            name="one-bad",
            files=tuple(Dropped(name=f"FA{n}.xml", content=_good(f"FA{n}")) for n in range(1, 4)),
            broken="FA2.xml",
        ),
        Shape(
            name="hold",
            files=(
                Dropped(name="FA1.xml", content=one),
                Dropped(name="FA1 bis.xml", content=longer, ends=frozenset({"good", "repeat"})),
            ),
            decided=True,
        ),
        Shape(
            name="corrected",
            files=(Dropped(name="FA1.xml", content=odd, ends=rejected),),
            then=(Dropped(name="FA1.xml", content=one),),
        ),
        Shape(
            name="cancelled",
            files=(
                Dropped(name="FA1.xml", content=one, ends=frozenset({"cancelled"})),
                Dropped(name="FA2.xml", content=_good("FA2")),
            ),
            requests=("FA1.xml.annuler",),
        ),
        Shape(
            name="received",
            files=(Dropped(name="FA1.xml", content=one),),
            brought=(
                Brought(
                    content=lifecycle_message(
                        status_code="210", invoice="FA1", reason_code="TX_TVA_ERR", issued_at=_SEPTEMBER
                    ),
                    flow_type="CustomerInvoiceLC",
                    name="CDV_210.xml",
                    syntax="CDAR",
                ),
                Brought(
                    content=_good("ACHAT-1"), flow_type="SupplierInvoice", name="ACHAT-1.xml", syntax="UBL"
                ),
            ),
        ),
        *_bundles(),
    )
    return {shape.name: shape for shape in made}
