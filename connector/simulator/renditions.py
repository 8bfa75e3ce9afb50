"""What a simulated platform makes of a document: another format, in name only, and a page to read. Pure."""

from __future__ import annotations

_NOTE = b"\n<!-- as converted by the simulator -->\n"


def converted(content: bytes) -> bytes:
    """A document that differs from the original and is still of its kind."""
    return content + (b"% as converted by the simulator\n" if content.startswith(b"%PDF-") else _NOTE)


def readable_view(*lines: str) -> bytes:
    """A PDF of one page with these lines on it (PDF 32000-1:2008 §7.5)."""
    shown = "".join(f"({_text(line)}) Tj T* " for line in lines)
    page = f"BT /F1 12 Tf 16 TL 72 770 Td {shown}ET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return file + head + table + trailer


def _text(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
