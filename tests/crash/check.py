"""The invariants I1 to I12, judged from outside: from folders, bytes, rows, the platform's ledger, results.

What the product says of itself counts only where it is compared with what others saw.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from connector.journal.chain import first_break
from connector.policy import STEPS
from tests.crash.evidence import Evidence, sha256_of
from tests.crash.place import SECRET, Place
from tests.crash.shapes import Dropped, Packed
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
# In the history, and no step of a job: notes on jobs, and what is told of what came from the platform.
NOTES = {"settled", "paused", "resumed", "cancel-asked", "status", "document"}
_OF_INCOMING = ("flow-", "delivery-")
_COMING_TO = ("statuts", "recus")  # folders of the outbox for what comes
_MOST_LOG = 200_000  # bytes that the log of a run may have


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
    kept.update(sha256_of(path.read_bytes()) for path in mine if path.exists())
    for route in seen.shape.routes:
        kept.update(sha256_of(path.read_bytes()) for path in seen.files_in(seen.place.archive_of(route)))
        for path in seen.files_in(seen.place.work_of(route)):
            if _owner(path) in held:
                kept[sha256_of(path.read_bytes())] += 1
        for path in seen.files_in(seen.place.archive_of(route)):
            spoken_of = {
                result["file"]["sha256"] for result in seen.results.values() if result["id"] == _owner(path)
            }
            if spoken_of - {sha256_of(path.read_bytes())}:
                yield f"archived as {path.name} is not what its result speaks of"
    if lost := seen.inputs - kept:
        yield f"lost: {_short(lost)}; kept: {_short(kept)}"
    if strange := kept - seen.inputs - seen.outgrown:
        yield f"kept, and never dropped: {_short(strange)}"


def _ledger(seen: Evidence) -> Iterator[str]:
    archives = Counter(sha256_of(file.content) for file in seen.shape.files if file.documents)
    known = seen.inputs + seen.outgrown - archives
    deposits = [flow for flow in seen.flows if flow.direction == "Out"]
    good = Counter(flow.sha256 for flow in deposits if flow.acknowledgement.status != "Error")
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
    if seen.shape.then and any(job["outcome"] == "accepted" for job in seen.jobs):
        old = {job["id"] for job in seen.jobs if job["outcome"] == "rejected_before_sending"}
        if old - seen.settled or old & told.keys():
            yield f"{sorted(old)} came again and was accepted, and the old answers are there still"
    fewest, most = seen.inputs.total() + bodiless, (seen.inputs + seen.outgrown).total() + bodiless
    if not fewest <= len(seen.jobs) <= most:
        yield f"{len(seen.jobs)} jobs for {fewest} to {most} contents"


def _results_as_recorded(seen: Evidence) -> Iterator[str]:
    delivered = {name: sha256_of(contents[0]) for name, contents in seen.delivered.items()}
    recorded = {
        f"{job['route']}/{file['target']}": file["sha256"]
        for job in seen.jobs
        for file in job["result"]
        if job["id"] not in seen.settled or f"{job['route']}/{file['target']}" in delivered
    } | {
        f"{each['route']}/{file['target']}": file["sha256"]
        for each in seen.deliveries
        for file in each["result"]
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
        if kind not in NOTES and not kind.startswith(_OF_INCOMING):
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
    for file in seen.shape.then:
        ends[file.route, file.name] = ends.get((file.route, file.name), frozenset()) | file.ends
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
    files: list[Dropped | Packed] = [file for file in seen.shape.dropped if not file.documents]
    files += seen.documents
    contents = {sha256_of(file.content) for file in files if "good" in file.ends}
    contested = [file for file in files if {"duplicate", "held"} & file.ends]
    again = sum("repeat" in file.ends for file in files) if seen.plan.repeated else 0
    if contested and not found["accepted"]:
        yield f"none of {[file.name for file in contested]} was accepted"
    if not contested and not len(contents) - again <= found["accepted"] <= len(contents):
        yield f"{found['accepted']} accepted of {len(contents)}"
    if found["duplicate"] + found["held"] > max(0, len(contested) - 1, len(seen.shape.deeds)) + again:
        yield f"too many are kept back: {dict(found)}"


def _incoming(seen: Evidence) -> Iterator[str]:
    """What the platform has for us is laid down once: as it came, and with one record."""
    brought = Counter(sha256_of(has.content) for has in seen.shape.brought)
    came = Counter(
        sha256_of(content)
        for name, contents in seen.delivered.items()
        for content in contents
        if name.split("/")[1] in _COMING_TO and not name.endswith(".json")
    )
    again = came - brought if seen.mode == "kill" else came.keys() - brought.keys()
    if again or brought - came:
        yield f"brought {_short(brought)}, laid down {_short(came)}"
    told = Counter(record["file"]["sha256"] for record in seen.announced.values())
    noted = Counter(each["sha256"] for each in seen.deliveries)
    if not brought == told == noted:
        yield f"brought {_short(brought)}, told of {_short(told)}, noted {_short(noted)}"
    if unfinished := [each["id"] for each in seen.deliveries if each["state"] != "published"]:
        yield f"not laid down: {unfinished}"


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
    "I12 laid down once": _incoming,
    "I10 no secret": _secrets,
    "I11 no leak": _leaks,
}


def _owner(path: Path) -> str:
    """The job of a file of ours."""
    return path.name.partition("__")[0]


def _short(counter: Counter[str]) -> dict[str, int]:
    return {sha256[:8]: count for sha256, count in counter.items()}
