"""What an inspector asks for: is the history whole, are the originals what was sent, and give me a copy.

The archive is evidence and convenience; it is not an archiving system in the sense of NF Z42-013.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from connector import names
from connector.cells import neutral
from connector.journal import JournalView
from connector.journal.view import Line
from connector.model import Job, State
from connector.moves import Folders

_PIECE = 1024 * 1024
_COLUMNS = (
    "job",
    "route",
    "file",
    "number",
    "outcome",
    "taken_at",
    "concluded_at",
    "flow_id",
    "tracking_id",
    "sha256",
    "original",
    "original_state",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as the journal says."""

    kind: str  # "chain", "original-missing", "original-altered"
    about: str  # the event's number, or the job
    path: str = ""


def verify(view: JournalView, folders: Mapping[str, Folders]) -> Iterator[Fault]:
    """Hold the history against its chain, and each archived original against its SHA-256.

    Args:
        folders: of each route; jobs of other routes are not looked for on the disk.
    Raises:
        OSError: an original is there and cannot be read.
        JournalDamaged: the journal cannot be read.
    """
    broken = view.first_break()
    if broken is not None:
        yield Fault(kind="chain", about=str(broken))
    for job in view.jobs(states=(State.DONE,), limit=-1):
        if job.parent is not None or job.route not in folders:  # a document of an archive has no file
            continue
        state, path = _original(folders[job.route], job)
        if state != "sound":
            yield Fault(kind=f"original-{state}", about=job.id, path=str(path))


def export(
    view: JournalView, folders: Mapping[str, Folders], since: datetime, until: datetime, target: Path
) -> tuple[int, list[Fault]]:
    """Write a zip with all that happened in a span of time, to be read without this program.

    It holds `documents.csv`, `history.jsonl` (every event, with its link of the chain), the originals and the
    results that are still there, and `SHA256SUMS` of all of them.

    Args:
        since, until: the span; `until` does not belong to it.
        target: must not exist; appears once it is whole.
    Returns:
        how many documents, and the faults of their originals.
    Raises:
        FileExistsError: the target exists.
        OSError: something cannot be read or written.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists")
    lines = list(view.lines(since, until))
    jobs = view.jobs_by_id(sorted({line.job for line in lines}))
    fresh = target.with_name(f".{target.name}.part")
    try:
        faults = _write(fresh, lines, jobs, folders)
        fresh.rename(target)
    finally:
        fresh.unlink(missing_ok=True)
    return len(jobs), faults


def _write(
    path: Path, lines: Sequence[Line], jobs: Sequence[Job], folders: Mapping[str, Folders]
) -> list[Fault]:
    faults: list[Fault] = []
    rows: list[dict[str, str]] = []
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as packed:
        sums = _Sums(packed)
        for job in jobs:
            row = _row(job)
            if job.route in folders and job.parent is None and job.state is State.DONE:
                row["original_state"], source = _original(folders[job.route], job)
                if row["original_state"] == "sound":
                    row["original"] = f"originals/{job.id}__{_plain(names.display(job.name))}"
                    sums.add_file(row["original"], source)
                else:
                    faults.append(
                        Fault(kind=f"original-{row['original_state']}", about=job.id, path=str(source))
                    )
            if job.route in folders:
                _add_results(sums, folders[job.route], job)
            rows.append(row)
        sums.add("documents.csv", _table(rows))
        sums.add("history.jsonl", "".join(_event(line) for line in lines).encode())
        packed.writestr("SHA256SUMS", sums.text())
    return faults


class _Sums:
    """Adds files to the zip and remembers the SHA-256 of each."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._sums: list[tuple[str, str]] = []

    def add(self, name: str, content: bytes) -> None:
        self._packed.writestr(name, content)
        self._sums.append((hashlib.sha256(content).hexdigest(), name))

    def add_file(self, name: str, source: Path) -> None:
        digest = hashlib.sha256()
        with source.open("rb") as read, self._packed.open(name, "w") as written:
            while piece := read.read(_PIECE):
                digest.update(piece)
                written.write(piece)
        self._sums.append((digest.hexdigest(), name))

    def text(self) -> str:
        return "".join(f"{digest}  {name}\n" for digest, name in sorted(self._sums, key=lambda one: one[1]))


def _original(folders: Folders, job: Job) -> tuple[str, Path]:
    path = folders.archived(job)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing", path
    return ("sound" if digest == job.sha256 else "altered"), path


def _add_results(sums: _Sums, folders: Folders, job: Job) -> None:
    """Those that nobody has taken away; an ERP may have."""
    for file in job.result:
        path = folders.outbox / file.target
        if path.is_file():
            sums.add_file(f"results/{job.id}/{_plain(PurePosixPath(file.target).name)}", path)


def _row(job: Job) -> dict[str, str]:
    return {
        "job": job.id,
        "route": job.route,
        "file": names.display(job.name),
        "number": (job.document.number if job.document else None) or "",
        "outcome": str(job.outcome or ""),
        "taken_at": job.claimed_at.isoformat(),
        "concluded_at": job.concluded_at.isoformat() if job.concluded_at else "",
        "flow_id": job.flow_id or "",
        "tracking_id": job.tracking_id or "",
        "sha256": job.sha256 or "",
        "original": "",
        "original_state": "",
    }


def _table(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: neutral(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _event(line: Line) -> str:
    told = {
        "seq": line.seq,
        "at": line.at,
        "job": line.job,
        "kind": line.kind,
        "body": line.body,
        "hash": line.hash,
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _plain(name: str) -> str:
    """A name that can lie inside a zip: no way out of its folder."""
    return name.replace("/", "_").replace("\\", "_").lstrip(".") or "_"
