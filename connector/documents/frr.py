"""The business summary of an e-reporting transmission (flux 10, "FRR"; DGFiP/AIFE v3.2)."""

from __future__ import annotations

from lxml import etree

from connector.documents.reading import date, siren, text, walk
from connector.model import Document, Family, Party, Syntax


def summarise(kind: str, root: etree._Element, lines: int) -> Document:
    """What people recognise the transmission by; a field that is missing is None."""
    head = walk(root, "ReportDocument")
    issuer = walk(head, "Issuer")
    body = walk(root, "TransactionsReport")
    if body is None:
        body = walk(root, "PaymentsReport")
    period = walk(body, "ReportPeriod")
    return Document(
        family=Family.EREPORTING,
        syntax=Syntax.FRR,
        kind=kind,
        profile=text(body, "Invoice", "BusinessProcess", "TypeID"),
        number=text(head, "Id"),
        issue_date=date(text(head, "IssueDateTime", "DateTimeString")),
        type_code=text(head, "TypeCode"),
        seller=Party(siren=siren(text(issuer, "Id")), name=text(issuer, "Name")),
        lines=lines,
        period_start=date(text(period, "StartDate")),
        period_end=date(text(period, "EndDate")),
    )
