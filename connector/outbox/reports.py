"""The report of a day as files: three tables for a spreadsheet, and a page.

French tables are what Excel opens by a double click on a French machine: UTF-8 with BOM, semicolons, decimal
commas, CRLF. The same report gives the same bytes at any time.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from connector.board import day_of
from connector.cells import neutral
from connector.messages import Language, Messages
from connector.model import FINE, Job, Outcome, Problem
from connector.outbox import formats
from connector.outbox.arrivals import ArrivalRows
from connector.outbox.board import counted
from connector.outbox.case import Case, case_of, result_of, shown_name, what_next, which_number
from connector.outbox.chart import Chart, chart_of
from connector.outbox.layout import clean
from connector.outbox.pages import page
from connector.outbox.points import Point, entry_of, found_of, place_of
from connector.outbox.scribe import FOLDERS
from connector.reports import Arrival, DayReport, Entry, Line
from connector.settings import Route

FOLDER: dict[Language, str] = {"fr": "rapports", "en": "reports"}
_NAMES: dict[Language, tuple[str, str, str]] = {
    "fr": ("synthese", "rejets", "liste_recapitulative"),
    "en": ("summary", "rejections", "exchanges"),
}
_ANSWERS = {Outcome.ACCEPTED, Outcome.INADMISSIBLE, Outcome.REJECTED_BY_PLATFORM, Outcome.REFUSED_BY_BUYER}
_FINE = FINE | {Outcome.CANCELLED}
_MOST_ROWS = 200  # of a page; the tables hold all
_SUMMARY = ("time", "file", "kind", "number", "date", "seller", "buyer", "net", "gross", "currency", "result",
            "reasons", "flow", "job")  # fmt: skip
_REJECTIONS = ("time", "file", "kind", "number", "buyer", "result", "code", "reason", "where", "found",
               "action", "same_number", "job")  # fmt: skip
_EXCHANGES = ("n", "moment", "way", "what", "file", "kind", "number", "sha256", "attempt", "tracking", "flow",
              "reasons", "event", "hash", "job")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One result that was told on a day, as it was then."""

    entry: Entry
    case: Case


class ReportPages:
    """Writes the reports of one route.

    Args:
        language: of words and forms; names follow the route's `folder_language` where it is set.
        timezone: name of the zone of the times that are told.
    """

    def __init__(self, route: Route, language: Language, timezone: str) -> None:
        self._route, self._messages = route, Messages(language)
        self._zone = ZoneInfo(timezone)
        self._names = _NAMES[route.folder_language or language]
        self._errors = FOLDERS[route.folder_language or language].errors
        self._came = ArrivalRows(self._messages, self._zone, route.inbox_dir.name, self._errors)

    def daily(self, report: DayReport) -> Iterator[tuple[str, bytes]]:
        """(file name, content) of each file of a day's report."""
        told, late = [self._told(entry) for entry in report.told], self._came.asking(report)
        day, (summary, rejections, exchanges) = report.span.day.isoformat(), self._names
        came = (self._came.summary(arrival) for arrival in report.arrivals)
        yield f"{day}_{summary}.csv", self._table(_SUMMARY, [*map(self._summary, told), *came])
        rejected = [row for one in told for row in self._rejected(one)]
        rejected += [row for one in late for row in self._came.contested(one)]
        yield f"{day}_{rejections}.csv", self._table(_REJECTIONS, rejected)
        yield f"{day}_{exchanges}.csv", self._table(_EXCHANGES, map(self._exchange, report.exchanges))
        hours = range(24)
        chart = self._chart((f"{hour:02}", f"{hour:02} h", self._in(told, hour)) for hour in hours)
        yield f"{day}_{summary}.html", self._page([report], self._day(report.span.day), told, chart)

    def monthly(self, month: str, reports: Sequence[DayReport]) -> tuple[str, bytes]:
        """(file name, content) of the page of a month.

        Args:
            month: YYYY-MM.
            reports: of its days, in order, at least one; days without events have none.
        """
        days = {report.span.day: [self._told(entry) for entry in report.told] for report in reports}
        chart = self._chart((f"{day:%d}", self._day(day), told) for day, told in days.items())
        everything = [one for told in days.values() for one in told]
        return f"{month}_{self._names[0]}.html", self._page(reports, month, everything, chart)

    def digest(self, report: DayReport) -> tuple[str, str]:
        """(subject, text) of the message that tells of a day."""
        told = [self._told(entry) for entry in report.told]
        left = [
            f"- {self._subject(one.case)} : {self._result(one.case)}"
            for one in told
            if one.case.outcome not in _FINE
        ]
        left += [
            f"- {self._came.named(one)} : {self._came.announced(one.arrival)}"
            for one in self._came.asking(report)
        ]
        sent = sum(one.case.outcome is Outcome.ACCEPTED for one in told)
        subject = self._text(
            "mail.subject", route=report.route, day=self._day(report.span.day), left=len(left), sent=sent
        )
        lines = [self._text("mail.sent", n=sent), self._text("mail.left", n=len(left)), ""]
        lines += left[:20]
        if len(left) > 20:
            lines.append(self._text("mail.more", n=len(left) - 20))
        lines += ["", self._text("mail.where", board=str(self._route.root))]
        return subject, "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ rows
    def _summary(self, told: Told) -> Iterator[str]:
        job, case = told.case.job, told.case
        yield from self._who(told)
        yield from self._came.business(job.document)
        yield self._result(case)
        yield ", ".join(case.codes)
        yield (job.flow_id or "") if told.entry.kind != "held" else ""
        yield job.id

    def _rejected(self, told: Told) -> Iterator[list[str]]:
        """One row for each thing that is wrong with a document that somebody had to see to."""
        case = told.case
        if case.outcome in _FINE:
            return
        job = case.job
        buyer = (job.document.buyer.name or "") if job.document else ""
        head = [*self._who(told), buyer, self._result(case)]
        tail = [which_number(case, self._messages) or "", job.id]
        errors = [point for point in case.points if point.is_error]
        for point in errors:
            yield [*head, *self._point(case, point), *tail]
        if not errors:
            yield [*head, "", "", "", "", what_next(case, self._messages), *tail]

    def _point(self, case: Case, point: Point) -> Iterator[str]:
        entry = entry_of(point.first, case.job.document, self._messages)
        yield point.first.code
        yield entry.title
        yield place_of(point, self._messages) or ""
        yield found_of(point, self._messages) or ""
        yield entry.action or what_next(case, self._messages)

    def _exchange(self, line: Line) -> Iterator[str]:
        entry = line.entry
        if isinstance(entry, Arrival):
            yield from self._came.exchange(line.number, entry)
            return
        facts, document = entry.facts, entry.job.document
        outcome = facts.get("outcome")
        answer = entry.kind == "received" or (outcome in _ANSWERS)
        way = "out" if entry.kind == "sending" else "in" if answer else "inside"
        yield str(line.number)
        yield self._came.moment(entry.at)
        yield self._text(f"way.{way}")
        yield (
            self._messages.label(f"outcome.{outcome}", "label", **self._messages.words(document))
            if outcome
            else self._text(f"what.{entry.kind}")
        )
        yield shown_name(entry.job)
        yield self._messages.words(document)["noun"]
        yield (document.number or "") if document else ""
        yield entry.job.sha256 or ""
        yield str(facts.get("attempt", ""))
        yield str(facts.get("tracking_id", ""))
        yield str(facts.get("flow_id", ""))
        yield str(facts.get("problems", "")).replace(",", ", ")
        yield str(entry.seq)
        yield entry.hash
        yield entry.job.id

    def _who(self, told: Told) -> Iterator[str]:
        job = told.case.job
        yield f"{told.entry.at.astimezone(self._zone):%H:%M:%S}"
        yield shown_name(job)
        yield self._messages.words(job.document)["noun"]
        yield (job.document.number or "") if job.document else ""

    def _told(self, entry: Entry) -> Told:
        """The result as it was told. A hold may have been ended since: of it the codes are in the history."""
        job = replace(entry.job, outcome=Outcome(entry.facts["outcome"]))
        if entry.kind == "held":
            codes = str(entry.facts.get("problems", "")).split(",")
            job = replace(job, problems=tuple(Problem(code=code) for code in codes if code), twin=None)
        case = case_of(
            job,
            None,
            environment="",
            zone=self._zone,
            inbox=self._route.inbox_dir.name,
            errors_folder=self._errors,
        )
        return Told(entry=entry, case=case)

    # ------------------------------------------------------------------ forms
    def _table(self, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> bytes:
        sink = io.StringIO()
        french = self._messages.language == "fr"
        writer = csv.writer(sink, delimiter=";" if french else ",", lineterminator="\r\n")
        writer.writerow([self._text(f"column.{column}") for column in columns])
        for row in rows:
            writer.writerow([neutral(clean(cell, 1000)) for cell in row])
        return ("\ufeff" + sink.getvalue()).encode("utf-8", "replace")

    def _page(self, reports: Sequence[DayReport], when: str, told: Sequence[Told], chart: Chart) -> bytes:
        counts = Counter(one.case.outcome for one in told)
        figures = day_of(date.min, {str(outcome): n for outcome, n in counts.items()})
        rows = [self._row(one) for one in told if one.case.outcome not in _FINE]
        rows += [self._came.contested_row(one) for report in reports for one in self._came.asking(report)]
        left = len(rows) - _MOST_ROWS
        return page(
            "report.html",
            language=self._messages.language,
            title=self._text("title", route=self._route.name, when=when),
            badge=self._messages.text("board.badge") if reports[0].environment != "production" else "",
            cards=[
                {"tone": "calm", "label": self._text("card.sent"), "figure": figures.sent},
                {"tone": "alert" if figures.refused else "good", "label": self._text("card.refused"),
                 "figure": figures.refused},
                {"tone": "calm", "label": self._text("card.others"), "figure": figures.others},
                {"tone": "calm", "label": self._text("card.received"),
                 "figure": sum(len(report.arrivals) for report in reports)},
            ],
            rows=rows[:_MOST_ROWS],
            more=self._text("more", n=left) if left > 0 else "",
            chart=chart,
            chart_words={
                key: self._messages.text(f"board.chart.{key}")
                for key in ("title", "sent", "refused", "others", "table", "day")
            },
            words={key: self._text(f"words.{key}") for key in ("rejected", "none", "chart", "foot")}
            | {key: self._messages.text(f"board.words.{key}") for key in ("document", "motive", "action")},
        )  # fmt: skip

    def _row(self, told: Told) -> dict[str, str]:
        case = told.case
        errors = [
            entry_of(point.first, case.job.document, self._messages).title
            for point in case.points
            if point.is_error
        ]
        return {
            "subject": self._subject(case),
            "file": shown_name(case.job),
            "when": f"{formats.day_of(told.entry.at.astimezone(self._zone), self._messages.language)}",
            "what": self._result(case),
            "motive": " ".join(errors[:3]),
            "action": what_next(case, self._messages),
        }

    def _chart(self, counts: Iterable[tuple[str, str, Sequence[Told]]]) -> Chart:
        bars = []
        for label, name, told in counts:
            ends = Counter(str(one.case.outcome) for one in told)
            day = day_of(date.min, ends)
            bars.append(counted(self._messages, label, name, day.sent, day.refused, day.others))
        return chart_of(bars)

    def _in(self, told: Sequence[Told], hour: int) -> list[Told]:
        return [one for one in told if one.entry.at.astimezone(self._zone).hour == hour]

    def _subject(self, case: Case) -> str:
        document: Job = case.job
        noun = self._messages.words(document.document)["noun"].capitalize()
        number = document.document.number if document.document else None
        return f"{noun} {clean(number, 40)}" if number else f"{noun} {shown_name(document)}"

    def _result(self, case: Case) -> str:
        return result_of(case.job, self._messages)

    def _day(self, day: date) -> str:
        return formats.day(day.isoformat(), self._messages.language)

    def _text(self, key: str, **params: object) -> str:
        return self._messages.text(f"report.{key}", **params)
