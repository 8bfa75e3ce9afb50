"""What a start makes of what the last run left behind. After it, the journey's own stages do the rest.

A run may have ended at any instruction. The journal says what was promised; the folders say what was done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from loguru import logger

from connector import admission, holding, moves, names, policy
from connector.effects import is_there
from connector.model import Job, State, Step
from connector.world import World

_FILE_STATES = (State.CLAIMED, State.OPENED, State.CONCLUDED, State.READY, State.PUBLISHED)
_MOST = 1_000_000  # jobs looked at in one go; a start must see them all


def recover(world: World) -> None:
    """Bring journal and folders of one route back together. Calling it again changes nothing more."""
    doubt_unanswered(world)
    suspect_uninspected(world)
    try_again_now(world)
    sweep_work(world)
    check_claims(world)
    sweep_copies(world)
    withdraw_holds(world)


def doubt_unanswered(world: World) -> None:
    """An attempt without an answer may have arrived: it is looked up before anything is sent again (H11)."""
    now = world.clock.now()
    world.commit(
        [
            Step(before=job, after=policy.in_doubt(job, "restart", now), detail={"why": "restart"})
            for job in world.take(State.SENDING, limit=_MOST)
        ]
    )


def suspect_uninspected(world: World) -> None:
    """One of the files that were to be looked into may be what ended the last run: each goes alone now (P04).

    Only that. The others must not be blamed for waiting, however often we are killed.
    """
    waiting = [job for job in world.take(State.SPOOLED, limit=_MOST) if job.tries == 0]
    world.commit(
        [Step(before=job, after=admission.tried_alone(job), detail={"why": "restart"}) for job in waiting]
    )


def try_again_now(world: World) -> None:
    """What was put off for trouble with files need not wait any longer: a start often follows a repair."""
    put_off = world.journal.take(world.route, _FILE_STATES, _MOST, policy.FAR_FUTURE)
    world.commit([Step(before=job, after=replace(job, not_before=None)) for job in put_off if job.not_before])


def sweep_work(world: World) -> None:
    """Adopt files that were claimed but not written down, and see to those of jobs that are over."""
    found = {}
    for path in _entries(world.folders.work):
        if (known := names.of_held(os.fsencode(path.name))) is not None:
            found[known[0]] = (path, known[1])
    recorded = {job.id: job for job in world.journal.jobs(list(found))}
    tidy_work(world, [job for job in recorded.values() if job.state in (State.DONE, State.VOID)])
    now = world.clock.now()
    steps = []
    for job_id, (path, name) in found.items():
        if job_id not in recorded:
            # The sub-folder it came from is not known any more; its name is, and so is all that matters.
            logger.info("claim.adopted", job=job_id, file=names.display(name))
            job = replace(world.new_job(name, path.lstat().st_size, now), id=job_id)
            steps.append(Step(before=None, after=job, detail={"why": "adopted"}))
    world.commit(steps)


def tidy_work(world: World, over: Sequence[Job]) -> None:
    """Files in work/ whose job is over: what is archived goes, anything else becomes a job of its own.

    An original is left when its archive is another file system (S16) and the run ended before it was removed;
    a file whose claim was given up may be seen again when its share is.
    """
    fx, folders, now = world.effects, world.folders, world.clock.now()
    steps = []
    for job in over:
        if job.state is State.DONE and not moves.has_late_bytes(folders, job):
            fx.unlink(folders.claimed(job))
        else:
            other = world.new_job(job.name, 0, now)
            moves.part_late_bytes(fx, folders, job, other)
            fx.sync_directory(folders.work)
            logger.warning("claim.late-bytes", job=job.id, late=other.id, file=names.display(job.name))
            steps.append(Step(before=None, after=other, detail={"late_bytes_of": job.id}))
    world.commit(steps)


def check_claims(world: World) -> None:
    """A claim whose file lies in the inbox again did not last (a share lost power): it is a drop again."""
    steps = []
    for job in world.journal.take(world.route, [State.CLAIMED], _MOST, policy.FAR_FUTURE):
        if moves.is_claimed(world.folders, job):
            continue
        back = is_there(world.folders.inbox / os.fsdecode(job.name))
        why = "claim came back" if back else "vanished"
        logger.log("WARNING" if back else "ERROR", "claim.lost", job=job.id, why=why)
        steps.append(Step(before=job, after=replace(job, state=State.VOID), detail={"why": why}))
    world.commit(steps)


def sweep_copies(world: World) -> None:
    """Remove private copies and staged results that no job will ask for again."""
    for path in _entries(world.folders.spool):
        if _is_left_over(world, path.name):
            world.effects.unlink(path)
    for path in _entries(world.folders.staging):
        owner = _owner(world, path.name.rpartition("-")[0])
        if owner not in (State.CONCLUDED, State.READY, None):
            world.effects.unlink(path)


def withdraw_holds(world: World) -> None:
    """Take back what the outbox says of holds that an operator has ended."""
    ended = world.journal.take(world.route, policy.OPEN, _MOST, policy.FAR_FUTURE)
    told = [job for job in ended if holding.is_told_no_more(job)]
    world.effects.together(told, lambda job: moves.withdraw(world.effects, world.folders, job))


def _is_left_over(world: World, job_id: str) -> bool:
    """Whether nobody needs this private copy: its job is done, or never came out of its bundle."""
    owner = _owner(world, job_id)
    if owner is None and (bundle := names.parent_of(job_id)) is not None:
        return _owner(world, bundle) not in (State.OPENED, None)
    return owner in (State.DONE, State.VOID)


def _owner(world: World, job_id: str) -> State | None:
    job: Job | None = next(iter(world.journal.jobs([job_id])), None)
    return job.state if job else None


def _entries(directory: Path) -> Iterator[Path]:
    try:
        found = sorted(directory.iterdir())
    except FileNotFoundError:
        return
    yield from found
