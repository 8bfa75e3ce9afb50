"""Jobs of every shape, with the worst words a file, a name or a platform can bring. For hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from connector import explanations
from connector.model import (
    Document,
    Family,
    Job,
    Outcome,
    Party,
    Problem,
    Reference,
    Seal,
    Severity,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)

_NASTY = st.sampled_from(
    ["\x1b[2J", "a\r\nb", "\u202egnp.xml", "{the}", "", " ", "日本" * 60, "\ud800", "=1+1", "\x00"]
)
words = st.one_of(_NASTY, st.text(st.characters(), max_size=100))
maybe = st.none() | words
moments = st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds must be naive
codes = st.one_of(
    st.sampled_from(sorted([*explanations.codes(), "BR-S-08", "BR-FR-12_BT-49", "UBL-CR-001", "BR-99"])),
    words,
)
paths = st.one_of(
    st.none(),
    words,
    st.sampled_from(
        ["/Invoice/InvoiceLine[2]/ID", "/Report/TransactionsReport/Invoice[9]/ID", "/", "//[1]", "/Invoice"]
    ),
)

problems = st.builds(
    Problem,
    code=codes,
    severity=st.sampled_from(Severity),
    source=st.sampled_from(["connector", "xml", "xsd", "rules", "platform"]),
    where=paths,
    line=st.none() | st.integers(1, 10**6),
    term=st.none() | st.sampled_from(["BT-112", "BT-9999"]) | words,
    found=maybe,
    expected=maybe,
    message=maybe,
    occurrences=st.integers(1, 1000),
)
parties = st.builds(Party, siren=maybe, siret=maybe, vat=maybe, name=maybe)
documents = st.builds(
    Document,
    family=st.sampled_from(Family),
    syntax=st.sampled_from(Syntax),
    kind=st.sampled_from(["ubl-invoice", "ubl-creditnote", "cii-invoice", "frr-report"]),
    profile=maybe,
    number=maybe,
    issue_date=maybe | st.just("2026-11-21"),
    type_code=maybe | st.just("381"),
    seller=parties,
    buyer=parties,
    currency=maybe,
    total_without_vat=maybe | st.just("1000.00"),
    total_vat=maybe,
    total_with_vat=maybe | st.just("1200.00"),
    lines=st.none() | st.integers(0, 10**6),
    period_start=maybe,
    period_end=maybe,
    report_kind=maybe,
    role=maybe,
    invoices=st.none() | st.integers(0, 10**6),
    transactions=st.none() | st.integers(0, 10**6),
    sender=parties,
    status_code=maybe,
    about=st.none() | st.builds(Reference, number=maybe, issue_date=maybe, type_code=maybe, issuer=parties),
)
verdicts = st.builds(
    Verdict,
    status=st.sampled_from(VerdictStatus),
    problems=st.lists(problems, max_size=6).map(tuple),
    schema=maybe,
    rules=maybe,
)
concluded_jobs = st.builds(
    Job,
    id=st.just("20261122-050211-1a2b3c4d"),
    route=st.just("ventes"),
    account=st.just("pa"),
    name=st.binary(min_size=1, max_size=255),
    state=st.just(State.CONCLUDED),
    claimed_at=moments,
    size=st.integers(0, 10**12),
    sha256=st.none() | st.just("5c" * 32),
    document=st.none() | documents,
    verdict=st.none() | verdicts,
    twin=st.none() | st.just("20261120-151000-99aa88bb"),
    tracking_id=maybe,
    attempts=st.integers(0, 5),
    first_sent_at=st.none() | moments,
    sent_at=st.none() | moments,
    flow_id=maybe,
    received_at=st.none() | moments,
    acknowledged_at=st.none() | moments,
    http_status=st.none() | st.integers(100, 599),
    request_id=maybe,
    outcome=st.sampled_from(Outcome),
    concluded_at=st.none() | moments,
    seal=st.none() | st.just(Seal(seq=7, hash="0f" * 32)),
    problems=st.lists(problems, max_size=3).map(tuple),
)
