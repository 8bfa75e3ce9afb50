"""What is told of a bundle as a whole: how its documents ended, and which of them somebody must look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from connector.messages import Messages
from connector.model import FINE, Job, Outcome
from connector.outbox.advice import Action, Advice, Number, Who
from connector.outbox.layout import clean, wrapped

_SHOWN = 20  # documents named one by one in a text
_VALUE = 200  # characters of a value from outside


def advice_on(outcome: Outcome, documents: Iterable[Job]) -> Advice:
    """What to do about a bundle: its documents, one by one, as their own results say."""
    outcomes = {job.outcome for job in documents}
    if outcome in FINE:
        return Advice(action=Action.NONE, number=Number.NOT_ASKED, who=Who.NOBODY)
    if outcome is Outcome.HELD:
        action, who = Action.CONTACT_ADMIN, Who.IT
    else:
        action, who = Action.FIX_AND_DROP_AGAIN, Who.ACCOUNTING
    because = "bundle-refused" if Outcome.CANCELLED in outcomes else "bundle"
    return Advice(action=action, number=Number.NOT_ASKED, who=who, because=because)


def is_mixed(documents: Iterable[Job]) -> bool:
    """Whether some documents of a bundle are fine and some are not."""
    return len({job.outcome in FINE for job in documents}) > 1


def title(documents: Sequence[Job], messages: Messages) -> str:
    """How many documents of a bundle somebody must look at."""
    left = len(_unsettled(documents))
    return messages.text(f"bundle.title.{'one' if left == 1 else 'many'}", n=left, of=len(documents))


def happened(documents: Sequence[Job], messages: Messages) -> str:
    """How many documents there were, and how many ended in which way, in one paragraph."""
    ends = Counter(job.outcome for job in documents if job.outcome is not None)
    between = messages.text("bundle.between")
    counts = between.join(messages.count(f"bundle.{end}", ends[end]) for end in Outcome if ends[end])
    return messages.text(
        "bundle.happened", documents=messages.count("bundle.documents", len(documents)), counts=counts
    )


def listed(documents: Sequence[Job], details: str, messages: Messages) -> list[str]:
    """The documents to look at, a line each.

    Args:
        details: where those beyond a screenful are told, in words.
    """
    unsettled = _unsettled(documents)
    lines = []
    for job in unsettled[:_SHOWN]:
        label = messages.text(f"outcome.{job.outcome}.label", **messages.words(job.document))
        number = clean(job.document.number, 40) if job.document and job.document.number else None
        name = clean(job.member or "", 60) + (f" ({number})" if number else "")
        lines += wrapped(messages.text("bundle.line", name=name, label=label), first="  - ")
    if len(unsettled) > _SHOWN:
        lines += wrapped(
            messages.count("bundle.more", len(unsettled) - _SHOWN, details=details), first="  - "
        )
    return ["", *lines] if lines else []


def entries(documents: Sequence[Job]) -> list[dict[str, object]]:
    """The documents for programs, in the order of the archive."""
    return [
        {
            "id": job.id,
            "name": clean(job.member or "", _VALUE),
            "outcome": job.outcome,
            "final": job.outcome is not Outcome.HELD,
            "number": clean(job.document.number, _VALUE) if job.document and job.document.number else None,
            "flow_id": clean(job.flow_id, _VALUE) if job.flow_id else None,
        }
        for job in documents
    ]


def _unsettled(documents: Sequence[Job]) -> list[Job]:
    return [job for job in documents if job.outcome not in FINE]
