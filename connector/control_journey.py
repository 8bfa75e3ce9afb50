"""What people want, told by files and moves in the folders, carried out beside the journey.

    intake lane    heed       pauses, and requests to cancel what was not looked into yet; answers to requests
    sending lane   call off   what was to be sent next, or is held and never was
    closing lane   clear      old answers, once the same document came again and was taken
    a chore        settle     refused documents, and statuses, whose texts somebody has put away

A request is a file and stays until it is answered, so any of this may end anywhere and is done again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from connector import controls, moves, names, wishes
from connector.controls import Answer, Request
from connector.effects import Touched, is_there
from connector.model import Job, State, Step
from connector.world import World

_WHY: dict[str, str | int | float | None] = {"why": "operator", "by": "file"}


# --------------------------------------------------------------------------- pauses and cancellations
def heed(world: World) -> int:
    """Write down pauses; cancel what lies before its inspection; answer requests that are over."""
    if world.controls.pause(world.route, world.drops.is_paused):
        logger.info("route.paused" if world.drops.is_paused else "route.resumed", route=world.route)
    return sum(_heed(world, request) for request in world.drops.requests())


def call_off(world: World) -> int:
    """Cancel what was to be sent next, and what is held and was never sent."""
    return sum(
        _cancel(world, [job for job in _targets(world, request)[1] if job.state in (State.VALID, State.HELD)])
        for request in world.drops.requests()
    )


def _heed(world: World, request: Request) -> int:
    """One request, by the lane that takes files: nobody can take its target in between."""
    if not is_there(world.folders.inbox / os.fsdecode(request.name)):
        return 0  # answered since the latest scan, or taken back
    target, jobs = _targets(world, request)
    moved = _cancel(world, [job for job in jobs if job.state in (State.SPOOLED, State.VETTED)])
    if moved:
        return moved
    in_inbox = is_there(world.folders.inbox / os.fsdecode(request.target))
    if target is None and not in_inbox and request.is_old:  # a look at all there ever were
        target = world.controls.latest(world.route, request.target, under_way=False)
    documents = world.bundles.documents(target.id) if target is not None and target.documents else ()
    answer = wishes.answered(request, target, documents, in_inbox=in_inbox)
    if answer is not Answer.WAIT:
        _close(world, request, target, answer)
    return 0


def _targets(world: World, request: Request) -> tuple[Job | None, Sequence[Job]]:
    """What a request is about among the jobs that are not over: the job, and those to be called off now."""
    target = world.controls.latest(world.route, request.target, under_way=True)
    if target is None:
        return None, ()
    jobs = world.bundles.documents(target.id) if target.documents else [target]
    return target, [job for job in jobs if wishes.can_be_called_off(job)]


def _cancel(world: World, jobs: Sequence[Job]) -> int:
    now = world.clock.now()
    steps = [Step(before=job, after=wishes.called_off(job, now), detail=_WHY) for job in jobs]
    moved = world.commit(steps)
    # What the outbox said of a hold is not true any more.
    batch = world.effects.together(
        [step.after for step in steps], lambda job: moves.withdraw(world.effects, world.folders, job)
    )
    for job, error in batch.failed:
        logger.warning("answer.not-cleared", job=job.id, error=str(error))
    for step in steps:
        logger.info("job.called-off", job=step.after.id, file=names.display(step.after.name))
    return moved


def _close(world: World, request: Request, target: Job | None, answer: Answer) -> None:
    """Say why nothing was cancelled, if so; then the request goes."""
    if answer is not Answer.DONE:
        path, content = world.letters.not_cancelled(request.target, target, answer)
        letter = world.folders.outbox / path
        staged = world.folders.staging / f"{request.target.hex()[:60]}-letter"
        moves.put_letter(world.effects, staged, letter, content)
    facts = {"file": names.display(request.target), "answer": answer.value, "route": world.route}
    world.controls.note(target.id if target else "", "cancel-asked", facts)
    world.effects.unlink(world.folders.inbox / os.fsdecode(request.name))
    logger.info("cancel.answered", **facts)


# --------------------------------------------------------------------------- old answers
def clear(world: World) -> int:
    """Take back what was said of refused documents that came again: the new one has its own answer."""
    replaced = world.controls.replaced(world.route)
    batch = world.effects.together(replaced, lambda job: _put_away(world, job))
    for job, error in batch.failed:
        logger.warning("answer.not-cleared", job=job.id, error=str(error))
    if batch.done:
        world.controls.settle([job.id for job, _ in batch.done], "replaced")
    return 0  # no job has moved


def settle(world: World) -> None:
    """Write down what somebody has seen to, refused documents and statuses that ask for something.

    What is left of the answers to a refused document is taken back; statuses stay where they are.

    Raises:
        OSError: the folders cannot be read now; nothing follows from that.
    """
    jobs = world.controls.unsettled(world.route)
    statuses = world.incoming.unsettled_statuses(world.route)
    targets = {target for job in jobs for target in wishes.read_by_people(job)}
    targets |= {status.text for status in statuses if status.text}
    folders = {target.rpartition("/")[0] for target in targets}
    there, treated = set[str](), set[str]()
    for folder in folders:
        # A folder that is gone is more likely a share that is not mounted: nobody has settled anything.
        path = world.folders.outbox / folder
        if not is_there(path):
            return
        there |= {f"{folder}/{name}" for name in _names_in(path)}
        for name in controls.TREATED.values():
            treated |= _names_in(path / name)
    for job, how in wishes.settled(jobs, there, treated):
        put_away = world.effects.together([job], lambda job: _put_away(world, job))
        if put_away.done and world.controls.settle([job.id], how):
            logger.info("job.settled", job=job.id, how=how)
    for status, how in wishes.settled_statuses(statuses, there, treated):
        if world.incoming.settle_statuses([status], how):
            logger.info("status.settled", delivery=status.id, job=status.job, how=how)


def _put_away(world: World, job: Job) -> tuple[None, Touched]:
    return moves.withdraw(world.effects, world.folders, job, moved_to=world.folders.inbox)


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
