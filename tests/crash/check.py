"""The invariants I1 to I11, judged from outside: from folders, bytes, rows, the platform's ledger, results.

What the product says of itself counts only where it is compared with what others saw.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from connector.journal.chain import first_break
from connector.policy import STEPS
from connector.simulator import Flow
from tests.crash.others import visible_name
from tests.crash.place import SECRET, Place
from tests.crash.plans import Plan
from tests.crash.shapes import Dropped, Packed, Shape
from tests.crash.spec import Ended, Violation

_ENDS = frozenset({"done", "held", "void"})
# Of several documents in one archive: the first of these that one ended as is what the archive ended as.
_WORST_FIRST = (
    "held",
    "rejected_by_platform",
    "inadmissible",
    "rejected_before_sending",
    "unreadable",
    "cancelled",
)
NOTES = {"settled", "paused", "resumed", "cancel-asked"}  # in the history, and no step of a job
_MOST_LOG = 200_000  # bytes that the log of a run may have


@dataclass(frozen=True)
class Evidence:
    """What is known after a run."""

    place: Place
    shape: Shape
    plan: Plan
    mode: str
    flows: tuple[Flow, ...]  # the platform's ledger
    lives: tuple[Ended, ...]
    deeds: int  # bits: what the writer did

    # ------------------------------------------------------------------ what was put in
    @cached_property
    def inputs(self) -> Counter[str]:
        """SHA-256 of what must be kept: of each file what was in it at the end, and what came out of it."""
        final = {(file.route, file.name): file.content for file in self.shape.files}
        for number, deed in enumerate(self.shape.deeds):
            if self.deeds >> number & 1:
                final["ventes", deed.name] = deed.content
        return Counter(map(_sha256, final.values())) + Counter(
            _sha256(document.content) for document in self.documents if document.comes_out
        )

    @property
    def documents(self) -> list[Packed]:
        """All that is in archives."""
        return [document for file in self.shape.files for document in file.documents]

    @cached_property
    def outgrown(self) -> Counter[str]:
        """SHA-256 of the contents that files had before their writer went on: each may be kept, or not."""
        first = {file.name: file.content for file in self.shape.files if file.route == "ventes"}
        done = [deed for number, deed in enumerate(self.shape.deeds) if self.deeds >> number & 1]
        return Counter(_sha256(first[deed.name]) for deed in done)

    # ------------------------------------------------------------------ what is there
    @cached_property
    def _rows(self) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(self.place.journal)) as db:
            jobs = [
                json.loads(body) | {"file": name, "parent": parent}
                for name, parent, body in db.execute("SELECT name, parent, body FROM job ORDER BY seq")
            ]
            events = db.execute("SELECT seq, at, job, kind, body, hash FROM event ORDER BY seq").fetchall()
        return jobs, events

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The rows of the journal that stand for a file."""
        return [job for job in self._rows[0] if job["state"] != "void"]

    @property
    def letters(self) -> list[dict[str, Any]]:
        """The rows that stand for a document, which an archive of documents does not."""
        bundles = {(file.route, file.name) for file in self.shape.files if file.documents}
        return [job for job in self.jobs if (job["route"], os.fsdecode(job["file"])) not in bundles]

    @property
    def every_job(self) -> list[dict[str, Any]]:
        return self._rows[0]

    @property
    def events(self) -> list[tuple[Any, ...]]:
        return self._rows[1]

    @cached_property
    def settled(self) -> set[str]:
        """Refused jobs whose answers were taken back because the same document came again and was taken."""
        return {job for _, _, job, kind, _, _ in self.events if kind == "settled"}

    @cached_property
    def delivered(self) -> dict[str, list[bytes]]:
        """Visible name → contents, as they came into the consumer's hands."""
        found: defaultdict[str, list[bytes]] = defaultdict(list)
        for path in sorted(self.place.taken.iterdir()):
            found["/".join(visible_name(path.name))].append(path.read_bytes())
        return found

    @cached_property
    def results(self) -> dict[str, dict[str, Any]]:
        """Visible name → what a machine reads in it."""
        return {
            name: json.loads(contents[0])
            for name, contents in self.delivered.items()
            if name.endswith(".json")
        }

    def files_in(self, folder: Path) -> list[Path]:
        return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def violations(seen: Evidence) -> Iterator[Violation]:
    """Every broken promise. A life that did not come to rest is told alone: nothing follows from the rest."""
    early = [*_ended_badly(seen.lives)]
    if early:
        yield from early
        return
    for rule, check in CHECKS.items():
        try:
            for words in check(seen):
                yield Violation(rule=rule, seen=words)
        except (OSError, ValueError, KeyError, sqlite3.Error) as error:
            yield Violation(rule=rule, seen=f"cannot be judged: {type(error).__name__}: {error}")


def _ended_badly(lives: Sequence[Ended]) -> Iterator[Violation]:
    for number, life in enumerate(lives):
        if bug := life.report.get("bug"):
            yield Violation(rule="bug", seen=f"life {number}: {bug}")
        elif os.WIFSIGNALED(life.status) and os.WTERMSIG(life.status) != 9:
            yield Violation(rule="I9", seen=f"life {number} ended by signal {os.WTERMSIG(life.status)}")
        elif os.WIFEXITED(life.status) and os.WEXITSTATUS(life.status):
            yield Violation(rule="harness", seen=f"life {number} ended with {life.status}")
    if lives and not lives[-1].rested:
        yield Violation(rule="I9", seen=f"nothing settles: {lives[-1].report}")


def kept_waiting(place: Place, broken: str) -> Iterator[Violation]:
    """I9 of a life in which one file is broken: whatever was done with it, the others went on."""
    with closing(sqlite3.connect(place.journal)) as db:
        rows = db.execute("SELECT name, state FROM job").fetchall()
    ended = {os.fsdecode(name) for name, state in rows if state in _ENDS}
    waiting = {os.fsdecode(name) for name, _ in rows} - ended - {broken}
    if waiting or not ended:
        yield Violation(rule="I9 others go on", seen=f"{sorted(waiting)} waited for {broken}")


# --------------------------------------------------------------------------- the invariants
def _conservation(seen: Evidence) -> Iterator[str]:
    held = {job["id"]: job for job in seen.jobs if job["state"] == "held"}
    kept: Counter[str] = Counter()
    # A held document of an archive has no other file than its private copy.
    mine = [seen.place.state / "spool" / job["id"] for job in held.values() if job["parent"]]
    kept.update(_sha256(path.read_bytes()) for path in mine if path.exists())
    for route in seen.shape.routes:
        kept.update(_sha256(path.read_bytes()) for path in seen.files_in(seen.place.archive_of(route)))
        for path in seen.files_in(seen.place.work_of(route)):
            if _owner(path) in held:
                kept[_sha256(path.read_bytes())] += 1
        for path in seen.files_in(seen.place.archive_of(route)):
            spoken_of = {
                result["file"]["sha256"] for result in seen.results.values() if result["id"] == _owner(path)
            }
            if spoken_of - {_sha256(path.read_bytes())}:
                yield f"archived as {path.name} is not what its result speaks of"
    if lost := seen.inputs - kept:
        yield f"lost: {_short(lost)}; kept: {_short(kept)}"
    if strange := kept - seen.inputs - seen.outgrown:
        yield f"kept, and never dropped: {_short(strange)}"


def _ledger(seen: Evidence) -> Iterator[str]:
    archives = Counter(_sha256(file.content) for file in seen.shape.files if file.documents)
    known = seen.inputs + seen.outgrown - archives
    good = Counter(flow.sha256 for flow in seen.flows if flow.acknowledgement.status != "Error")
    for sha256, count in good.items():
        if sha256 not in known:
            yield f"the platform has a content that no file ever had: {sha256[:8]}"
        if count > 1:
            yield f"the platform accepted {sha256[:8]} {count} times"
    accepted = Counter(job["sha256"] for job in seen.letters if job["outcome"] == "accepted")
    if extra := accepted - good:
        yield f"told as accepted, and not at the platform: {_short(extra)}"
    if secret := good - accepted - Counter(job["sha256"] for job in seen.letters if job["outcome"] == "held"):
        yield f"at the platform, and told otherwise: {_short(secret)}"


def _one_result_each(seen: Evidence) -> Iterator[str]:
    told = Counter(result["id"] for result in seen.results.values())
    wanted = Counter(job["id"] for job in seen.jobs)
    if told - wanted or set(wanted - told) - seen.settled:
        yield f"results for {dict(told)}, jobs {dict(wanted)}, settled {sorted(seen.settled)}"
    for name, contents in seen.delivered.items():
        if len(contents) > 1 and (seen.mode == "kill" or len(set(contents)) > 1):
            yield f"{name} was delivered {len(contents)} times, {len(set(contents))} contents"
    bodiless = sum(not document.comes_out for document in seen.documents)
    fewest, most = seen.inputs.total() + bodiless, (seen.inputs + seen.outgrown).total() + bodiless
    if not fewest <= len(seen.jobs) <= most:
        yield f"{len(seen.jobs)} jobs for {fewest} to {most} contents"


def _results_as_recorded(seen: Evidence) -> Iterator[str]:
    delivered = {name: _sha256(contents[0]) for name, contents in seen.delivered.items()}
    recorded = {
        f"{job['route']}/{file['target']}": file["sha256"]
        for job in seen.jobs
        for file in job["result"]
        if job["id"] not in seen.settled or f"{job['route']}/{file['target']}" in delivered
    }
    if delivered != recorded:
        wrong = delivered.items() ^ recorded.items()
        yield f"delivered is not what is recorded: {sorted((name, digest[:8]) for name, digest in wrong)}"
    outcomes = {job["id"]: job["outcome"] for job in seen.jobs}
    for name, result in seen.results.items():
        if result["outcome"] != outcomes.get(result["id"]):
            yield f"{name} says {result['outcome']}, the journal {outcomes.get(result['id'])}"


def _flows_as_told(seen: Evidence) -> Iterator[str]:
    flows = {flow.flow_id: flow for flow in seen.flows}
    letters = {job["id"] for job in seen.letters}
    for name, result in seen.results.items():
        flow_id = (result.get("platform") or {}).get("flow_id")
        if flow_id is None:
            if result["outcome"] == "accepted" and result["id"] in letters:
                yield f"{name} is accepted and names no flow"
        elif flow_id not in flows or flows[flow_id].sha256 != result["file"]["sha256"]:
            yield f"{name} names flow {flow_id}, which is another's"


def _nothing_left(seen: Evidence) -> Iterator[str]:
    held = {job["id"] for job in seen.jobs if job["state"] == "held"}
    place = seen.place
    for route in seen.shape.routes:
        for what, folder in (("inbox", place.inbox_of(route)), ("outbox", place.outbox_of(route))):
            if left := seen.files_in(folder):
                yield f"left in {what}: {[path.name for path in left]}"
        work = {_owner(path) for path in place.work_of(route).iterdir()}
        waiting = [job for job in seen.jobs if job["state"] == "held" and not job["parent"]]
        ours = {job["id"] for job in waiting if job["route"] == route}
        if work != ours:
            yield f"in work: {sorted(work)}, held: {sorted(ours)}"
        for path in seen.files_in(place.archive_of(route)):
            if path.name.startswith("."):
                yield f"left in archive: {path.name}"
    spool = {path.name for path in (place.state / "spool").iterdir()}
    if spool != held:
        yield f"in spool: {sorted(spool)}, held: {sorted(held)}"
    if unsettled := [job["id"] for job in seen.every_job if job["state"] not in _ENDS]:
        yield f"not settled: {unsettled}"


def _history(seen: Evidence) -> Iterator[str]:
    if (broken := first_break(seen.events)) is not None:
        yield f"the chain breaks at event {broken}"
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for _, _, job, kind, _, _ in seen.events:
        if kind not in NOTES:
            paths[job].append(kind)
    states = {job["id"]: job["state"] for job in seen.every_job}
    if states != {job: path[-1] for job, path in paths.items()}:
        yield f"rows {states}, histories {dict(paths)}"
    graph = {str(state): {str(after) for after in following} for state, following in STEPS.items()}
    parents = {job["id"]: job["parent"] for job in seen.every_job}
    for job, path in paths.items():
        steps = zip(["start", *path], path, strict=False)
        allowed = graph | {"start": {"spooled" if parents.get(job) else "claimed"}}
        if wrong := [f"{before} → {after}" for before, after in steps if after not in allowed[before]]:
            yield f"{job} went {wrong}"


def _outcomes(seen: Evidence) -> Iterator[str]:
    good = {"accepted", *seen.plan.outcomes}
    ends = {(file.route, file.name): file.ends for file in seen.shape.files}
    for file in seen.shape.files:
        ends |= {(file.route, f"{file.name}/{document.name}"): document.ends for document in file.documents}
    for job in seen.letters:
        allowed = ends[job["route"], os.fsdecode(job["file"])]
        meant = (good if "good" in allowed else set()) | (
            seen.plan.repeated if "repeat" in allowed else set()
        )
        if job["outcome"] not in meant | (allowed - {"good", "repeat"}):
            yield f"{os.fsdecode(job['file'])} ended {job['outcome']}"
    found = Counter(job["outcome"] for job in seen.letters)
    if limit := sum(rule.get("times", 1) for rule in seen.plan.rules if rule["on"] == "submit"):
        for outcome in seen.plan.outcomes - {"held"}:
            if found[outcome] > limit:
                yield f"{found[outcome]} times {outcome}, and the platform said so {limit} times"
    if not seen.plan.outcomes:
        yield from _expected(seen, found)
    yield from _archives(seen)


def _archives(seen: Evidence) -> Iterator[str]:
    """An archive has as many documents as were put in, and ended as the worst of them."""
    letters = seen.letters
    for bundle in (job for job in seen.jobs if job not in letters):
        name = os.fsdecode(bundle["file"])
        (file,) = (file for file in seen.shape.files if (file.route, file.name) == (bundle["route"], name))
        outcomes = [job["outcome"] for job in letters if job["parent"] == bundle["id"]]
        if len(outcomes) != len(file.documents):
            yield f"{name} became {len(outcomes)} documents, not {len(file.documents)}"
        worst = next((end for end in _WORST_FIRST if end in outcomes), "accepted")
        if bundle["outcome"] != worst:
            yield f"{name} ended {bundle['outcome']}, its documents {outcomes}"


def _expected(seen: Evidence, found: Counter[str]) -> Iterator[str]:
    """Where every deposit may succeed, what one of several files may end as, only the others may."""
    files: list[Dropped | Packed] = [file for file in seen.shape.files if not file.documents]
    files += seen.documents
    contents = {_sha256(file.content) for file in files if "good" in file.ends}
    contested = [file for file in files if {"duplicate", "held"} & file.ends]
    again = sum("repeat" in file.ends for file in files) if seen.plan.repeated else 0
    if contested and not found["accepted"]:
        yield f"none of {[file.name for file in contested]} was accepted"
    if not contested and not len(contents) - again <= found["accepted"] <= len(contents):
        yield f"{found['accepted']} accepted of {len(contents)}"
    if found["duplicate"] + found["held"] > max(0, len(contested) - 1, len(seen.shape.deeds)) + again:
        yield f"too many are kept back: {dict(found)}"


def _secrets(seen: Evidence) -> Iterator[str]:
    for path in seen.files_in(seen.place.folder):
        content = path.read_bytes()
        for word in (SECRET.encode(), b"Bearer"):
            if word in content:
                yield f"{word.decode()} in {path.relative_to(seen.place.folder)}"
    log = seen.place.state / "log.txt"
    if log.exists() and log.stat().st_size > _MOST_LOG:
        yield f"{log.stat().st_size} bytes of log"


def _leaks(seen: Evidence) -> Iterator[str]:
    for number, life in enumerate(seen.lives):
        if left := life.report.get("left"):
            yield f"life {number} kept {left}"


CHECKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "I1 nothing lost": _conservation,
    "I2 sent once": _ledger,
    "I3 one result each": _one_result_each,
    "I4 results as recorded": _results_as_recorded,
    "I5 flows as told": _flows_as_told,
    "I6 nothing left": _nothing_left,
    "I7 history": _history,
    "I8 outcomes": _outcomes,
    "I10 no secret": _secrets,
    "I11 no leak": _leaks,
}


def _owner(path: Path) -> str:
    """The job of a file of ours."""
    return path.name.partition("__")[0]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _short(counter: Counter[str]) -> dict[str, int]:
    return {sha256[:8]: count for sha256, count in counter.items()}
