"""How the simulated public portal reads deposits and writes answers: envelopes, JSON, XML, problems. Pure."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from connector.simulator.answers import Answer
from connector.simulator.contract import Refusal

PROBLEM = "application/problem+json"
_DISPOSITION = re.compile(r'attachment; *filename="?([^";]{1,200})"?')
_NAME = re.compile(r"(FFE\d{4}[A-Z])_([A-Z0-9]{6})_([A-Z0-9]{25})\.tar\.gz")
_INNER = re.compile(r"[A-Za-z0-9._ -]{1,120}\.xml")
_INVOICE = re.compile(r"(?:Base|Full)_.+")
# interface → (domain, syntax of what is inside)
INTERFACES: Mapping[str, tuple[str, str]] = {
    "FFE0111A": ("facturation", "UBL"),
    "FFE0112A": ("facturation", "CII"),
    "FFE0604A": ("facturation", "CDAR"),
    "FFE0614A": ("facturation", "CDAR"),
    "FFE0654A": ("facturation", "CDAR"),
    "FFE0624A": ("e-reporting", "CDAR"),
    "FFE1025A": ("e-reporting", "FRR"),
}
_TITLES = {
    "fr": {
        400: "Requête invalide",
        401: "Authentification requise",
        404: "Ressource inconnue",
        413: "Flux trop volumineux",
        415: "Type de contenu non pris en charge",
        422: "Erreur de validation des données",
        501: "Non implémenté",
    },
    "en": {
        400: "Bad request",
        401: "Authentication required",
        404: "Unknown resource",
        413: "Flow too large",
        415: "Unsupported content type",
        422: "The data are not valid",
        501: "Not implemented",
    },
}


class PortalRefusal(Refusal):
    """An error of the portal: problem+json in French names, its words in the language that was asked for.

    Args:
        place: what is wrong: a field, or a reason's code.
        language: "fr" or "en".
        reason: code of a flow's refusal, IRR_….
    """

    content_type = PROBLEM

    def __init__(
        self, status: int, place: str, language: str, reason: str | None = None, instance: str = ""
    ) -> None:
        super().__init__(status, reason or str(status), place)
        self.language, self.reason, self.instance = language, reason, instance

    def body(self) -> bytes:
        words = {"fr": "valeur invalide", "en": "invalid value"}[self.language]
        told: dict[str, Any] = {
            "type": "about:blank",
            "titre": _TITLES[self.language].get(self.status, str(self.status)),
            "statut": self.status,
            "detail": f"{self.message} : {words}",
            "instance": self.instance,
        }
        if self.reason:
            told["motifs"] = [{"code": self.reason, "libelle": told["titre"], "fichier": self.message}]
        return json.dumps(told, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A deposited flow, taken apart."""

    flow: str
    interface: str
    inner: str
    content: bytes
    sha256: str  # of the envelope as it came

    @property
    def syntax(self) -> str:
        return INTERFACES[self.interface][1]


def language_of(header: str) -> str:
    """The language of messages, French unless English is asked for."""
    return "en" if header.lower().startswith("en") else "fr"


def read_envelope(
    headers: Mapping[str, str], body: bytes, domain: str, application: str, language: str
) -> Envelope:
    """A deposit, checked: its name, its form, and that it holds one document.

    Raises:
        PortalRefusal: 415 or 422, with the portal's reason.
    """
    if headers.get("Content-Type", "") != "application/gzip":
        raise PortalRefusal(415, "Content-Type", language, "IRR_TYPE")
    told = _DISPOSITION.fullmatch(headers.get("Content-Disposition", ""))
    name = _NAME.fullmatch(told[1]) if told else None
    if name is None or not name[3].startswith(name[2] + name[1][3:7]):
        raise PortalRefusal(422, "Content-Disposition", language, "IRR_NOM_F")
    if INTERFACES.get(name[1], ("", ""))[0] != domain:
        raise PortalRefusal(422, name[1], language, "IRR_CODE_INTER")
    if name[2] != application:
        raise PortalRefusal(422, name[2], language, "IRR_CODE_APP")
    inner, content = _unpacked(body, language)
    if not _INNER.fullmatch(inner) or (name[1].startswith("FFE01") and not _INVOICE.fullmatch(inner)):
        raise PortalRefusal(422, inner, language, "IRR_NOM_PJ")
    return Envelope(
        flow=name[0].removesuffix(".tar.gz"),
        interface=name[1],
        inner=inner,
        content=content,
        sha256=sha256(body).hexdigest(),
    )


def _unpacked(body: bytes, language: str) -> tuple[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as packed:
            files = packed.getmembers()
            if len(files) != 1 or not files[0].isreg():
                raise PortalRefusal(422, "tar.gz", language, "IRR_FORM")
            opened = packed.extractfile(files[0])
            assert opened is not None  # it is a regular file
            return files[0].name, opened.read()
    except (tarfile.TarError, OSError, EOFError):
        raise PortalRefusal(422, "tar.gz", language, "IRR_EXTRAC") from None


def written(value: Mapping[str, Any], status: int, how: str, language: str, root: str) -> Answer:
    """An answer in JSON or XML, or as a code alone.

    Args:
        how: "json", "xml" or "bare".
        root: name of the element in XML.
    """
    headers = (("Content-Language", language),)
    match how:
        case "bare":
            return Answer(status=status, content_type="text/plain")
        case "xml":
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n{_xml(root, value)}'.encode()
            return Answer(status=status, body=body, content_type="application/xml", headers=headers)
        case _:
            body = json.dumps(value, ensure_ascii=False).encode()
            return Answer(status=status, body=body, headers=headers)


def _xml(name: str, value: Any) -> str:
    """An element; a list is its elements one after the other, and nothing at all when it is empty."""
    if isinstance(value, list):
        return "".join(_xml(name, one) for one in value)
    if isinstance(value, Mapping):
        inside = "".join(_xml(part, one) for part, one in value.items() if one is not None)
        return f"<{name}>{inside}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"
