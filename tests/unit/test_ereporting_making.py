"""Reports built from tables: what they hold, what keeps one from being built, and how they are numbered."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.calendars import read_calendar
from connector.ereporting import INITIAL, RECTIFYING, Company, Kind, Made, Order, make, remarks
from connector.ereporting.naming import transmission_id
from connector.ereporting.report import Head, payments_report, sales_report
from connector.ereporting.rows import Payment, Sale
from connector.messages import LANGUAGES, Messages
from connector.model import Document, Job, Outcome, Party, Severity, VerdictStatus
from connector.periods import Period, read_period
from connector.samples.parties import SELLER
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
from tests.unit.test_crosscheck import told
from tests.unit.test_periods import declarant, period

CALENDAR = read_calendar()
COMPANY = Company(
    declarant=declarant("reel_normal_mensuel", siren=SELLER),
    name="Exemple & Fils <SAS>",
    platform="0123",
    platform_name="Plateforme Exemple",
)
DECADE, MONTH = period("2026-11-01", "2026-11-10"), period("2026-10-01", "2026-10-31")
SALES = "date;catégorie;montant HT;taux TVA;montant TVA;nombre\n"
PAYMENTS = "date;taux TVA;montant\n"
SCHEMAS = Schemas()


def made(
    table: str,
    kind: Kind = Kind.TRANSACTIONS,
    within: Period | None = None,
    jobs: list[Job] | None = None,
    **more: Any,
) -> Made:
    facts: dict[str, Any] = {
        "company": COMPANY,
        "kind": kind,
        "period": within or (DECADE if kind is Kind.TRANSACTIONS else MONTH),
        "type_code": INITIAL,
        "table": table.encode(),
        "now": datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        "calendar": CALENDAR,
        "jobs": jobs or [],
    }
    return make(Order(**(facts | more)))


def codes(found: Made) -> list[tuple[str, int | None, str | None]]:
    return [(p.code, p.line, p.where) for p in found.problems if p.severity is Severity.ERROR]


def seen(content: bytes, folder: Path, name: str = "") -> Document:
    """The report as a route sees it; it must break no rule."""
    path = folder / "report.xml"
    path.write_bytes(content)
    inspection = inspect_file(path, SCHEMAS, name=name, rules="error")
    assert inspection.verdict.status is VerdictStatus.VALID, inspection.verdict.problems
    assert inspection.verdict.problems == ()
    assert inspection.document is not None
    return inspection.document


# --------------------------------------------------------------------------- what a report holds
def test_sales_become_one_aggregate_a_day_currency_and_category_with_a_part_a_rate(tmp_path: Path) -> None:
    found = made(
        SALES
        + "02/11/2026;TLB1;100,00;20;20,00;3\n02/11/2026;tlb1;50,00;20;10,00;1\n"
        + "02/11/2026;TLB1;10;5,5;0,55;2\n"
        + "02/11/2026;TPS1;7;10;0,70;1\n01/11/2026;TLB1;-5;20;-1;1\n"
    )
    assert codes(found) == []
    document = seen(found.content, tmp_path, found.name)
    assert (document.report_kind, document.transactions, document.role) == ("10.3", 3, "SE")
    assert (document.total_without_vat, document.total_vat) == ("162.00", "30.25")
    assert (document.seller.siren, document.seller.name) == (SELLER, "Exemple & Fils <SAS>")
    assert (document.period_start, document.period_end) == ("2026-11-01", "2026-11-10")
    text = found.content.decode()
    assert text.index("20261101</Date>") < text.index("20261102</Date>")
    assert "<TaxableAmount>150.00</TaxableAmount><TaxTotal>30.00</TaxTotal>" in text
    assert "<TransactionsCount>6</TransactionsCount>" in text


def test_a_count_that_one_row_of_a_day_lacks_is_not_told(tmp_path: Path) -> None:
    found = made(SALES + "02/11/2026;TLB1;100;20;20;3\n02/11/2026;TLB1;50;20;10;\n03/11/2026;TLB1;5;20;1;4\n")
    assert found.content.count(b"<TransactionsCount>") == 1
    seen(found.content, tmp_path)


def test_sales_in_another_currency_carry_their_vat_in_euros(tmp_path: Path) -> None:
    head = "date;catégorie;devise;montant HT;taux TVA;montant TVA;montant TVA EUR\n"
    found = made(head + "02/11/2026;TLB1;USD;100;20;20;18,50\n02/11/2026;TLB1;EUR;100;20;20;\n")
    assert codes(found) == []
    assert b"<TaxTotal>18.50</TaxTotal>" in found.content
    seen(found.content, tmp_path)
    missing = made(head + "02/11/2026;TLB1;USD;100;20;20;\n")
    assert codes(missing) == [("csv-cell-empty", 2, "montant TVA EUR")]


def test_payments_become_one_aggregate_a_day_with_a_part_a_rate(tmp_path: Path) -> None:
    found = made(
        PAYMENTS + "02/10/2026;20;120\n02/10/2026;20;-20\n02/10/2026;10;11\n31/10/2026;20;60\n", Kind.PAYMENTS
    )
    document = seen(found.content, tmp_path, found.name)
    assert (document.report_kind, document.transactions, document.total_with_vat) == ("10.4", 2, "171.00")


def test_what_was_paid_back_in_full_is_not_reported(tmp_path: Path) -> None:
    found = made(PAYMENTS + "02/10/2026;20;120\n02/10/2026;20;-120\n03/10/2026;20;1\n", Kind.PAYMENTS)
    assert seen(found.content, tmp_path).transactions == 1
    nothing = made(PAYMENTS + "02/10/2026;20;120\n02/10/2026;20;-120\n", Kind.PAYMENTS)
    assert codes(nothing) == [("csv-no-rows", None, None)]


amounts = st.decimals(-9999, 9999, places=2)


def sale(**facts: Any) -> Sale:
    """A sale; in euros, its VAT in euros is its VAT."""
    return Sale(**(facts | ({"vat_in_euros": facts["vat"]} if facts["currency"] == "EUR" else {})))


sales = st.builds(
    sale,
    day=st.dates(DECADE.start, DECADE.end),
    category=st.sampled_from(["TLB1", "TPS1", "TNT1", "TMA1"]),
    currency=st.sampled_from(["EUR", "USD"]),
    rate=st.sampled_from([Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "0")]),
    net=amounts,
    vat=amounts,
    vat_in_euros=amounts,
    count=st.none() | st.integers(0, 999),
)
payments = st.builds(
    Payment,
    day=st.dates(MONTH.start, MONTH.end),
    rate=st.sampled_from([Decimal("20"), Decimal("5.5")]),
    amount=st.decimals(0, 9999, places=2).filter(bool),
)


def head(within: Period) -> Head:
    return Head(
        number="N-1",
        type_code=INITIAL,
        made_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        siren=SELLER,
        name="Exemple",
        platform="0123",
        platform_name="Plateforme",
        period=within,
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(sales, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_any_sales_make_a_valid_report_with_their_sum_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Sale], shuffler: random.Random
) -> None:
    content = sales_report(head(DECADE), rows)
    document = seen(content, tmp_path_factory.getbasetemp())
    assert document.transactions == len({(one.day, one.currency, one.category) for one in rows})
    if len({one.currency for one in rows}) == 1:
        assert Decimal(document.total_without_vat or "x") == sum(one.net for one in rows)
        assert Decimal(document.total_vat or "x") == sum(one.vat_in_euros for one in rows)
    shuffler.shuffle(rows)
    assert sales_report(head(DECADE), rows) == content


@settings(max_examples=25, deadline=None)
@given(st.lists(payments, min_size=1, max_size=40))
def test_any_payments_make_a_valid_report_with_their_sum(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Payment]
) -> None:
    document = seen(payments_report(head(MONTH), rows), tmp_path_factory.getbasetemp())
    assert Decimal(document.total_with_vat or "x") == sum(one.amount for one in rows)
    assert document.transactions == len({one.day for one in rows})


# --------------------------------------------------------------------------- what keeps one from being built
@pytest.mark.parametrize(
    ("row", "told_of"),
    [
        ("hier;TLB1;1;20;0,2;1", [("csv-date", 2, "date")]),
        ("11/11/2026;TLB1;1;20;0,2;1", [("csv-outside-period", 2, "date")]),
        ("02/11/2026;TLB9;1;20;0,2;1", [("csv-category", 2, "catégorie")]),
        ("02/11/2026;TLB1;x;20;0,2;1", [("csv-amount", 2, "montant HT")]),
        ("02/11/2026;TLB1;1;19;0,2;1", [("csv-rate", 2, "taux TVA")]),
        ("02/11/2026;TLB1;1;0,2;0,2;1", [("csv-rate", 2, "taux TVA")]),
        ("02/11/2026;TLB1;1;20;;1", [("csv-cell-empty", 2, "montant TVA")]),
        ("02/11/2026;TLB1;1;20;0,2;beaucoup", [("csv-count", 2, "nombre")]),
        ("x;TLB9;1;20;1;", [("csv-date", 2, "date"), ("csv-category", 2, "catégorie")]),
        ("", [("csv-no-rows", None, None)]),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_line_is_told_with_line_and_column(
    row: str, told_of: list[tuple[str, int | None, str | None]]
) -> None:
    found = made(f"{SALES}{row}\n")
    assert codes(found) == told_of
    assert found.content == b""


def test_one_wrong_line_among_good_ones_keeps_the_report_from_being_built() -> None:
    found = made(SALES + "02/11/2026;TLB1;1;20;0,2;1\n02/11/2026;TLB1;1;20;x;1\n03/11/2026;TLB1;1;20;0,2;1\n")
    assert codes(found) == [("csv-amount", 3, "montant TVA")]


def test_a_table_full_of_faults_is_not_told_of_without_end() -> None:
    found = made(SALES + "02/11/2026;TLB1;x;20;0,2;1\n" * 5000)
    assert 1000 <= len(found.problems) <= 1010
    assert found.problems[-1].code == "problems-truncated"
    assert found.content == b""


def test_vat_that_cannot_come_from_its_rate_is_told_but_goes() -> None:
    rows = ("TLB1;120;20;20;1", "TLB1;20;20;100;1", "TMA1;20;20;100;1")
    found = made(SALES + "".join(f"02/11/2026;{row}\n" for row in rows))
    assert [(p.code, p.line, p.expected) for p in found.problems] == [
        ("csv-vat-unlikely", 2, "24.00"),
        ("csv-vat-unlikely", 3, "4.00"),
    ]
    assert found.content


def test_a_day_with_more_paid_back_than_received_cannot_be_reported() -> None:
    found = made(PAYMENTS + "02/10/2026;20;10\n02/10/2026;20;-30\n", Kind.PAYMENTS)
    assert [(p.code, p.where, p.found) for p in found.problems] == [
        ("csv-payments-negative", "2026-10-02, 20 %", "-20.00")
    ]


@pytest.mark.parametrize(
    ("within", "code", "near"),
    [
        (
            "2026-10",
            "period-misaligned",
            "2026-10-01/2026-10-10, 2026-10-11/2026-10-20, 2026-10-21/2026-10-31",
        ),
        ("2026-11-D3", "period-not-ended", "2026-11-30"),
    ],
)
def test_a_period_that_is_not_the_companys_or_not_over_is_not_reported(
    within: str, code: str, near: str
) -> None:
    asked = read_period(within)
    assert asked is not None
    found = made(f"{SALES}{asked.start};TLB1;1;20;0,2;1\n", within=asked)
    assert [(p.code, p.expected) for p in found.problems] == [(code, near)]


def earlier(type_code: str = INITIAL, outcome: Outcome | None = Outcome.ACCEPTED, number: str = "ER1") -> Job:
    within: dict[str, Any] = {"period_start": "2026-11-01", "period_end": "2026-11-10"}
    return told(number, type_code, outcome=outcome, seller=Party(siren=SELLER), **within)


GOOD = SALES + "02/11/2026;TLB1;1;20;0,2;1\n"


def test_a_period_that_was_reported_is_only_reported_again_to_rectify_it() -> None:
    again = made(GOOD, jobs=[earlier()])
    assert [(p.code, p.found) for p in again.problems] == [("report-already-sent", earlier().id)]
    rectified = made(GOOD, jobs=[earlier()], type_code=RECTIFYING)
    assert rectified.problems == ()
    assert b"<TypeCode>RE</TypeCode>" in rectified.content


def test_a_report_that_was_refused_stands_in_nobodys_way() -> None:
    assert made(GOOD, jobs=[earlier(outcome=Outcome.REJECTED_BY_PLATFORM)]).problems == ()


def test_a_report_that_is_held_and_was_never_sent_stands_in_nobodys_way() -> None:
    held = earlier(outcome=Outcome.HELD)
    assert made(GOOD, jobs=[replace(held, attempts=0)]).problems == ()
    assert [p.code for p in made(GOOD, jobs=[held]).problems] == ["report-already-sent"]


def test_invoices_reported_one_by_one_do_not_stop_the_sales_but_a_rectification_tells_of_them() -> None:
    job = earlier()
    assert job.document is not None
    invoices = replace(job, document=replace(job.document, report_kind="10.1"))
    assert made(GOOD, jobs=[invoices]).problems == ()
    found = made(GOOD, jobs=[invoices, earlier(number="ER2")], type_code=RECTIFYING)
    assert [(p.code, p.severity, p.found) for p in found.problems] == [
        ("report-of-other-kind", Severity.WARNING, "ER1")
    ]


def test_to_rectify_what_nobody_reported_is_told() -> None:
    found = made(GOOD, type_code=RECTIFYING)
    assert [(p.code, p.severity) for p in found.problems] == [("report-without-initial", Severity.WARNING)]
    assert found.content


# --------------------------------------------------------------------------- numbers and names
def test_G8_05_the_number_follows_from_the_report_and_is_never_used_twice() -> None:
    first = made(GOOD)
    assert first.number == f"{SELLER}-T-SE-20261101-20261110-IN-001"
    assert first.name == f"{SELLER}_{first.number}_20261101_20261110.xml"
    assert made(GOOD).number == first.number
    refused = earlier(outcome=Outcome.REJECTED_BY_PLATFORM, number=first.number)
    assert made(GOOD, jobs=[refused]).number.endswith("-IN-002")
    assert made(GOOD, jobs=[refused], type_code=RECTIFYING).number.endswith("-RE-001")


@given(st.lists(st.integers(1, 5000), max_size=5), st.sampled_from(list(Kind)), st.sampled_from(["IN", "RE"]))
def test_a_number_is_new_and_keeps_to_its_letters_and_length(
    taken: list[int], kind: Kind, type_code: str
) -> None:
    stem = transmission_id(SELLER, DECADE, kind, type_code, [])[:-3]
    used = [*(f"{stem}{number:03d}" for number in taken), "ER1", f"{stem}9x"]
    number = transmission_id(SELLER, DECADE, kind, type_code, used)
    assert number not in used
    assert len(number) <= 50
    assert set(number) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def test_every_problem_of_a_table_is_explained_in_both_languages() -> None:
    rooms = (Path(__file__).parents[2] / "connector" / room for room in ("tabular", "ereporting"))
    source = "".join(path.read_text("utf-8") for room in rooms for path in room.glob("*.py"))
    found = {word for word in source.split('"') if word.startswith("csv-")}
    assert {"csv-empty", "csv-amount", "csv-payments-negative"} < found
    for language in LANGUAGES:
        for code in found:
            entry = Messages(language).entry(code)
            assert not entry.is_general
            assert entry.title
            assert entry.action


# --------------------------------------------------------------------------- what the route will say
def remarked(jobs: list[Job], type_code: str, today: str, **more: Any) -> list[tuple[str, Severity]]:
    order = Order(
        company=COMPANY,
        kind=Kind.TRANSACTIONS,
        period=DECADE,
        type_code=type_code,
        table=b"",
        now=datetime.fromisoformat(f"{today}T09:30:00+01:00"),
        calendar=CALENDAR,
        jobs=jobs,
    )
    new = earlier(type_code, number="ER2")
    assert new.document is not None
    document = replace(new.document, issue_date=today, **more)
    return [(p.code, p.severity) for p in remarks(order, replace(new, sha256=None, document=document))]


def test_a_rectifying_report_that_will_be_held_is_told_when_it_is_built() -> None:
    less = remarked([earlier()], RECTIFYING, "2026-11-22", transactions=29)
    assert less == [("report-carries-less", Severity.WARNING)]
    assert remarked([earlier()], RECTIFYING, "2026-11-22", transactions=31) == []


def test_a_report_that_is_late_is_told_when_it_is_built() -> None:
    assert remarked([], INITIAL, "2026-11-20") == []
    assert remarked([], INITIAL, "2026-11-21") == [("report-late", Severity.WARNING)]
