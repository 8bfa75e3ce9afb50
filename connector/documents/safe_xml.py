"""Reading XML that anybody may have written: no entity, no network, no DOCTYPE, and a name for each fault.

Everything is read from memory or from a file object, never by libxml2 from a path: lxml raises `OSError` for
bytes that do not fit the declared encoding when it opens the file itself, which looks like a broken disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, BinaryIO
from xml.parsers import expat

from lxml import etree

from connector.documents.recognise import BOMS, NotADocument, RootName
from connector.model import Problem

_NO_MEMORY = 2
_RESOURCE_LIMIT = 114
_ENCODING_CODES = frozenset({31, 32, 79, 81, 6000, 6001, 6002, 6003, 6004})
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_AS_BYTES = re.compile(r"^line [0-9]+: b'(.*)'$")  # how iterparse words what the other parsers say plainly
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})  # ASCII bytes are UTF-8 bytes


class Unnamed:
    """A file object that does not tell its name, which lxml would try to decode."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read


def parser() -> etree.XMLParser:
    """A parser that resolves nothing and fetches nothing.

    `huge_tree` lifts libxml2's limit of 10 MB for one text (a real invoice may carry a larger attachment);
    the caller caps the size of the file. Nesting stays limited to 2,048 and entity amplification too.
    Blanks between elements say nothing to anybody and are dropped, which saves a tenth of the time; those
    that are all that an element holds stay.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,
        remove_blank_text=True,
        # A comment inside a value would cut it in two: FA<!-- -->1 is the number FA1 to everybody else.
        remove_comments=True,
        remove_pis=True,
    )


# One for all: making one costs a tenth of what reading an invoice does. lxml lets one thread in at a time.
_PARSER = parser()


def read_root(data: bytes) -> etree._Element:
    """Parse a whole document.

    Raises:
        NotADocument: not well formed, cut off, wrong encoding, too deep, or with a DOCTYPE.
        MemoryError: the parser had not enough.
    """
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise name_fault(error, data[:4096], data[-4:], [data]) from None
    _refuse_doctype(root)
    return root


def read_head(file: BinaryIO) -> etree._Element:
    """The root element of a document as far as its start tag, without reading the rest.

    Raises: as `read_root`.
    """
    start = file.tell()
    try:
        events = etree.iterparse(
            Unnamed(file), events=("start",), resolve_entities=False, load_dtd=False, huge_tree=True
        )
        root: etree._Element = next(iter(events))[1]
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise fault_in_file(error, file, start) from None
    _refuse_doctype(root)
    return root


def fault_in_file(error: Exception, file: BinaryIO, start: int = 0) -> NotADocument:
    """`name_fault` for a document that is in a file; reads it once more, in pieces."""
    file.seek(start)
    head = file.read(4096)
    file.seek(0, 2)
    file.seek(max(start, file.tell() - 4))
    tail = file.read(4)
    file.seek(start)
    return name_fault(error, head, tail, iter(lambda: file.read(1 << 16), b""))


def name_fault(error: Exception, head: bytes, tail: bytes, pieces: Iterable[bytes]) -> NotADocument:
    """What is wrong with a document that libxml2 could not read.

    Args:
        error: what lxml raised.
        head: the first bytes.
        tail: the last bytes.
        pieces: all of them.
    Raises:
        MemoryError: it was not the document's fault.
    """
    number = getattr(error, "code", None)
    line = getattr(error, "lineno", None) or None
    words = " ".join(str(getattr(error, "msg", error)).split())
    words = _AS_BYTES.sub(r"\1", words)
    if number == _NO_MEMORY:
        raise MemoryError(words)

    def fault(code: str, *, incomplete: bool = False, found: str | None = None) -> NotADocument:
        problem = Problem(code=code, source="xml", line=line, message=words, found=found)
        return NotADocument(problem, incomplete=incomplete)

    if number == _RESOURCE_LIMIT and "depth" in words:
        return fault("xml-too-deep")
    if stops_in_nuls(head, tail):
        return fault("xml-incomplete", incomplete=True)
    look = _SecondLook(pieces)
    if look.doctype:
        return fault("xml-doctype")
    if look.cut:
        return fault("xml-incomplete", incomplete=True)
    declared = declared_encoding(head)
    if number in _ENCODING_CODES or "UTF-8" in words or (declared or "").lower().startswith("utf-16"):
        return fault("xml-encoding", found=declared or "UTF-8")
    return fault("xml-not-well-formed")


def stops_in_nuls(head: bytes, tail: bytes) -> bool:
    """Whether the file ends in NUL bytes: its size was set first, its end is not written yet (A04)."""
    wide = head.startswith(BOMS[1:]) or b"\0" in head[:4]  # UTF-16 and UTF-32 end in up to three NULs
    return tail.endswith(b"\0\0\0\0" if wide else b"\0")


def declared_encoding(head: bytes) -> str | None:
    """The encoding that the XML declaration names; None without one, or when it cannot be read as ASCII."""
    found = _DECLARED.match(head.removeprefix(BOMS[0]))
    return found.group(1).decode() if found else None


def not_utf8(root: etree._Element) -> str | None:
    """The encoding of a parsed document when it is not UTF-8."""
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    return None if encoding.lower() in _UTF8 else encoding


def name_of(element: etree._Element) -> RootName:
    """Namespace and local name of an element."""
    namespace, _, local = element.tag.rpartition("}")
    return namespace[1:] or None, local


def _refuse_doctype(root: etree._Element) -> None:
    # A DOCTYPE is where every XML attack starts, and the validator fails on the entity nodes it leaves.
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotADocument(Problem(code="xml-doctype", source="xml", line=1))


class _DoctypeSeen(Exception):
    pass


class _SecondLook:
    """Reads a refused document once more with expat, which tells "wrong" from "not all there".

    libxml2 reports a cut file under a dozen codes. expat raises for what can never become well formed as
    soon as it sees it, and only at the end for what could have gone on.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.doctype = False
        self.cut = False
        self._read(pieces)

    def _read(self, pieces: Iterable[bytes]) -> None:
        reader = expat.ParserCreate()
        reader.StartDoctypeDeclHandler = self._refuse
        try:
            for piece in pieces:
                reader.Parse(piece, False)
        except _DoctypeSeen:
            self.doctype = True
            return
        except (expat.ExpatError, ValueError, LookupError):
            return  # wrong for good, or in an encoding that expat cannot read
        try:
            reader.Parse(b"", True)
        except expat.ExpatError:
            self.cut = True

    def _refuse(self, *_: Any) -> None:
        raise _DoctypeSeen
