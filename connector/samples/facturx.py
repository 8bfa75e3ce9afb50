"""Factur-X invoices: a PDF of one page that carries a CII invoice, with the marks of PDF/A-3.

Written by hand, object by object, so that the reader is tested against another writer than its own library.
It is marked as PDF/A-3 and does not claim more: there is no output intent and no embedded font.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from connector.samples.cii import cii_invoice

LEVELS = {
    "minimum": "MINIMUM",
    "basicwl": "BASIC WL",
    "basic": "BASIC",
    "en16931": "EN 16931",
    "extended": "EXTENDED",
    "extended-ctc-fr": "EXTENDED",
}

_PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_XMP = """{packet}
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>{level}</fx:ConformanceLevel></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to put into a PDF.

    Args:
        checksum: MD5 to announce; None: the right one; empty: none.
        size: bytes to announce; None: the right number.
        packed: the stream as it is to be stored, already deflated; None: `content`, deflated.
    """

    content: bytes
    name: str = "factur-x.xml"
    relationship: str = "Data"
    checksum: bytes | None = None
    size: int | None = None
    packed: bytes | None = None


def facturx_invoice(*, number: str = "FX-2026-0001", lines: int = 1, profile: str = "en16931") -> bytes:
    """A valid Factur-X invoice.

    Args:
        profile: key of `LEVELS`.
    """
    xml = cii_invoice(number=number, lines=lines, profile=profile)
    return pdf([Attachment(content=xml)], level=LEVELS[profile])


def pdf(attachments: Sequence[Attachment] = (), *, level: str | None = None, part: str = "3") -> bytes:
    """A PDF of one empty page with these files attached.

    Args:
        level: profile that the XMP metadata name; None: there are no metadata.
        part: part of PDF/A that the metadata claim.
    """
    writer = _Writer()
    page_tree = writer.reserve()
    page = writer.add(f"<< /Type /Page /Parent {page_tree} 0 R /MediaBox [0 0 595 842] >>".encode())
    writer.put(page_tree, f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>".encode())
    files = [(attachment, _attach(writer, attachment)) for attachment in attachments]
    catalog = f"<< /Type /Catalog /Pages {page_tree} 0 R"
    if files:
        tree = " ".join(f"{_string(attachment.name)} {number} 0 R" for attachment, number in files)
        catalog += f" /Names << /EmbeddedFiles << /Names [{tree}] >> >>"
        catalog += f" /AF [{' '.join(f'{number} 0 R' for _, number in files)}]"
    if level is not None:
        metadata = _XMP.format(packet=_PACKET, part=part, level=level).encode()
        catalog += f" /Metadata {writer.stream('/Type /Metadata /Subtype /XML', metadata)} 0 R"
    return writer.finish(writer.add(f"{catalog} >>".encode()))


def _attach(writer: _Writer, attachment: Attachment) -> int:
    content = attachment.content
    checksum = attachment.checksum
    if checksum is None:
        checksum = hashlib.md5(content, usedforsecurity=False).digest()
    params = f"/Size {len(content) if attachment.size is None else attachment.size}"
    if checksum:
        params += f" /CheckSum <{checksum.hex()}>"
    packed = zlib.compress(content) if attachment.packed is None else attachment.packed
    head = f"/Type /EmbeddedFile /Subtype /text#2Fxml /Filter /FlateDecode /Params << {params} >>"
    stream = writer.stream(head, packed)
    name = _string(attachment.name)
    return writer.add(
        f"<< /Type /Filespec /F {name} /UF {name} /AFRelationship /{attachment.relationship}"
        f" /EF << /F {stream} 0 R /UF {stream} 0 R >> >>".encode()
    )


def _string(text: str) -> str:
    return f"<{text.encode('latin-1').hex()}>"


class _Writer:
    """Objects of a PDF one behind the other, and at the end where each of them begins."""

    def __init__(self) -> None:
        self._written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._places: list[int] = []

    def reserve(self) -> int:
        self._places.append(0)
        return len(self._places)

    def put(self, number: int, content: bytes) -> None:
        self._places[number - 1] = len(self._written)
        self._written += b"%d 0 obj\n%b\nendobj\n" % (number, content)

    def add(self, content: bytes) -> int:
        number = self.reserve()
        self.put(number, content)
        return number

    def stream(self, head: str, content: bytes) -> int:
        return self.add(
            b"<< %b /Length %d >>\nstream\n%b\nendstream" % (head.encode(), len(content), content)
        )

    def finish(self, root: int) -> bytes:
        start = len(self._written)
        table = b"".join(b"%010d 00000 n \n" % place for place in self._places)
        count = len(self._places) + 1
        self._written += b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
        self._written += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
            count,
            root,
            start,
        )
        return bytes(self._written)
