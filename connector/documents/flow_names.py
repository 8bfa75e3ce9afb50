"""What the name of a file promises when it follows the flow names of the public portal. Pure.

`<interface code>_<application code>_<flow identifier>` with extension .xml or .tar.gz (DGFiP/AIFE v3.2,
3.4.5): the interface code tells the kind of document. Integrators name their files so, and a name that
contradicts its content is refused by the portal with the whole flow; so it is told before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.model import Problem, Severity

_LOOKS_SO = re.compile(r"[CF]FE[0-9]{4}[A-Z]?(?![0-9A-Z])", re.IGNORECASE)
_NAME = re.compile(r"([CF])FE([0-9]{4}[A-Z])_([A-Z0-9]{6})_([A-Z0-9]{25})(?i:\.xml|\.tar\.gz)?")
_FORM = "FFE0111A_AAA123_AAA1230111000000000000001.xml"

# Kinds of document by the end of the interface code (DGFiP/AIFE v3.2, table 4).
_KINDS = {
    "0111A": ("ubl-invoice", "ubl-creditnote"),
    "0112A": ("cii-invoice",),
    "0604A": ("cdar",),
    "0614A": ("cdar",),
    "0624A": ("cdar",),
    "0634A": ("cdar",),
    "0654A": ("cdar",),
    "1025A": ("frr-report",),
    "1235A": ("annuaire-f12-f13",),
    "1435A": ("annuaire-f14",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowName:
    """A name taken apart. `acknowledgement`: the portal's answer to a flow (first letter C)."""

    interface: str  # FFE0111A
    application: str
    identifier: str
    acknowledgement: bool


def read_flow_name(name: str) -> FlowName | None:
    """A file name as a flow name; None when it is none.

    Args:
        name: with or without folders before it.
    """
    found = _NAME.fullmatch(_base(name))
    if found is None or not found[4].startswith(found[3]):
        return None
    return FlowName(
        interface=f"{found[1]}FE{found[2]}",
        application=found[3],
        identifier=found[4],
        acknowledgement=found[1] == "C",
    )


def flow_name_problems(name: str, kind: str) -> list[Problem]:
    """Where the name of a file contradicts the kind of document that it turned out to be.

    A name that only looks like a flow name is a warning: it may mean nothing. One that names another kind
    is an error: the name or the content is not what its sender meant, and nobody here can tell which.

    Args:
        name: of the file as it was dropped; empty when nobody knows.
        kind: entry of the catalogue.
    """
    base = _base(name)
    if not _LOOKS_SO.match(base):
        return []
    flow = read_flow_name(base)
    kinds = _KINDS.get(flow.interface[3:]) if flow else None
    if flow is None or kinds is None:
        return [
            Problem(code="flow-name-malformed", severity=Severity.WARNING, found=base[:120], expected=_FORM)
        ]
    if flow.acknowledgement or kind in kinds:
        return []
    return [
        Problem(code="flow-name-mismatch", found=kind, expected=f"{flow.interface} ({' / '.join(kinds)})")
    ]


def _base(name: str) -> str:
    return name.rpartition("/")[2].encode("utf-8", "replace").decode()
