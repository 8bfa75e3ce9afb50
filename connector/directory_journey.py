"""What a route asks the directory: about recipients before anything is sent to them, and for whole lists.

    (inspect →) enquire (→ send)        an invoice: may it go to its recipient?
    (inspect →) ask (→ stage)           a list of recipients: an answer for each line

Only reads, and may be done again after a crash; what was answered is in the journal. Never waits for a slow
directory: what is being asked is taken up in a later call.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from loguru import logger

from connector import reachability, recipient_list
from connector.directory import Told
from connector.model import Job, State, Step
from connector.ports import Clock, Enquiry
from connector.world import Asking, World

ANSWER_WAIT = 0.05  # seconds that a call waits for answers that are missing
TOGETHER = 100  # invoices whose recipients are asked about in one call
LISTED_TOGETHER = 400  # recipients of a list that are asked about in one call


def enquire(world: World) -> int:
    """Learn whether the recipients of the next invoices can be reached, and let these go on or not."""
    rules = world.recipient_rules
    if world.enquiry is None or not rules.any:
        return 0
    if not world.courier.room() and not world.courier.under_way():
        return 0  # nothing is sent now: the account is stopped, or its platform in trouble
    due = [job for job in world.take(State.VALID, limit=TOGETHER) if reachability.is_due(job, rules)]
    wanted = {job.id: reachability.address_of(job.document, rules) for job in due}
    asked = {
        str(address): address
        for address in wanted.values()
        if address is not None and reachability.can_be_asked(address, rules)
    }
    told = world.enquiry.ask(list(asked.values()), ANSWER_WAIT) if asked else {}
    now = world.clock.now()
    return world.commit(
        [
            Step(before=job, after=reachability.judged(job, told.get(str(wanted[job.id])), rules, now))
            for job in due
        ]
    )


def ask(world: World) -> int:
    """Put the questions of lists to the directory. Returns how many were answered."""
    answered = 0
    for job in world.take(State.ASKING):
        asking = world.asking.get(job.id)
        if asking is None:
            try:
                asking = world.asking[job.id] = _opened(world, job)
            except OSError as error:
                world.commit([world.put_off(job, error)])
                continue
        if world.enquiry is not None:
            answered += len(put(world.enquiry, asking, world.clock, job.asked_at))
        patient = world.clock.monotonic() < asking.moved + world.recipient_rules.patience.total_seconds()
        if asking.open and patient:
            continue
        after = reachability.list_answered(job, len(asking.open), world.clock.now())
        answered += world.commit([Step(before=job, after=after, detail={"unanswered": len(asking.open)})])
        del world.asking[job.id]
        logger.info("list.answered", job=job.id, route=job.route, unanswered=len(asking.open))
    return answered


def _opened(world: World, job: Job) -> Asking:
    """The questions of a list that are still to be answered: all of them, as answers are quickly recalled."""
    questions = recipient_list.questions_in(world.folders.spooled(job).read_bytes())
    addresses = {str(question.address): question.address for question in questions if question.address}
    return Asking(open=addresses, moved=world.clock.monotonic())


def put(enquiry: Enquiry, asking: Asking, clock: Clock, since: datetime | None = None) -> dict[str, Told]:
    """Put the next questions of a list; what was answered. Those that failed come last next time.

    Args:
        since: answers that came after this are as good as fresh ones.
    """
    texts = list(islice(asking.open, LISTED_TOGETHER))
    told = enquiry.ask([asking.open[text] for text in texts], ANSWER_WAIT, since) if texts else {}
    for text, answer in told.items():
        address = asking.open.pop(text)
        if answer.trouble is not None and answer.trouble not in reachability.NEVER_ANSWERED:
            asking.open[text] = address
    answered = {text: answer for text, answer in told.items() if text not in asking.open}
    if answered:
        asking.moved = clock.monotonic()
    return answered
