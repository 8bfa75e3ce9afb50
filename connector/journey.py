"""One file's journey from inbox to archive, stage by stage. READ THIS FIRST.

    claim → spool → inspect → send (→ reconcile) → follow → stage → publish → archive

Every stage takes a batch of jobs in its state from the journal, does their effects in the order of the crash
protocol, makes them durable together, and commits their new states in one transaction. A crash between two of
these leaves nothing that the same stages do not put right: recovery is `recovery.recover`, then this journey.

Rules are asked of `admission` and `policy`, effects on one file are in `moves`; a file that fails is put off
alone, and the others go on. Each stage returns how many jobs it moved.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from loguru import logger

from connector import admission, crosscheck, lifecycle, moves, names, policy, reachability
from connector.effects import Touched
from connector.errors import Deferrable
from connector.model import Inspection, InspectionLost, InspectionOrder, Job, Outcome, ResultFile, State, Step
from connector.ports import FlowJournal, Platform
from connector.world import World, in_order, trace_of

ANSWER_WAIT = 0.05  # seconds that `send` waits for a first answer; what comes later is taken next time
DECIDED_TOGETHER = 50  # inspected documents whose fate is written down in one transaction
FEW = 20  # questions asked one by one in one round


# --------------------------------------------------------------------------- inbox → ours
def claim(world: World) -> int:
    """Rename whole files out of the inbox into work/, then write down that they are ours."""
    now = world.clock.now()
    drops = [(world.new_job(drop.name, drop.size, now), drop) for drop in world.drops.ready(world.batch)]
    batch = world.effects.together(drops, lambda item: moves.claim(world.effects, world.folders, *item))
    for (_, drop), ours in batch.done:
        if not ours:
            world.drops.give_back(drop)
    for (_, drop), error in batch.failed:
        logger.warning("claim.failed", file=names.display(drop.name), error=str(error))
        world.drops.give_back(drop)
    return world.commit([Step(before=None, after=job) for (job, _), ours in batch.done if ours])


def spool(world: World) -> int:
    """Freeze the bytes of claimed files in private copies, and learn their SHA-256."""
    jobs = world.take(State.CLAIMED)
    batch = world.effects.together(jobs, lambda job: moves.spool(world.effects, world.folders, job))
    now = world.clock.now()
    steps = []
    for job, copied in batch.done:
        frozen = replace(job, size=copied.size, sha256=copied.sha256, state=State.SPOOLED, waits_for=None)
        still_written = policy.deferred(job, "still-written", now, world.rules.quiet)
        steps.append(Step(before=job, after=frozen if copied.steady else still_written))
    for job, error in batch.failed:
        if isinstance(error, FileNotFoundError) and not moves.is_claimed(world.folders, job):
            logger.error("claim.vanished", job=job.id, file=names.display(job.name))
            steps.append(Step(before=job, after=replace(job, state=State.VOID), detail={"why": "vanished"}))
        else:
            steps.append(world.put_off(job, error))
    return world.commit(steps)


# --------------------------------------------------------------------------- ours → known
def inspect(world: World) -> int:
    """Have the frozen bytes recognised and validated, and decide what each document may do next."""
    now = world.clock.now()
    judged = [(job, admission.judged_unseen(job, world.rules, now)) for job in world.take(State.SPOOLED)]
    moved = world.commit([Step(before=job, after=after) for job, after in judged if after is not None])
    unseen = [job for job, after in judged if after is None]
    moved += _inspect_together(world, [job for job in unseen if job.tries == 0])
    for suspect in sorted((job for job in unseen if job.tries > 0), key=lambda job: job.tries):
        # Somebody died with this one perhaps in hand. Alone, counted before the risk, and behind those less
        # suspect, only the guilty one comes to three (P04).
        alone = admission.tried_alone(suspect)
        world.commit([Step(before=suspect, after=alone)])
        moved += _inspect_together(world, [alone])
    return moved


def _inspect_together(world: World, jobs: Sequence[Job]) -> int:
    by_id = {job.id: job for job in jobs}
    orders = [
        InspectionOrder(
            key=job.id,
            path=world.folders.spooled(job),
            size=job.size,
            name=os.fsdecode(job.name),
            rules=world.rules.business_rules,
        )
        for job in jobs
    ]
    groups = in_order([order.key for order in orders], world.inspector.inspect(orders), DECIDED_TOGETHER)
    return sum(_decide(world, [(by_id[key], seen) for key, seen in group]) for group in groups)


def _decide(world: World, seen: Sequence[tuple[Job, Inspection | InspectionLost]]) -> int:
    """Decide and commit under one lock, so that of two equal documents the one taken first goes first."""
    keys = {job.id: crosscheck.keys_of(inspection) for job, inspection in seen}
    digests = [job.sha256 for job, _ in seen if job.sha256]
    steps: list[Step] = []
    with world.journal.deciding():
        known = world.journal.twins(world.route, digests, list(chain.from_iterable(keys.values())))
        for job, inspection in seen:
            others = [*known, *(step.after for step in steps)]
            twins = crosscheck.twins_among(others, job, keys[job.id])
            after = admission.inspected(job, inspection, twins, world.rules, world.clock.now())
            steps.append(Step(before=job, after=after))
        return world.commit(steps)


# --------------------------------------------------------------------------- known → at the platform
def send(world: World) -> int:
    """Write down the answers that have come, and hand the next documents to the gateway, intent first.

    Never waits for a slow answer: what is under way stays under way, and is answered in a later call.
    """
    answers = _answered(world, ANSWER_WAIT)
    room = world.courier.room()
    now = world.clock.now()
    jobs = world.take(State.VALID, limit=room) if room else []
    jobs = [job for job in jobs if not reachability.is_due(job, world.recipient_rules)]
    numbers = world.numbers_of(jobs)
    intents = [Step(before=job, after=policy.intent(job, now)) for job in jobs]
    moved = world.commit([*answers, *intents])
    world.unwritten.clear()
    world.courier.hand_over([world.parcel(step.after, numbers) for step in intents])
    return moved


def collect(world: World, wait: float) -> int:
    """Write down the answers that have come, waiting at most `wait` seconds for a first one; send nothing."""
    moved = world.commit(_answered(world, wait))
    world.unwritten.clear()
    return moved


def _answered(world: World, wait: float) -> list[Step]:
    # Kept until they are written down: an answer that a full disk keeps from the journal is not given twice.
    world.unwritten.update(world.courier.answers(0.0 if world.unwritten else wait))
    now = world.clock.now()
    return [
        Step(
            before=job,
            after=policy.answered(job, world.unwritten[job.id], world.lookup_rules, now),
            detail=trace_of(world.unwritten[job.id]),
        )
        for job in world.journal.jobs(list(world.unwritten))
    ]


def reconcile(world: World) -> int:
    """Ask the platform about deposits whose end nobody knows. Nothing is sent again before it answered."""
    jobs = world.take(State.UNKNOWN, limit=FEW)
    numbers = world.numbers_of(jobs)
    answers = dict(world.courier.look_up([world.parcel(job, numbers) for job in jobs])) if jobs else {}
    now = world.clock.now()
    steps = [
        Step(
            before=job,
            after=policy.looked_up(job, answers[job.id], world.lookup_rules, now),
            detail={"look_up": type(answers[job.id]).__name__.lower()},
        )
        for job in jobs
    ]
    world.commit(steps)
    # To be asked again later is no movement: a run that ends when nothing moves must come to its end.
    return sum(step.after.state is not State.UNKNOWN for step in steps)


def follow(
    platform: Platform, account: str, journal: FlowJournal, worlds: Sequence[World], overlap: float
) -> int:
    """Learn from the platform what became of its flows: one call for an account, whatever its routes.

    Args:
        overlap: seconds asked again behind the stored cursor, because platforms show some flows late.
    Raises:
        Deferrable, AuthenticationFailed: the platform cannot be asked now.
    """
    try:
        moved = _poll(platform, account, journal, worlds, overlap)
    except Deferrable:  # a list that cannot be had must not keep single flows from being asked for
        sum(_ask_one_by_one(platform, world) for world in worlds)
        raise
    return moved + sum(_ask_one_by_one(platform, world) for world in worlds)


def _poll(
    platform: Platform, account: str, journal: FlowJournal, worlds: Sequence[World], overlap: float
) -> int:
    moved, more = 0, True
    while more:
        now = worlds[0].clock.now()
        page = platform.poll(journal.cursor(account), now - worlds[0].lookup_rules.look_back, overlap)
        jobs = {job.flow_id: job for job in journal.awaited(account, [flow.flow_id for flow in page.flows])}
        steps = {}
        for flow in page.flows:
            job = jobs.get(flow.flow_id)
            after = policy.reported(job, flow, now) if job else None
            if job and after:
                steps[job.id] = Step(before=job, after=after, detail={"acknowledgement": flow.raw_ack})
        came = [lifecycle.seen(flow, account, worlds[0].new_id(now), now) for flow in page.incoming]
        journal.commit_page(account, page.cursor, list(steps.values()), came)
        moved, more = moved + len(steps), page.more
    return moved


def _ask_one_by_one(platform: Platform, world: World) -> int:
    """Ask for flows that the poll has not told of for a while: a lost cursor must not lose an answer."""
    steps = []
    for job in world.take(State.RECEIVED, limit=FEW):
        assert job.flow_id is not None
        flow, now = platform.acknowledgement(job.flow_id), world.clock.now()
        after = policy.reported(job, flow, now) if flow else None
        waiting = policy.unanswered(job, flow, world.lookup_rules, now)
        steps.append(Step(before=job, after=after or waiting))
    return world.commit(steps)


# --------------------------------------------------------------------------- known → told → archived
def stage(world: World) -> int:
    """Write result files where nobody reads yet, under names that nothing can object to later."""
    jobs = world.take(State.CONCLUDED)
    composed = {job.id: world.compose(job) for job in jobs}
    names_of = world.reserve([(job, folder) for job in jobs for folder, _, _ in composed[job.id]])

    def act(job: Job) -> tuple[tuple[ResultFile, ...], Touched]:
        files = [
            (f"{folder}/{names_of[job.id, folder]}{suffix}", content)
            for folder, suffix, content in composed[job.id]
        ]
        return moves.stage(world.effects, world.folders, job, files)

    batch = world.effects.together(jobs, act)
    ready = [
        Step(before=job, after=replace(job, state=State.READY, result=files)) for job, files in batch.done
    ]
    return world.commit([*ready, *(world.put_off(job, error) for job, error in batch.failed)])


def publish(world: World) -> int:
    """Let results appear in the outbox, whole and once."""
    jobs = world.take(State.READY)
    batch = world.effects.together(jobs, lambda job: moves.publish(world.effects, world.folders, job))
    steps = []
    for job, _ in batch.done:
        state = State.HELD if job.outcome is Outcome.HELD else State.PUBLISHED
        steps.append(Step(before=job, after=replace(job, state=state, waits_for=None, not_before=None)))
        logger.info("job.concluded", job=job.id, route=job.route, outcome=job.outcome, flow=job.flow_id)
    for job, error in batch.failed:
        if isinstance(error, FileExistsError):  # somebody else's file: step aside, under a name all our own
            aside = tuple(
                replace(file, target=names.apart(file.target, job.id))
                if moves.is_staged(world.folders, file)
                else file
                for file in job.result
            )
            steps.append(Step(before=job, after=replace(job, result=aside)))
        else:
            steps.append(world.put_off(job, error))
    return world.commit(steps)


def archive(world: World) -> int:
    """Move originals to where they stay, and tidy up. Late bytes become a job of their own (A05)."""
    fx, folders = world.effects, world.folders
    looked = fx.together(
        world.take(State.PUBLISHED), lambda job: (moves.has_late_bytes(folders, job), Touched())
    )
    now = world.clock.now()
    late = [(job, world.new_job(job.name, 0, now)) for job, is_late in looked.done if is_late]
    parted = fx.together(late, lambda pair: moves.part_late_bytes(fx, folders, *pair))
    for (job, other), _ in parted.done:
        logger.warning("claim.late-bytes", job=job.id, late=other.id, file=names.display(job.name))
    moved = world.commit(
        [Step(before=None, after=other, detail={"late_bytes_of": job.id}) for (job, other), _ in parted.done]
    )
    # Only what is known to hold the job's own bytes may be archived as the job's original.
    clean = [job for job, is_late in looked.done if not is_late] + [job for (job, _), _ in parted.done]
    archived = fx.together(clean, lambda job: moves.archive(fx, folders, job))
    troubles = [
        *looked.failed,
        *((job, error) for (job, _), error in parted.failed),
        *archived.failed,
    ]
    done = [Step(before=job, after=replace(job, state=State.DONE)) for job, _ in archived.done]
    moved += world.commit([*done, *(world.put_off(job, error) for job, error in troubles)])
    tidied = fx.together([job for job, _ in archived.done], lambda job: moves.tidy(fx, folders, job))
    for job, error in tidied.failed:
        logger.warning("job.not-tidied", job=job.id, error=str(error))
    return moved
