"""All rules of flux 10 over one report: its lines while they stream by, then the rest.

The official check of the administration (Schematron "PPF Flux10 v1.0") needs the whole report in memory and
seconds a megabyte. These rules need one line at a time; tests hold them to the same answers.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree

from connector.documents.lines import words_of
from connector.documents.summary import READERS
from connector.model import Problem, Severity
from connector.validation.flux10.findings import Finding, Findings, Place
from connector.validation.flux10.reading import Reader
from connector.validation.flux10.tables import tables
from connector.validation.flux10.words import Group
from connector.validation.xsd import cut

KIND = "frr-report"  # entry of schemas/catalogue.toml
LINES = ("Invoice", "Transactions")
FRANCE = ZoneInfo("Europe/Paris")


def rules_for(kind: str, level: str) -> ReportRules | None:
    """The rules for a document of this kind on a route of this level; None when there are none.

    Args:
        kind: entry of the catalogue.
        level: how business rules count: "off", "warn" or "error".
    """
    if kind != KIND or level == "off":
        return None
    return ReportRules(datetime.now(FRANCE).date(), Severity.ERROR if level == "error" else Severity.WARNING)


class ReportRules:
    """The rules over one report. Show it every line, in order, then the rest.

    Args:
        today: date in France.
        most_severe: WARNING when rules only warn on this route.
        stamp: how the rules on what the platform writes itself count; None: as the tables say.
    """

    def __init__(
        self, today: date, most_severe: Severity = Severity.ERROR, stamp: Severity | None = None
    ) -> None:
        self._tables = tables(today, stamp)
        self._findings = Findings(most_severe)
        self._reader = Reader(self._tables, self._findings, self._position)
        self._invoice = self._tables.root.at("TransactionsReport/Invoice")
        self._seen: Counter[str] = Counter()
        self._invoices: set[int] = set()
        self._line: etree._Element | None = None

    @property
    def title(self) -> str:
        """What a verdict names these rules."""
        return self._tables.title

    def line(self, element: etree._Element) -> None:
        """Judge one line: an `Invoice` or a `Transactions` in its place, whole."""
        parent = element.getparent()
        report = self._tables.root.below.get(str(parent.tag)) if parent is not None else None
        shape = report.below.get(str(element.tag)) if report is not None else None
        if report is None or shape is None:
            return  # the schema says what is wrong with it
        self._seen[str(element.tag)] += 1
        self._line = element
        group = self._reader.read(element, shape)
        if shape is self._invoice:
            self._told_once(group, element)

    def rest(self, root: etree._Element) -> list[Problem]:
        """Judge what is not a line, and give all that was found.

        Args:
            root: `/Report`; lines that are still in it are passed by.
        """
        self._line = None
        self._reader.read(root, self._tables.root, skip=LINES)
        return self._findings.problems()

    def whole(self, root: etree._Element) -> list[Problem]:
        """`line` for all lines of a tree, then `rest`."""
        for report in root:
            for element in report:
                if element.tag in LINES:
                    self.line(element)
        return self.rest(root)

    def _position(self, node: etree._Element) -> tuple[int, str | None] | None:
        if node is not self._line:
            return None
        return self._seen[str(node.tag)], words_of(node, READERS[KIND])[0]

    def _told_once(self, invoice: Group, element: etree._Element) -> None:
        """G1.42: number, year and seller are those of one invoice only.

        Of each invoice 64 bits are kept: that two of a million different ones are taken for the same has a
        chance of one in thirty million, for some 80 bytes an invoice.
        """
        number, year = invoice.first("ID"), (invoice.first("IssueDate") or "")[:4]
        identity = hash((number, year, invoice.first("Seller/CompanyId")))
        if identity not in self._invoices:
            self._invoices.add(identity)
            return
        place = self._invoice.at("ID")
        finding = Finding(
            rule="G1.42",
            severity=Severity.ERROR,
            kind=place.path,
            term=place.term,
            found=cut(number),
            expected=None,
        )
        where = f"/Report/TransactionsReport/Invoice[{self._seen['Invoice']}]/ID"
        self._findings.add(finding, lambda: Place(where, cast("int | None", element.sourceline), cut(number)))
