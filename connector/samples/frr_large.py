"""E-reporting transmissions as large as one likes, written without being held in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connector.samples.frr import payments_report, transactions_report

KINDS: dict[str, tuple[Callable[[int], bytes], bytes]] = {
    "10.1": (lambda count: transactions_report(invoices=count), b"Invoice"),
    "10.2": (lambda count: payments_report(invoices=count), b"Invoice"),
    "10.3": (lambda count: transactions_report(transactions=count), b"Transactions"),
    "10.4": (lambda count: payments_report(transactions=count), b"Transactions"),
}
AT_ONCE = 1000


def write_report(file: Path, kind: str, size: int) -> None:
    """A valid report of at least this size in bytes, written in pieces; every invoice has its own number."""
    make, tag = KINDS[kind]
    start, end = b"<" + tag + b">", b"</" + tag + b">\n"
    whole = make(AT_ONCE)
    first, last = whole.index(start), whole.rindex(end) + len(end)
    lines = whole[first:last]
    with file.open("wb") as out:
        out.write(whole[:first])
        piece = 0
        while out.tell() < size:
            out.write(lines.replace(b"FX-202609-", b"FX-%06d-" % piece))
            piece += 1
        out.write(whole[last:])
