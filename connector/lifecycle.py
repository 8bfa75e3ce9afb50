"""Every decision about what comes from the platform: whose status it is, and what it changes. Pure.

`reception` asks and carries out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.incoming import Delivery, Effect, Incoming, Matter, Phase, Stand
from connector.model import (
    Announced,
    Document,
    FetchFailed,
    IncomingFlow,
    Inspection,
    Job,
    Outcome,
    Problem,
)
from connector.names import child_id

LONGEST_WAIT = timedelta(days=1)  # for a flow that is listed and cannot be fetched
_LONGEST_PAUSE = timedelta(hours=1)
_TOLD = 100  # problems kept of one document
_MANY = 20  # statuses of one message, beside each of which the message itself is laid
MOST_TRIES = 3  # inspections of one flow before it is told of unread (P04)
# Problem codes for flows that will never come.
_FAILURES = {"too-large": "incoming-too-large", "not-found": "incoming-not-found"}

# After one of these no mandatory status may follow (DGFiP external specifications v3.2, table 8).
_ENDS = {"210", "213"}
# Set while an invoice is on its way; whatever its buyer says of it comes later, be the clocks as they may.
_ON_ITS_WAY = {"200", "201", "202", "203", "221"}
# Of flows and of what the administration is told, not of the invoice itself (v3.2 §3.4.4).
TECHNICAL = {"250", "251", "400", "401", "500", "501", "601"}
_REPEATED = {"DOUBLON", "REJ_UNI", "IRR_UNICITE"}


# --------------------------------------------------------------------------- flows
def seen(flow: IncomingFlow, account: str, new_id: str, now: datetime) -> Incoming:
    """A flow that the platform lists for us, as it is written down."""
    return Incoming(
        id=new_id,
        account=account,
        flow_id=flow.flow_id,
        state=Stand.FETCHED if flow.given else Stand.SEEN,
        matter=Matter.SALES_STATUS if flow.given else matter_of(flow.flow_type, flow.syntax),
        seen_at=now,
        flow_type=flow.flow_type,
        syntax=flow.syntax,
        name=flow.name,
        tracking_id=flow.tracking_id,
        company=flow.company,
        submitted_at=flow.submitted_at,
        given=flow.given,
    )


def matter_of(flow_type: str | None, syntax: str | None) -> Matter:
    """What a flow is about (XP Z12-013 Flow 1.2.0, `flowType`); types that we do not know are documents."""
    kind = flow_type or ""
    if kind.endswith("LC") or syntax == "CDAR":
        return Matter.PURCHASE_STATUS if "Supplier" in kind else Matter.SALES_STATUS
    return Matter.DOCUMENT


def is_given_up(flow: Incoming, failure: FetchFailed, now: datetime) -> bool:
    """Whether a flow that could not be fetched never will be. A gateway may say "not found" for a while."""
    return failure.final or now > flow.seen_at + LONGEST_WAIT


def given_up(flow: Incoming, failure: FetchFailed) -> Incoming:
    """A flow that will never come: people are told that it is there, and that we do not have it."""
    problem = Problem(
        code=_FAILURES.get(failure.reason, "incoming-not-given"),
        source="platform",
        found=failure.reason,
        message=failure.words or None,
    )
    return fetched(replace(flow, problems=(problem,)))


def fetched(flow: Incoming) -> Incoming:
    """A flow whose bytes are ours, or never will be."""
    return replace(flow, state=Stand.FETCHED, tries=0, not_before=None, waits_for=None)


def put_off(flow: Incoming, reason: str, now: datetime) -> Incoming:
    """The flow where it is, to be tried again later: after 2 s, 4 s, … at most an hour."""
    tries = flow.tries + 1
    pause = min(timedelta(seconds=2.0 ** min(tries, 12)), _LONGEST_PAUSE)
    return replace(flow, tries=tries, not_before=now + pause, waits_for=reason)


def not_judged(flow: Incoming, reason: str, now: datetime) -> Incoming:
    """A flow on which a checker died; one that goes alone was counted before. A disk's fault counts not."""
    counted = max(flow.tries - 1, 1) if reason == "io" and flow.tries else max(flow.tries, reason != "io")
    return replace(flow, tries=counted, not_before=now + timedelta(seconds=2), waits_for="inspection-retry")


def is_told_unseen(flow: Incoming) -> bool:
    """Whether there is nothing to look into, or looking is too dangerous (P04)."""
    return flow.sha256 is None or flow.tries > MOST_TRIES


def is_lost(flow: Incoming) -> bool:
    """Whether this was the last time that a checker may have died on it."""
    return flow.tries >= MOST_TRIES


def sorted_out(flow: Incoming) -> Incoming:
    """A flow of which all that it says is written down."""
    return replace(flow, state=Stand.SORTED, not_before=None, waits_for=None)


# --------------------------------------------------------------------------- whose status it is
def subject_of(said: Announced, tracking_id: str | None, jobs: Iterable[Job]) -> Job | None:
    """The job whose document has this status; None when it is not one of ours.

    The ids come first: one number may have gone out twice, and what is said of the repeat must not be laid at
    the door of the first. Without them, seller, year and number say which invoice is meant (annexe 7, G1.45).

    Args:
        tracking_id: of the incoming flow; some platforms name our flow there, others our own key.
        jobs: of the account, oldest first; those that may be meant are among them.
    """
    fitting = [job for job in jobs if job.attempts and _fits(said, job)]
    named = [job for job in fitting if tracking_id and tracking_id in (job.flow_id, job.tracking_id)]
    if named:
        return named[-1]
    if said.about.number is None:
        return None
    standing = [job for job in fitting if _stands(job)]
    return max(standing or fitting, key=lambda job: _same_type(said, job), default=None)


def _fits(said: Announced, job: Job) -> bool:
    """Whether nothing that a status says of its document contradicts the job's."""
    about, document = said.about, job.document
    if document is None:
        return about.number is None
    pairs = (
        (about.number, document.number),
        (about.issuer.siren, document.seller.siren),
        ((about.issue_date or "")[:4], (document.issue_date or "")[:4]),
    )
    return all(theirs == ours for theirs, ours in pairs if theirs and ours)


def _same_type(said: Announced, job: Job) -> bool:
    return job.document is not None and job.document.type_code == said.about.type_code


def _stands(job: Job) -> bool:
    """Whether the platform has this document, or may have it."""
    return job.outcome in (None, Outcome.ACCEPTED, Outcome.HELD)


# --------------------------------------------------------------------------- what it changes
def effect_of(said: Announced, job: Job | None, earlier: Sequence[Delivery]) -> tuple[Effect, str | None]:
    """What a status does to what is known of its document, and the code of the document's status after it.

    Args:
        job: whose document it is.
        earlier: what was delivered of that document before, in the order of coming.
    """
    if job is None:
        return Effect.UNMATCHED, None
    before = business_status(earlier)
    known = before.code if before else None
    if is_repeat_rejected(said) and _stands(job):
        return Effect.FIRST_STANDS, known
    if known in _ENDS:
        return Effect.AFTER_END, known
    if _counts(said) and (before is None or _replaces(said, before)):
        return Effect.CURRENT, said.code
    return Effect.KEPT, known


def business_status(delivered: Iterable[Delivery]) -> Announced | None:
    """The status that a document has now, of all that were delivered of it in the order of coming."""
    current = None
    for delivery in delivered:
        if delivery.effect is Effect.CURRENT:
            current = delivery.status
    return current


def is_repeat_rejected(said: Announced) -> bool:
    """Whether it rejects a document because the platform has it already, and for no other reason."""
    codes = {reason.code for reason in said.reasons if reason.code}
    return said.code == "213" and bool(codes) and codes <= _REPEATED


def _counts(said: Announced) -> bool:
    """Whether its code is that of a document's life at all; what else comes is kept and shown."""
    code = said.code or ""
    return len(code) == 3 and code.isascii() and code.isdigit() and code not in TECHNICAL


def _replaces(said: Announced, before: Announced) -> bool:
    """Whether it tells of something later, whatever the order in which the two came."""
    if said.code in _ENDS or said == before:
        return said != before
    later, earlier = (said.code not in _ON_ITS_WAY, before.code not in _ON_ITS_WAY)
    if later is not earlier:
        return later
    return said.code != before.code and (said.at is None or before.at is None or said.at >= before.at)


# --------------------------------------------------------------------------- where it goes
@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A route that takes what suppliers send.

    Args:
        companies: the SIRENs of ours that it does so for; none: all of the account's.
    """

    route: str
    companies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """The routes of an account that what comes may go to.

    Args:
        routes: all of them, in the order of the configuration; at least one.
        receiving: those that take what suppliers send.
    """

    routes: tuple[str, ...]
    receiving: tuple[Receiver, ...] = ()

    @property
    def matters(self) -> tuple[Matter, ...]:
        """What is taken in: statuses of what we sent always, what suppliers send where a route takes it."""
        return tuple(Matter) if self.receiving else (Matter.SALES_STATUS,)

    def route_for(self, companies: Iterable[str]) -> str:
        """The route for what is about no document of ours, for one of these companies if they are known."""
        named = frozenset(companies)
        fitting = [each for each in self.receiving if named & each.companies]
        open_to_all = [each for each in self.receiving if not each.companies]
        found = next(iter([*fitting, *open_to_all, *self.receiving]), None)
        return found.route if found else self.routes[0]


def deliveries_of(
    flow: Incoming,
    seen: Inspection | None,
    jobs: Sequence[Job],
    earlier: Mapping[str, Sequence[Delivery]],
    receivers: Receivers,
    now: datetime,
) -> tuple[Delivery, ...]:
    """What a flow brings: a delivery for each status that it announces, else the document itself.

    A message that announces many is delivered once as a document, and its statuses without a copy each.

    Args:
        seen: what an inspection saw; None: nobody could look.
        jobs: that its statuses may be about, oldest first.
        earlier: what was delivered of these jobs before, by their ids.
    """
    document = seen.document if seen else None
    bare = replace(document, statuses=()) if document else None
    home = receivers.route_for(filter(None, (flow.company, *_companies_of(document))))
    given = _bare_delivery(flow, home, now)
    parts: list[Delivery] = []
    announced = announced_in(flow, seen)
    if not announced or (document and (document.lines or 0) > _MANY):
        parts.append(replace(given, document=bare, problems=_problems_of(flow, seen)))
        given = replace(given, size=0, sha256=None)  # the message lies there once, not beside each status
    history = {job: list(told) for job, told in earlier.items()}
    for said in announced:
        job = subject_of(said, flow.tracking_id, jobs)
        told = history.setdefault(job.id, []) if job else []
        effect, current = effect_of(said, job, told)
        part = replace(given, document=bare, status=said, effect=effect, current=current)
        if job is None:
            part = replace(part, subject=_identity(said, flow))
        else:
            route = job.route if job.route in receivers.routes else home
            part = replace(part, job=job.id, subject=job.id, route=route)
            told.append(part)
        parts.append(part)
    return tuple(replace(part, id=child_id(flow.id, place)) for place, part in enumerate(parts))


def _identity(said: Announced, flow: Incoming) -> str:
    """What the statuses of a document that did not go through here are counted by."""
    about = said.about
    if about.number is None:
        return flow.id
    return "|".join((flow.account, about.issuer.siren or "", (about.issue_date or "")[:4], about.number))


def announced_in(flow: Incoming, seen: Inspection | None) -> tuple[Announced, ...]:
    """The statuses that a flow announces."""
    if flow.given:
        return (flow.given,)
    return seen.document.statuses if seen and seen.document else ()


def _bare_delivery(flow: Incoming, route: str, now: datetime) -> Delivery:
    return Delivery(
        id="",
        incoming=flow.id,
        account=flow.account,
        route=route,
        state=Phase.NOTED,
        noted_at=now,
        subject=flow.id,
        flow_id=flow.flow_id,
        flow_type=flow.flow_type,
        tracking_id=flow.tracking_id,
        name=flow.name or "",
        submitted_at=flow.submitted_at,
        size=flow.size,
        sha256=flow.sha256,
    )


def _problems_of(flow: Incoming, seen: Inspection | None) -> tuple[Problem, ...]:
    if flow.problems:
        return flow.problems
    if seen is None:
        return (Problem(code="inspection-lost", found="crash"),)
    return seen.verdict.problems[:_TOLD]


def _companies_of(document: Document | None) -> tuple[str | None, ...]:
    return (document.buyer.siren, document.recipient.siren) if document else ()
