"""Whether the recipient of an invoice can be reached, and what follows from that before it is sent. Pure.

A line of the directory in force is what makes an address reachable (XP Z12-013 Directory 1.2.0). At Chorus
Pro the recipient is a structure, known by its SIRET, which may ask for the code of a service (BT-10) or the
number of a commitment (BT-13); an invoice without them is rejected there.

The directory is a help, not a gate of its own: when it does not answer, an invoice goes without its advice
after a time, and its result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connector.directory import Address, DirectoryLine, LineStatus, NotAnAddress, Reach, Told, address, reach
from connector.model import Document, Family, Job, Outcome, Problem, State
from connector.policy import RecipientRules, concluded, deferred, warned

SCHEME = "0225"  # of electronic addresses that are addresses of the directory (ISO 6523)
SHORT_PATIENCE = timedelta(seconds=5)  # with a slow directory, where its answer cannot stop an invoice
_SHOWN = 3  # addresses of a recipient that are named
_PAUSES = timedelta(seconds=0.25), timedelta(seconds=60)  # the shortest and the longest between two looks

# Addresses that a directory of this kind does not know: a question that has no answer, and no trouble either.
NEVER_ANSWERED = frozenset({"needs-siret", "no-directory"})
_CODES = {
    Reach.UPCOMING: "recipient-not-yet",
    Reach.CLOSED: "recipient-inactive",
    Reach.ABSENT: "recipient-unknown",
    Reach.UNKNOWN: "recipient-unchecked",
}


def is_due(job: Job, rules: RecipientRules) -> bool:
    """Whether the directory has still to be asked about a job before it is sent.

    Only invoices have a recipient in the directory; one whose buyer has no French number, such as a private
    person or a company abroad, has none. What was tried once, or released by a person, is not doubted again.
    """
    return (
        rules.any
        and job.state is State.VALID
        and job.reach is None
        and not job.attempts
        and address_of(job.document, rules) is not None
    )


def address_of(document: Document | None, rules: RecipientRules) -> Address | None:
    """Whom the directory is asked about: the electronic address (BT-49), else the SIRET, else the SIREN.

    Of a public recipient, the structure and the service (BT-10) that the invoice names.
    """
    if document is None or document.family is not Family.INVOICE:
        return None
    buyer = document.buyer
    if rules.structure != "off":
        plain = _read(buyer.siret) or _read(buyer.siren)
        return replace(plain, routing_code=document.buyer_reference) if plain and plain.siret else plain
    electronic = _read(buyer.endpoint) if buyer.endpoint_scheme == SCHEME else None
    return electronic or _read(buyer.siret) or _read(buyer.siren)


def _read(written: str | None) -> Address | None:
    try:
        return address(written) if written else None
    except NotAnAddress:
        return None


def can_be_asked(wanted: Address, rules: RecipientRules) -> bool:
    """Whether the directory knows recipients by such an address: Chorus Pro by SIRET only."""
    return rules.structure == "off" or wanted.siret is not None


def judged(job: Job, told: Told | None, rules: RecipientRules, now: datetime) -> Job:
    """What an answer of the directory makes of a job in VALID.

    Args:
        told: the answer; None: there is none yet.
    """
    wanted = address_of(job.document, rules)
    assert wanted is not None
    since = job.asked_at or now
    job = replace(job, asked_at=since)
    if not can_be_asked(wanted, rules):
        return _received_by(job, wanted, (), rules, now)
    if told is None or told.trouble:
        patience = rules.patience if rules.may_stop else SHORT_PATIENCE if told is None else timedelta(0)
        if now < since + patience:
            pause = min(max((now - since) / 2, _PAUSES[0]), _PAUSES[1])
            return deferred(job, "recipient-check", now, pause)
        found = told.trouble if told else "timeout"
        return _passed(job, Reach.UNKNOWN, [Problem(code=_CODES[Reach.UNKNOWN], found=found)])
    if rules.structure != "off":
        return _received_by(job, wanted, told.lines, rules, now)
    answer, problem = _at_address(job.document, wanted, told.lines)
    if problem is None:
        return _passed(job, answer, [])
    if rules.check == "hold" and answer is not Reach.UNKNOWN:
        return concluded(replace(job, reach=answer), Outcome.HELD, now, problem)
    return _passed(job, answer, [problem])


def _at_address(
    document: Document | None, wanted: Address, lines: Sequence[DirectoryLine]
) -> tuple[Reach, Problem | None]:
    """What the lines say of the address that an invoice bears; of the whole company, when it bears none.

    The line of a company is good for its establishments too, not the other way round.
    """
    assert document is not None
    given = document.buyer.endpoint if document.buyer.endpoint_scheme == SCHEME else None
    own = {str(wanted).casefold()}
    if not wanted.routing_code and not wanted.suffix:
        own.add(wanted.siren)
    fitting = [line for line in lines if line.address.casefold() in own] if _read(given) else lines
    answer = reach(fitting)
    if answer is Reach.REACHABLE:
        return answer, None
    others = sorted(line.address for line in lines if line.status is LineStatus.ENABLED)
    if others:
        shown = ", ".join(others[:_SHOWN]) + (", …" if len(others) > _SHOWN else "")
        return answer, Problem(
            code="recipient-other-address", term="BT-49", found=str(wanted), expected=shown
        )
    return answer, Problem(code=_CODES[answer], term="BT-49", found=str(wanted))


def _received_by(
    job: Job, wanted: Address, lines: Sequence[DirectoryLine], rules: RecipientRules, now: datetime
) -> Job:
    """What a structure of Chorus Pro asks for makes of a job."""
    assert job.document is not None
    answer, problems = reach(lines), structure_problems(job.document, wanted, lines)
    if problems and rules.structure == "reject":
        return concluded(replace(job, reach=answer), Outcome.REJECTED_BEFORE_SENDING, now, *problems)
    return _passed(job, answer, problems)


def structure_problems(document: Document, wanted: Address, lines: Sequence[DirectoryLine]) -> list[Problem]:
    """Why a structure of Chorus Pro would turn an invoice down, as far as it tells.

    Args:
        wanted: what was asked for.
        lines: the structure's, and that of the service that the invoice names, if there is one.
    """
    if wanted.siret is None:
        return [Problem(code="structure-needs-siret", term="BT-46", found=wanted.siren)]
    structure = next((line for line in lines if line.address == wanted.siret), None)
    if structure is None:
        return [Problem(code="structure-unknown", term="BT-46", found=wanted.siret)]
    if structure.status is LineStatus.DISABLED:
        return [Problem(code="structure-inactive", term="BT-46", found=wanted.siret)]
    service, commitment = document.buyer_reference, document.order_reference
    problems = []
    if structure.service_required and not service:
        problems.append(Problem(code="service-code-missing", term="BT-10"))
    if structure.commitment_required and not commitment:
        problems.append(Problem(code="commitment-missing", term="BT-13"))
    if structure.either_required and not service and not commitment:
        problems.append(Problem(code="service-or-commitment-missing", term="BT-10"))
    named = next((line for line in lines if line is not structure), None)
    if service and named is None and structure.service_required:
        problems.append(Problem(code="service-code-unknown", term="BT-10", found=service))
    if named is not None and named.status is LineStatus.DISABLED:
        problems.append(Problem(code="service-inactive", term="BT-10", found=service))
    return problems


def list_answered(job: Job, unanswered: int, now: datetime) -> Job:
    """A list at its end, with a warning when not all of its recipients could be asked about."""
    if unanswered:
        job = warned(job, [Problem(code="recipients-unanswered", found=str(unanswered))])
    return concluded(job, Outcome.ANSWERED, now)


def _passed(job: Job, answer: Reach, problems: Sequence[Problem]) -> Job:
    """The job free to be sent, with what the directory made us say."""
    return warned(replace(job, reach=answer, not_before=None, waits_for=None), problems)
