"""Rows of reports about what came from the platform of itself: statuses, and documents of suppliers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import zip_longest

from connector.incoming import Delivery
from connector.messages import Messages
from connector.model import Announced, Document
from connector.outbox import formats
from connector.outbox.case import shown_name
from connector.outbox.layout import clean
from connector.outbox.received import asks, label_of
from connector.outbox.status import InShort, facts_of, in_short
from connector.reports import Arrival, DayReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A status that came on a day and asked for something."""

    arrival: Arrival
    short: InShort


class ArrivalRows:
    """The rows of one route, in the columns of its reports.

    Args:
        zone: of the times that are told.
        inbox: name of the folder to drop into.
        errors: name of the folder of errors.
    """

    def __init__(self, messages: Messages, zone: tzinfo, inbox: str, errors: str) -> None:
        self._messages, self._zone = messages, zone
        self._inbox, self._errors = inbox, errors

    def asking(self, report: DayReport) -> list[Asking]:
        """The statuses of a day that asked for something, in order."""
        return [
            Asking(arrival=arrival, short=self._short(arrival))
            for arrival in report.arrivals
            if asks(arrival.delivery, arrival.job)
        ]

    def announced(self, arrival: Arrival) -> str:
        """What came, in a few words."""
        said = arrival.delivery.status
        if said is None:
            return self._text("what.document")
        return self._text("what.status", label=label_of(said, self._messages), code=said.code or "?")

    def named(self, asking: Asking) -> str:
        """What a status is about, in a few words."""
        _, file, noun, number = self._source(asking.arrival, asking.short.document)
        return f"{noun.capitalize()} {clean(number or file, 200)}"

    # ------------------------------------------------------------------ rows
    def summary(self, arrival: Arrival) -> Iterator[str]:
        """A row of the table of all that a day brought about."""
        delivery, document = arrival.delivery, self._about(arrival)
        yield from self._source(arrival, document)
        yield from self.business(document)
        yield self.announced(arrival)
        yield _reasons(delivery)
        yield delivery.flow_id
        yield _reference(arrival)

    def contested(self, asking: Asking) -> Iterator[list[str]]:
        """A row of the table of what somebody had to see to, for each reason of a status."""
        arrival, short = asking.arrival, asking.short
        said = arrival.delivery.status or Announced()
        head = [*self._source(arrival, short.document), short.document.buyer.name or ""]
        tail = [short.action, short.same_number, _reference(arrival)]
        codes = [reason.code or "" for reason in said.reasons]
        for code, motive in zip_longest(codes, short.motives, fillvalue=""):
            yield [*head, self.announced(arrival), code, motive, "", "", *tail]

    def contested_row(self, asking: Asking) -> dict[str, str]:
        """A row of the same table on a page."""
        arrival, short = asking.arrival, asking.short
        return {
            "subject": self.named(asking),
            "file": clean(self._source(arrival, short.document)[1], 200),
            "when": formats.day_of(arrival.at.astimezone(self._zone), self._messages.language),
            "what": self.announced(arrival),
            "motive": " ".join(short.motives[:3]),
            "action": short.action,
        }

    def exchange(self, number: int, arrival: Arrival) -> Iterator[str]:
        """A row of the list of exchanges."""
        delivery = arrival.delivery
        yield str(number)
        yield self.moment(arrival.at)
        yield self._text("way.in")
        yield self.announced(arrival)
        yield from self._source(arrival, self._about(arrival))[1:]
        yield delivery.sha256 or ""
        yield ""  # it came, and was not attempted
        yield delivery.tracking_id or ""
        yield delivery.flow_id
        yield _reasons(delivery)
        yield str(arrival.seq)
        yield arrival.hash
        yield _reference(arrival)

    # ------------------------------------------------------------------ cells
    def business(self, document: Document | None) -> Iterator[str]:
        """Date, seller, buyer, amounts and currency of a document."""
        issued = document.issue_date if document else None
        yield formats.day(issued, self._messages.language) if issued else ""
        yield (document.seller.siren or "") if document else ""
        yield (document.buyer.name or "") if document else ""
        yield self._amount(document.total_without_vat if document else None)
        yield self._amount(document.total_with_vat if document else None)
        yield (document.currency or "") if document else ""

    def moment(self, at: datetime) -> str:
        """Day and time, to the second."""
        local = at.astimezone(self._zone)
        return f"{formats.day_of(local, self._messages.language)} {local:%H:%M:%S}"

    def _short(self, arrival: Arrival) -> InShort:
        facts = facts_of(arrival.delivery, arrival.delivery.status or Announced())
        return in_short(facts, arrival.job, self._messages, inbox=self._inbox, errors_folder=self._errors)

    def _about(self, arrival: Arrival) -> Document | None:
        """The document that came, or that a status is about."""
        delivery = arrival.delivery
        return self._short(arrival).document if delivery.status else delivery.document

    def _source(self, arrival: Arrival, document: Document | None) -> tuple[str, str, str, str]:
        """(time, file, noun, number): the file is what the document was dropped as, if it was."""
        return (
            f"{arrival.at.astimezone(self._zone):%H:%M:%S}",
            shown_name(arrival.job) if arrival.job else arrival.delivery.name,
            self._messages.words(document)["noun"],
            (document.number or "") if document else "",
        )

    def _amount(self, written: str | None) -> str:
        if written is None or not formats.is_amount(written):
            return clean(written or "", 40)
        return written.replace(".", ",") if self._messages.language == "fr" else written

    def _text(self, key: str, **params: object) -> str:
        return self._messages.text(f"report.{key}", **params)


def _reasons(delivery: Delivery) -> str:
    return ", ".join(reason.code for reason in (delivery.status or Announced()).reasons if reason.code)


def _reference(arrival: Arrival) -> str:
    return arrival.job.id if arrival.job else arrival.delivery.id
