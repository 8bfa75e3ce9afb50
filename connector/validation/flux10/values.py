"""The rules of flux 10 on single values: dates, codes, identifiers, amounts, lengths.

`value_rules` is the table. Each name in it stands for what a value has to be, as `schemas/flux10.toml` says
of every place (`is = "date"`), and lists the rules that follow. The official Schematron knows the rules of
annexe 7 unless a comment says otherwise; what only a dated code list or the PPF of today objects to is a
warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import cast

from connector.model import Severity
from connector.validation.flux10.words import ANNEXE_6, ANNEXE_7, PPF, Facts, ValueRule

Holds = Callable[[str], bool]

PROFILE = "urn.cpro.gouv.fr:1p0:ereporting"
DIGITS = 19  # of any amount, quantity or price; the official check counts a minus sign too
_IDENTIFIER = re.compile(r"[A-Za-z0-9+_/-]+(?: [A-Za-z0-9+_/-]+)*")
_DATE = re.compile(r"[0-9]{8}")
_MOMENT = re.compile(r"[0-9]{14}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_THREE_CAPITALS = re.compile(r"[A-Z]{3}")
_COUNT = re.compile(r"\+?[0-9]{1,9}")
_UNIT = re.compile(r"[A-Z0-9]{1,3}")
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*")  # as xs:decimal has it
_LONGEST_RATE = 100  # characters; before the schema has spoken, a value may be megabytes of digits
_NINE_DIGITS = re.compile(r"[0-9]{9}")

rule = partial(ValueRule, source=ANNEXE_7)


def is_identifier(value: str, longest: int) -> bool:
    """Letters, digits, `- + _ /` and single spaces inside, up to a length."""
    return len(value) <= longest and _IDENTIFIER.fullmatch(value) is not None


def as_date(value: str) -> date | None:
    """AAAAMMJJ as a date; None when it is not written so or not in the calendar."""
    if not _DATE.fullmatch(value):
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


def is_date(value: str) -> bool:
    """A day of the calendar as AAAAMMJJ."""
    return as_date(value) is not None


def is_moment(value: str) -> bool:
    """A second of the calendar as AAAAMMJJHHMMSS."""
    if not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.strptime(value, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the format has no time zone
    except ValueError:
        return False
    return True


def is_of_this_century(value: str) -> bool:
    """The year is 2000 to 2099; nothing is said of what is not written as a date at all."""
    return not (_DATE.fullmatch(value) or _MOMENT.fullmatch(value)) or "2000" <= value[:4] <= "2099"


def is_amount(value: str, decimals: int, *, signed: bool) -> bool:
    """Digits, a point and at most so many decimals; a minus sign where it may have one."""
    pattern = _SIGNED[decimals] if signed else _UNSIGNED[decimals]
    return pattern.fullmatch(value) is not None and len(value.replace(".", "")) <= DIGITS


def is_rate(value: str, rates: frozenset[Decimal]) -> bool:
    """One of the rates, however many zeros it is written with."""
    return len(value) <= _LONGEST_RATE and bool(_DECIMAL.fullmatch(value)) and Decimal(value) in rates


def known(codes: frozenset[str], form: re.Pattern[str]) -> Holds:
    """A code is in its list; nothing is said of what does not have the form of a code."""
    return lambda value: value in codes or form.fullmatch(value) is None


_SIGNED = {places: re.compile(rf"-?[0-9]+(?:\.[0-9]{{1,{places}}})?") for places in (2, 4, 6)}
_UNSIGNED = {places: re.compile(rf"[0-9]+(?:\.[0-9]{{1,{places}}})?") for places in (2, 4, 6)}


def length_rule(longest: int) -> ValueRule:
    """The rule that bounds a text. The official Schematron does not look at it."""
    return ValueRule(
        id="A6-LENGTH", source=ANNEXE_6, holds=lambda value: len(value) <= longest, expected=f"<= {longest}"
    )


def value_rules(facts: Facts) -> Mapping[str, tuple[ValueRule, ...]]:
    """The rules for everything that a value can have to be."""
    return (
        _identifiers(facts)
        | _dates(facts)
        | _parties()
        | _codes(facts)
        | _international_codes(facts)
        | _numbers(facts)
    )


def _identifiers(facts: Facts) -> dict[str, tuple[ValueRule, ...]]:
    return {
        "transmission-id": (
            rule(id="G1.104", holds=partial(is_identifier, longest=50), expected="[A-Za-z0-9 +_/-], <= 50"),
        ),
        "number": (
            rule(id="G1.05", holds=partial(is_identifier, longest=35), expected="[A-Za-z0-9 +_/-], <= 35"),
            *_number_not_yet(facts),
        ),
        "profile": (rule(id="S1.12", holds=PROFILE.__eq__, expected=PROFILE),),
    }


def _dates(facts: Facts) -> dict[str, tuple[ValueRule, ...]]:
    century = rule(id="G1.36", holds=is_of_this_century, expected="2000-2099")
    day = rule(id="G1.09", holds=is_date, expected="AAAAMMJJ")
    today = f"{facts.today:%Y%m%d}"
    past = rule(id="G1.07", holds=lambda value: not is_date(value) or value <= today, expected=f"<= {today}")
    return {
        "date": (day, century),
        "past-date": (day, century, past),  # the official Schematron does not know what day it is
        "moment": (rule(id="G7.53", holds=is_moment, expected="AAAAMMJJHHMMSS"), century),
    }


def _parties() -> dict[str, tuple[ValueRule, ...]]:
    return {
        "platform-scheme": (rule(id="G6.22", holds="0238".__eq__, expected="0238", stamp=True),),
        "platform": (rule(id="G6.22", holds=lambda value: len(value) == 4, expected="XXXX", stamp=True),),
        "platform-role": (rule(id="G7.51", holds="WK".__eq__, expected="WK", stamp=True),),
        "declarant-scheme": (rule(id="G6.26", holds="0002".__eq__, expected="0002"),),
        "declarant": (
            rule(id="G6.26", holds=lambda value: bool(_NINE_DIGITS.fullmatch(value)), expected="SIREN"),
        ),
        "vat-qualifier": (rule(id="G2.33", holds="VAT".__eq__, expected="VAT"),),
    }


def _codes(facts: Facts) -> dict[str, tuple[ValueRule, ...]]:
    def listed(id: str, name: str) -> ValueRule:
        codes = frozenset(facts.codes[name])
        return rule(id=id, holds=codes.__contains__, expected=facts.one_of(name))

    return {
        "transmission-type": (listed("G8.01", "transmission_types"),),
        "declarant-role": (listed("G7.52", "declarant_roles"),),
        "invoice-type": (listed("G1.01", "invoice_types"),),
        "framework": (listed("G1.02", "frameworks"),),
        "due-code": (listed("P1.11", "due_codes"), *_due_code_not_yet(facts)),
        "vat-category": (listed("G2.31", "vat_categories"),),
        "category": (listed("G1.68", "transaction_categories"),),
    }


def _international_codes(facts: Facts) -> dict[str, tuple[ValueRule, ...]]:
    """Codes of other people's lists: their form is a rule, that they are listed today a warning."""

    def code(id: str, name: str, form: re.Pattern[str], expected: str) -> tuple[ValueRule, ...]:
        written = rule(id=id, holds=lambda value: bool(form.fullmatch(value)), expected=expected)
        in_list = known(frozenset(facts.codes[name]), form)
        return written, rule(id=id, holds=in_list, expected=expected, severity=Severity.WARNING)

    currency = code("G1.10", "currencies", _THREE_CAPITALS, "ISO 4217")
    in_euros = known(frozenset({"EUR"}), _THREE_CAPITALS)
    subject = partial(rule, id="G1.52", expected="UNTDID 4451", severity=Severity.WARNING)
    unit = partial(rule, id="A6-UNIT", source=ANNEXE_6, expected="UN/ECE 20", severity=Severity.WARNING)
    return {
        "currency": currency,
        "payment-currency": (*currency, rule(id="G6.27", holds=in_euros, expected="EUR")),
        "euro": (rule(id="G6.23", holds="EUR".__eq__, expected="EUR"),),
        "country": code("G2.01", "countries", _COUNTRY, "ISO 3166-1"),
        # The official Schematron looks at neither of these two.
        "note-subject": (subject(holds=lambda value: bool(_THREE_CAPITALS.fullmatch(value))),),
        "unit": (unit(holds=lambda value: bool(_UNIT.fullmatch(value))),),
    }


def _numbers(facts: Facts) -> dict[str, tuple[ValueRule, ...]]:
    rates = frozenset(map(Decimal, facts.codes["vat_rates"]))
    refund = rule(
        id="G1.16",
        # Annexe 7 (G7.07) lets a refund be negative, the official Schematron does not: both are heard.
        holds=lambda value: not value.startswith("-") or not is_amount(value, 6, signed=True),
        expected=">= 0",
        severity=Severity.WARNING,
    )
    return {
        "amount": (rule(id="G1.14", holds=partial(is_amount, decimals=2, signed=True), expected="19.2"),),
        "quantity": (rule(id="G1.15", holds=partial(is_amount, decimals=4, signed=True), expected="19.4"),),
        "price": (rule(id="G1.16", holds=partial(is_amount, decimals=6, signed=False), expected="19.6"),),
        "payment": (
            rule(id="G1.16", holds=partial(is_amount, decimals=6, signed=True), expected="19.6"),
            refund,
        ),
        "rate": (rule(id="G1.24", holds=partial(is_rate, rates=rates), expected=facts.one_of("vat_rates")),),
        "count": (  # the official Schematron does not look at it
            rule(
                id="A6-COUNT",
                source=ANNEXE_6,
                holds=lambda value: bool(_COUNT.fullmatch(value.strip())),
                expected="0-999999999",
            ),
        ),
    }


def _number_not_yet(facts: Facts) -> tuple[ValueRule, ...]:
    longest, until = cast("int", facts.not_yet["number_longest"]), cast("date", facts.not_yet["number_until"])
    if facts.today > until:
        return ()
    return (
        ValueRule(
            id="PPF-G1.05",
            source=PPF,
            holds=lambda value: len(value) <= longest or len(value) > 35,
            expected=f"<= {longest}",
            severity=Severity.WARNING,
        ),
    )


def _due_code_not_yet(facts: Facts) -> tuple[ValueRule, ...]:
    codes, until = cast("list[str]", facts.not_yet["due_codes"]), facts.not_yet["due_codes_until"]
    if facts.today > cast("date", until):
        return ()
    return (
        ValueRule(
            id="PPF-P1.11",
            source=PPF,
            holds=lambda value: value not in codes,
            expected=", ".join(code for code in facts.codes["due_codes"] if code not in codes),
            severity=Severity.WARNING,
        ),
    )
