"""What comes from the platform: statuses of what was sent, and what suppliers send. `journey` the other way.

    (follow: listed →) fetch → sort out → prepare → deliver

`journey.follow` writes an incoming flow down with the cursor, once, before anything of it is fetched. Then
its bytes become a private copy, what they say becomes deliveries (a status goes to the route of the document
it is about), and a delivery becomes visible as a result does. Each step may be done again after a crash, and
a flow that cannot be fetched or read is put off or told of alone: the others go on.

The first two stages are an account's, the last two a route's. Rules are asked of `lifecycle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from loguru import logger

from connector import lifecycle, moves, names, policy
from connector.effects import Effects, Touched
from connector.errors import ConnectorError
from connector.incoming import Delivery, DeliveryStep, Incoming, IncomingStep, Phase, Stand
from connector.lifecycle import Receivers
from connector.model import (
    Fetched,
    FetchFailed,
    FetchKind,
    Inspection,
    InspectionLost,
    InspectionOrder,
    Job,
    ResultFile,
)
from connector.ports import Clock, IncomingJournal, Inspector, Platform
from connector.world import World

FEW = 40  # flows taken in one round, so that polls and acknowledgements have their turn between two
AT_ONCE = 4  # fetched side by side
PART = ".part"  # behind the name of a private copy that is still coming

Answer = Fetched | FetchFailed | ConnectorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Everything that taking in what one account's platform has for it needs.

    Args:
        spool: where private copies lie.
        limit: most bytes of one flow.
    """

    account: str
    platform: Platform
    journal: IncomingJournal
    effects: Effects
    inspector: Inspector
    clock: Clock
    spool: Path
    receivers: Receivers
    limit: int

    def waiting(self, state: Stand, limit: int = FEW) -> list[Incoming]:
        """The oldest flows in a state that are due, of those that somebody takes."""
        matters = self.receivers.matters
        return self.journal.waiting(self.account, state, matters, limit, self.clock.now())

    def take_in(self, steps: Sequence[IncomingStep]) -> int:
        """Write steps down together; how many there were."""
        if steps:
            self.journal.take_in(steps)
        return len(steps)


# --------------------------------------------------------------------------- at the platform → ours
def fetch(office: Reception) -> int:
    """Have the bytes of listed flows as private copies, and learn their SHA-256.

    Raises:
        Deferrable, AuthenticationFailed: nothing at all can be fetched now.
    """
    flows = office.waiting(Stand.SEEN)
    if not flows:
        return 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as pool:
        answers = list(pool.map(lambda flow: _asked(office, flow), flows))
    troubles = [answer for answer in answers if isinstance(answer, ConnectorError)]
    if len(troubles) == len(answers):  # it is not about these flows: they wait as they are
        raise troubles[0]
    pairs = list(zip(flows, answers, strict=True))
    batch = office.effects.together(pairs, lambda pair: (None, _touched(pair[1])))
    steps = [_fetched(office, flow, answer) for (flow, answer), _ in batch.done]
    steps += [_put_off(office, flow, policy.reason_of(error)) for (flow, _), error in batch.failed]
    office.take_in(steps)
    return sum(step.after.state is Stand.FETCHED for step in steps)


def _asked(office: Reception, flow: Incoming) -> Answer:
    try:
        return office.platform.fetch(
            flow.flow_id, FetchKind.ORIGINAL, office.spool / flow.id, limit=office.limit
        )
    except ConnectorError as trouble:  # of the platform, it says; one flow alone must not stop the others
        return trouble


def _touched(answer: Answer) -> Touched:
    return (
        Touched(files=(answer.path,), directories=(answer.path.parent,))
        if isinstance(answer, Fetched)
        else Touched()
    )


def _fetched(office: Reception, flow: Incoming, answer: Answer) -> IncomingStep:
    now = office.clock.now()
    if isinstance(answer, Fetched):
        copied = replace(flow, size=answer.size, sha256=answer.sha256, name=flow.name or answer.name)
        return IncomingStep(before=flow, after=lifecycle.fetched(copied))
    if isinstance(answer, FetchFailed) and lifecycle.is_given_up(flow, answer, now):
        # Its words may quote the document: they go into the history and to people, not into the log.
        logger.warning("incoming.given-up", flow=flow.flow_id, reason=answer.reason)
        return IncomingStep(before=flow, after=lifecycle.given_up(flow, answer))
    reason = answer.reason if isinstance(answer, FetchFailed) else "stopped"
    return _put_off(office, flow, reason)


def _put_off(office: Reception, flow: Incoming, reason: str) -> IncomingStep:
    logger.warning("incoming.put-off", flow=flow.flow_id, state=flow.state, reason=reason)
    return IncomingStep(before=flow, after=lifecycle.put_off(flow, reason, office.clock.now()))


# --------------------------------------------------------------------------- ours → known whose
def sort_out(office: Reception) -> int:
    """Have private copies looked into, and write down what they say and where it goes."""
    flows = office.waiting(Stand.FETCHED)
    moved = _sort_together(office, [flow for flow in flows if flow.tries == 0])
    for suspect in (flow for flow in flows if flow.tries > 0):
        # We died with this one perhaps in hand: alone, and counted before the risk (P04).
        alone = replace(suspect, tries=suspect.tries + 1)
        office.take_in([IncomingStep(before=suspect, after=alone)])
        moved += _sort_together(office, [alone])
    return moved


def _sort_together(office: Reception, flows: Sequence[Incoming]) -> int:
    seen = _looked_into(office, [flow for flow in flows if not lifecycle.is_told_unseen(flow)])
    steps: list[IncomingStep] = []
    told: dict[str, list[Delivery]] = defaultdict(list)  # by job: what this batch has said of it so far
    for flow in flows:
        found = seen.get(flow.id)
        if isinstance(found, InspectionLost) and (found.reason == "io" or not lifecycle.is_lost(flow)):
            after = lifecycle.not_judged(flow, found.reason, office.clock.now())
            steps.append(IncomingStep(before=flow, after=after))
            continue
        inspection = found if isinstance(found, Inspection) else None
        deliveries = _delivered(office, flow, inspection, told)
        for delivery in deliveries:
            if delivery.job:
                told[delivery.job].append(delivery)
        steps.append(IncomingStep(before=flow, after=lifecycle.sorted_out(flow), deliveries=deliveries))
    return office.take_in(steps)


def _looked_into(office: Reception, flows: Sequence[Incoming]) -> dict[str, Inspection | InspectionLost]:
    orders = [
        InspectionOrder(key=flow.id, path=office.spool / flow.id, size=flow.size, name=flow.name or "")
        for flow in flows
    ]
    return dict(pair for group in office.inspector.inspect(orders) for pair in group) if orders else {}


def _delivered(
    office: Reception, flow: Incoming, seen: Inspection | None, told: dict[str, list[Delivery]]
) -> tuple[Delivery, ...]:
    """What is laid into outboxes of one flow."""
    announced = lifecycle.announced_in(flow, seen)
    ids = [flow.tracking_id] if flow.tracking_id else []
    numbers = list(dict.fromkeys(said.about.number for said in announced if said.about.number))
    jobs = office.journal.subjects(office.account, ids, numbers) if announced else []
    earlier: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in office.journal.statuses([job.id for job in jobs]) if jobs else ():
        earlier[delivery.job or ""].append(delivery)
    for job in jobs:
        earlier[job.id] += told.get(job.id, [])
    return lifecycle.deliveries_of(flow, seen, jobs, earlier, office.receivers, office.clock.now())


def recover(office: Reception) -> None:
    """What a start makes of what the last run left: copies nobody needs go, suspects go alone."""
    suspects = [flow for flow in office.waiting(Stand.FETCHED, limit=1_000_000) if flow.tries == 0]
    office.take_in([IncomingStep(before=flow, after=replace(flow, tries=1)) for flow in suspects])
    copies = [path.name for path in office.spool.iterdir()] if office.spool.is_dir() else []
    unfinished = [name for name in copies if name.endswith(PART)]
    for name in [*unfinished, *office.journal.spent(copies)]:
        office.effects.unlink(office.spool / name)


# --------------------------------------------------------------------------- known whose → told
def prepare(world: World) -> int:
    """Write the files of deliveries where nobody reads yet, under names that nothing can object to later."""
    deliveries = world.incoming.deliveries(world.route, Phase.NOTED, world.batch, world.clock.now())
    jobs = {job.id: job for job in world.journal.jobs([each.job for each in deliveries if each.job])}
    told = {each.id: world.scribe.announce(each, _job_of(each, jobs)) for each in deliveries}
    names_of = world.reserve_names(
        [(of, folder, name) for of, (name, files) in told.items() for folder, _, _ in files]
    )

    def act(delivery: Delivery) -> tuple[tuple[ResultFile, ...], Touched]:
        files = [
            (f"{folder}/{names_of[delivery.id, folder]}{suffix}", content)
            for folder, suffix, content in told[delivery.id][1]
        ]
        return moves.stage(world.effects, world.folders, delivery, files)

    batch = world.effects.together(deliveries, act)
    ready = [
        DeliveryStep(before=each, after=replace(each, state=Phase.READY, result=files, waits_for=None))
        for each, files in batch.done
    ]
    return _deliver(world, [*ready, *(_later(world, each, error) for each, error in batch.failed)])


def deliver(world: World) -> int:
    """Let deliveries appear in the outbox, whole and once; then let go of the copies nobody needs."""
    ready = world.incoming.deliveries(world.route, Phase.READY, world.batch, world.clock.now())
    batch = world.effects.together(ready, lambda each: moves.publish(world.effects, world.folders, each))
    steps = []
    for delivery, _ in batch.done:
        steps.append(DeliveryStep(before=delivery, after=replace(delivery, state=Phase.PUBLISHED)))
        logger.info(
            "incoming.delivered",
            flow=delivery.flow_id,
            route=delivery.route,
            job=delivery.job,
            code=delivery.status.code if delivery.status else None,
        )
    for delivery, error in batch.failed:
        if isinstance(error, FileExistsError):  # somebody else's file: step aside, under a name all our own
            aside = tuple(
                replace(file, target=names.apart(file.target, delivery.id))
                if moves.is_staged(world.folders, file)
                else file
                for file in delivery.result
            )
            steps.append(DeliveryStep(before=delivery, after=replace(delivery, result=aside)))
        else:
            steps.append(_later(world, delivery, error))
    moved = _deliver(world, steps)
    for flow in world.incoming.spent([delivery.incoming for delivery, _ in batch.done]):
        world.effects.unlink(world.folders.spool / flow)
    return moved


def _deliver(world: World, steps: Sequence[DeliveryStep]) -> int:
    if steps:
        world.incoming.deliver(steps)
    return len(steps)


def _later(world: World, delivery: Delivery, error: OSError) -> DeliveryStep:
    """A file operation failed for this one delivery: say why, and try again later."""
    reason = policy.reason_of(error)
    logger.warning("incoming.put-off", flow=delivery.flow_id, state=delivery.state, error=str(error))
    until = world.clock.now() + policy.FILE_PAUSE
    return DeliveryStep(before=delivery, after=replace(delivery, not_before=until, waits_for=reason))


def _job_of(delivery: Delivery, jobs: dict[str, Job]) -> Job | None:
    return jobs.get(delivery.job) if delivery.job else None
