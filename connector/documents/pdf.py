"""Takes the invoice out of a PDF that anybody may have written. The only place that knows pypdf.

The PDF is never shown, never repaired and never decrypted. What pypdf raises on a bad file can be anything,
so everything it raises is the file's fault; how much it may unpack is bounded. Whether the file is whole is
asked first and of the bytes: a PDF that grew by updates is a good PDF at several places before its end.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from lxml import etree

from connector.documents.facturx import NAMES, Carried
from connector.documents.recognise import NotADocument
from connector.documents.safe_xml import read_root
from connector.model import Problem

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import EmbeddedFile

MOST_UNPACKED = 64 * 1024 * 1024  # bytes of one stream
_MOST_XMP = 2 * 1024 * 1024  # bytes
_MOST_ATTACHMENTS = 1000
_MOST_NAMES = 10  # of attachments that are told when none is an invoice
_TAIL = 2048  # bytes in which the end mark must be
_END = b"%%EOF"
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,300}?/L\s+([0-9]{1,12})\b")
_BAD_SEEK = {errno.EINVAL, errno.EOVERFLOW}  # a place in the file that cannot be one
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}part"
# factur-x, ZUGFeRD 2 and ZUGFeRD 1 have a namespace each for the same word
_LEVEL = re.compile(r"\{urn:(?:factur-x|zugferd|ferd):pdfa:[^}]*\}ConformanceLevel")


def read_pdf(file: BinaryIO) -> Carried:
    """The invoice in a PDF, with what the PDF says of it.

    Args:
        file: at any position; must be seekable.
    Raises:
        NotADocument: the PDF is cut off (`pdf-incomplete`), protected (`pdf-encrypted`), broken
            (`pdf-damaged`), unpacks to too much (`pdf-unpacks-too-large`), has no invoice in it
            (`facturx-no-invoice`) or more than one (`facturx-several`).
        MemoryError: there was not enough.
        OSError: the file cannot be read now.
    """
    _refuse_cut(file)
    from pypdf import apply_configuration  # 0.1 s, paid with the first PDF only
    from pypdf.errors import LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it would tell of every oddity on stderr
    try:
        with apply_configuration(
            zlib_maximum_output_length=MOST_UNPACKED,
            lzw_maximum_output_length=MOST_UNPACKED,
            run_length_maximum_output_length=MOST_UNPACKED,
            stream_decoding_work_maximum_length=2 * MOST_UNPACKED,
        ):
            return _carried(file)
    except (NotADocument, MemoryError):
        raise
    except LimitReachedError as error:
        if not _raised_in_unpacking(error):  # a count that the rest of the file belies
            raise _fault("pdf-damaged", error) from None
        raise _fault("pdf-unpacks-too-large", error, expected=str(MOST_UNPACKED)) from None
    except OSError as error:
        if error.errno not in _BAD_SEEK:
            raise
        raise _fault("pdf-damaged", error) from None
    except Exception as error:  # noqa: BLE001 - pypdf raises whatever it stumbles over
        raise _fault("pdf-damaged", error) from None


def _refuse_cut(file: BinaryIO) -> None:
    """Let only a PDF through that has its end mark at its end, and the length that it says it has."""
    file.seek(0)
    head = file.read(1024)
    size = file.seek(0, 2)
    file.seek(max(size - _TAIL, 0))
    tail = file.read(_TAIL)
    before, mark, after = tail.rpartition(_END)
    linearized = _LINEARIZED.search(head)
    planned = int(linearized[1]) if linearized else 0
    if not mark or after.strip(b"\r\n\t \x1a") or b"startxref" not in before or size < planned:
        raise NotADocument(Problem(code="pdf-incomplete", source="pdf"), incomplete=True)


def _raised_in_unpacking(error: Exception) -> bool:
    """Whether pypdf met one of its limits in a filter, where streams are unpacked, and not in its tables."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "pypdf.filters"


def _fault(code: str, error: Exception, *, expected: str | None = None) -> NotADocument:
    words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return NotADocument(Problem(code=code, source="pdf", message=words, expected=expected))


def _carried(file: BinaryIO) -> Carried:
    from pypdf import PdfReader

    reader = PdfReader(file)
    if reader.is_encrypted:
        raise NotADocument(Problem(code="pdf-encrypted", source="pdf"))
    attachment = _invoice(reader)
    level, part = _xmp(reader)
    checksum = attachment.checksum
    size = attachment.size
    return Carried(
        xml=attachment.content,
        name=attachment.name,
        checksum=None if checksum is None else _hexadecimal(checksum),
        size=int(size) if isinstance(size, int) else None,
        relationship=str(attachment.associated_file_relationship).removeprefix("/"),
        level=level,
        pdfa_part=part,
    )


def _invoice(reader: PdfReader) -> EmbeddedFile:
    """The attachment that is the invoice, by the first of `NAMES` that there is."""
    attachments = list(islice(_attachments(reader), _MOST_ATTACHMENTS))
    for wanted in NAMES:
        same = [file for file in attachments if wanted in {name.lower() for name in _names(file)}]
        if not same:
            continue
        if len({file.content for file in same}) > 1:
            raise NotADocument(Problem(code="facturx-several", source="facturx", found=wanted))
        return same[0]
    names = ", ".join(file.name for file in attachments[:_MOST_NAMES]) or None
    raise NotADocument(Problem(code="facturx-no-invoice", source="facturx", found=names))


def _attachments(reader: PdfReader) -> Iterator[EmbeddedFile]:
    """Those in the name tree, and those that only the document's list of associated files (AF) names."""
    from pypdf.generic import ArrayObject, DictionaryObject, EmbeddedFile

    known = set()
    for attachment in reader.attachment_list:
        known.add(id(attachment.pdf_object))
        yield attachment
    associated: Any = reader.root_object.get("/AF")
    associated = associated.get_object() if associated is not None else ()
    for entry in associated if isinstance(associated, ArrayObject) else ():
        specification = entry.get_object()
        if isinstance(specification, DictionaryObject) and id(specification) not in known:
            yield EmbeddedFile(str(specification.get("/F", "")), specification)


def _names(attachment: EmbeddedFile) -> Iterator[str]:
    """A file specification can name its file three times; Factur-X readers look at all of them."""
    yield attachment.name
    for key in ("/F", "/UF"):
        written = attachment.pdf_object.get(key)
        if written is not None:
            yield str(written)


def _hexadecimal(checksum: Any) -> str:
    """An MD5 as hexadecimal digits; some writers put the digits where the sixteen bytes belong.

    pypdf takes sixteen bytes that happen to be printable for a text, and keeps what they were.
    """
    raw = bytes(getattr(checksum, "original_bytes", b""))
    return raw.decode().lower() if re.fullmatch(rb"[0-9A-Fa-f]{32}", raw) else raw.hex()


def _xmp(reader: PdfReader) -> tuple[str | None, str | None]:
    """The profile and the part of PDF/A that the metadata claim; what cannot be read claims nothing."""
    metadata: Any = reader.root_object.get("/Metadata")
    stream = metadata.get_object() if metadata is not None else None
    if stream is None or not hasattr(stream, "get_data"):
        return None, None
    data = stream.get_data()
    if len(data) > _MOST_XMP:
        return None, None
    try:
        root = read_root(data.strip(b"\0 \r\n\t"))
    except NotADocument:
        return None, None
    said = dict(_said(root))
    level = next((value for name, value in said.items() if _LEVEL.fullmatch(name)), None)
    return level, said.get(_PDFA)


def _said(root: etree._Element) -> Iterator[tuple[str, str]]:
    """RDF says the same as an element or as an attribute."""
    for element in root.iter(etree.Element):
        yield from ((str(name), str(value).strip()) for name, value in element.items())
        if element.text and not len(element):
            yield str(element.tag), element.text.strip()
