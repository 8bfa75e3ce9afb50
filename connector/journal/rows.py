"""A job as a row of the journal, and back."""

from __future__ import annotations

import json
from datetime import datetime

from connector.crosscheck import business_key, kin_key
from connector.model import Job, State
from connector.records import decode, encode

Cell = str | bytes | None


def stamp(at: datetime) -> str:
    """A time as text that sorts."""
    return at.isoformat(timespec="milliseconds")


def to_insert(job: Job) -> tuple[Cell, ...]:
    """A new job's cells, as `sql.INSERT_JOB` wants them."""
    return job.id, job.route, job.account, job.name, job.state, job.sha256, job.parent, _body(job)


def to_update(job: Job, before: State) -> tuple[Cell, ...]:
    """What changes of a job, as `sql.UPDATE_JOBS` wants it: what is asked for by SQL beside the whole."""
    return (
        job.id,
        before,
        job.state,
        stamp(job.not_before) if job.not_before else None,
        job.sha256,
        business_key(job.document),
        kin_key(job.document),
        job.document.number if job.document else None,
        job.tracking_id,
        job.flow_id,
        job.outcome,
        stamp(job.concluded_at) if job.concluded_at else None,
        _body(job),
    )


def from_arrays(bodies: str | None, file_names: str | None) -> list[Job]:
    """The jobs of a query that gives all bodies as one JSON array, and all names as one of hexadecimals."""
    if not bodies or not file_names:
        return []
    jobs = decode(list[Job], bodies)
    for job, name in zip(jobs, json.loads(file_names), strict=True):
        _name(job, bytes.fromhex(name))
    return jobs


def from_row(name: bytes, body: str) -> Job:
    job = decode(Job, body)
    _name(job, name)
    return job


def _body(job: Job) -> str:
    # JSON cannot hold a name that is not UTF-8 (N01); the name has its own column.
    return encode(Job, job, without="name")


def _name(job: Job, name: bytes) -> None:
    # Nobody has seen the object yet, so giving it its name in place changes nothing for anyone.
    object.__setattr__(job, "name", name)
