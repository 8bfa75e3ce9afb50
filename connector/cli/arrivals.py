"""What came from the platforms, for `status`, `ls` and `show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.cli.context import Context
    from connector.incoming import Delivery
    from connector.journal import JournalView
    from connector.model import Job


def left(context: Context, view: JournalView) -> dict[str, int]:
    """Flows that platforms have for us and that no route receives, by account."""
    from connector.incoming import Matter

    receiving = {route.account for route in context.settings.route if route.receive}
    not_taken = tuple(matter for matter in Matter if matter is not Matter.SALES_STATUS)
    return view.left_at_platform(
        {account.name: not_taken for account in context.settings.account if account.name not in receiving}
    )


def tell(context: Context, came: dict[str, dict[str, int]], left_over: dict[str, int]) -> None:
    """The lines of `status` about it; none when nothing came."""
    for route, kinds in came.items():
        what = ", ".join(context.messages.count(f"cli.arrivals.{kind}", n) for kind, n in kinds.items())
        context.say(context.text("arrivals.came", route=route, what=what))
    for account, count in left_over.items():
        what = context.messages.count("cli.arrivals.document", count)
        context.say(context.text("arrivals.left", account=account, what=what))


def of_jobs(view: JournalView, jobs: Sequence[Job]) -> dict[str, dict[str, Any]]:
    """How many statuses each of these jobs' documents has had, and which is its status now."""
    told = view.statuses([job.id for job in jobs])
    counts = Counter(each.job for each in told)
    latest = {each.job: each.current for each in told}
    return {
        job.id: {"statuses": counts[job.id], "current_status": latest.get(job.id)}
        for job in jobs
        if counts[job.id]
    }


def labelled(context: Context, news: dict[str, Any]) -> str:
    """The status that a document has now, for a line of `ls`."""
    code = news["current_status"]
    if code is None:
        return context.messages.count("cli.arrivals.status", news["statuses"])
    return f"{context.messages.label('lifecycle_status', code)} ({code})"


def record(delivery: Delivery) -> dict[str, Any]:
    """One status as an object of `show --json`."""
    said = delivery.status
    assert said is not None
    return {
        "n": delivery.n,
        "code": said.code,
        "at": said.at,
        "effect": delivery.effect,
        "current_status": delivery.current,
        "reasons": [reason.code or reason.words for reason in said.reasons],
        "amounts": [
            {"kind": each.kind, "amount": each.amount, "vat_rate": each.rate} for each in said.amounts
        ],
        "flow_id": delivery.flow_id,
        "results": [file.target for file in delivery.result],
    }


def line(context: Context, delivery: Delivery) -> str:
    """One status as a line of `show`."""
    told = record(delivery)
    label = context.messages.label("lifecycle_status", told["code"] or "?")
    reasons = ", ".join(filter(None, told["reasons"]))
    facts = [f"{told['n']:03} {told['code']} {label}", told["at"], reasons, f"[{told['effect']}]"]
    return "  ".join(fact for fact in facts if fact)
