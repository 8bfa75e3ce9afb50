"""Large documents: a verdict in bounded memory, and the facts of lxml that the way of doing it rests on."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from connector.model import VerdictStatus
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice
from connector.validation import inspect
from connector.validation.schemas import Schemas

SCHEMAS = Schemas()
MIB = 1024 * 1024
MEASURE = """
import resource, sys
from pathlib import Path
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
seen = inspect_file(Path(sys.argv[1]), Schemas())
# ru_maxrss of a fork begins with its parent's; VmHWM is of this program alone
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(seen.verdict.status, seen.document and seen.document.lines, peak)
"""


def stretched(document: bytes, line_tag: bytes, size: int) -> tuple[bytes, int]:
    """The document with its first line repeated until it has this size, and the number of lines then."""
    start = document.index(b"<" + line_tag + b">")
    end = document.index(b"</" + line_tag + b">") + len(line_tag) + 3
    lines = document.count(b"<" + line_tag + b">")
    more = (size - len(document)) // (end - start) + 1
    return document[:end] + document[start:end] * more + document[end:], lines + more


def measured(file: Path) -> tuple[str, int, int]:
    """Verdict, lines, and peak memory in KiB, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)], capture_output=True, text=True, check=True, timeout=100
    )
    status, lines, peak = run.stdout.split()
    return status, int(lines), int(peak)


@pytest.mark.parametrize(
    ("document", "tag"),
    [(frr_report(transactions=2), b"Transactions"), (ubl_invoice(lines=2), b"cac:InvoiceLine")],
)
def test_memory_does_not_grow_with_a_large_document(tmp_path: Path, document: bytes, tag: bytes) -> None:
    peaks = []
    for size in (10 * MIB, 40 * MIB):
        file = tmp_path / f"{size}.xml"
        content, lines = stretched(document, tag, size)
        file.write_bytes(content)
        status, seen, peak = measured(file)
        assert (status, seen) == ("valid", lines)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 8 * 1024  # 30 MiB more of document, less than 8 MiB more of memory


def test_a_large_rejected_document_has_lines_up_to_a_size_and_none_beyond(tmp_path: Path) -> None:
    whole = frr_report(transactions=2).replace(b"<TransactionsCount>10<", b"<TransactionsCount>1 0<", 1)
    for size, line in ((9 * MIB, 17), (20 * MIB, None)):
        file = tmp_path / f"{size}.xml"
        file.write_bytes(stretched(whole, b"TaxSubtotal", size)[0])
        seen = inspect.inspect_file(file, SCHEMAS)
        assert seen.verdict.status is VerdictStatus.INVALID
        (problem,) = seen.verdict.problems
        assert (problem.code, problem.found, problem.line) == ("xsd-wrong-type", "1 0", line)
        assert seen.document is not None
        assert seen.document.number == "ER-2026-09-001"


def test_a_large_attachment_is_read_and_forgotten(tmp_path: Path) -> None:
    attachment = (
        b"<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>"
        b'<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="a.pdf">'
        + b"QUJD" * (5 * MIB)
        + b"</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
    whole = ubl_invoice().replace(b"<cac:AccountingSupplier", attachment + b"<cac:AccountingSupplier", 1)
    file = tmp_path / "large.xml"
    file.write_bytes(whole)
    seen = inspect.inspect_file(file, SCHEMAS)
    assert seen.verdict.status is VerdictStatus.VALID
    assert seen.document is not None
    assert seen.document.seller.name


def test_a_file_beyond_the_largest_size_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.xml"
    with file.open("wb") as out:
        out.write(b"<Report>")
        out.truncate(inspect.LARGEST + 1)  # sparse: it takes no room on the disk
    (problem,) = inspect.inspect_file(file, SCHEMAS).verdict.problems
    assert (problem.code, problem.found) == ("file-too-large", str(inspect.LARGEST + 1))


# ------------------------------------------------------------------ what lxml does, and we rely on or avoid
INVALID = frr_report().replace(b"<TypeCode>IN</TypeCode>", b"")


def test_lxml_a_parser_with_a_target_ignores_its_schema() -> None:
    """Why a target parser is never used for a verdict."""

    class Nothing:
        def start(self, *_: object) -> None: ...
        def end(self, *_: object) -> None: ...
        def data(self, *_: object) -> None: ...
        def comment(self, *_: object) -> None: ...
        def pi(self, *_: object) -> None: ...
        def close(self) -> str:
            return "accepted"

    parser = etree.XMLParser(target=Nothing(), schema=SCHEMAS.schema("frr-report"))
    assert etree.parse(io.BytesIO(INVALID), parser) == "accepted"


def test_lxml_a_stream_that_resolves_no_entities_takes_a_cut_document_for_whole() -> None:
    """Why the end of the root element is required, and `resolve_entities=False` not used with a schema."""
    cut = frr_report()[: frr_report().rindex(b"</TransactionsReport>")]
    events = etree.iterparse(
        io.BytesIO(cut), events=("end",), schema=SCHEMAS.schema("frr-report"), resolve_entities=False
    )
    seen = [element.tag for _, element in events]
    assert "Report" not in seen


def test_lxml_schema_errors_of_a_stream_come_at_the_end_and_have_no_line() -> None:
    """Why a rejected document is read a second time."""
    events = etree.iterparse(io.BytesIO(INVALID), events=("end",), schema=SCHEMAS.schema("frr-report"))
    seen: list[str] = []
    with pytest.raises(etree.XMLSyntaxError) as raised:
        seen.extend(element.tag for _, element in events)
    assert "Report" in seen
    assert raised.value.lineno == 0
