"""A whole set-up in a temporary folder, the real program on it, and the invariants that must hold at rest.

`plant` makes the tree; `Tree.run` and `Tree.started` run `python -m connector` on it, with the secret in the
environment. `assert_at_rest` is the checker: nothing lost, nothing twice, nothing left lying about.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from connector.journal import JournalView
from connector.model import Job, Outcome, State
from connector.resources import shipped
from connector.simulator import Simulator

SECRET = "simulated-secret"
PLANTED: list[Tree] = []  # every tree of this process whose log nobody has searched yet (tests/conftest.py)
QUICK_ACCOUNT: dict[str, Any] = {
    "client_id": "connector",
    "poll_seconds": 0.2,
    "lookup_checks": 2,
    "lookup_interval": 0.2,
    "visibility": 0.4,
    "breaker_pause": 0.3,
}
QUICK_ROUTE: dict[str, Any] = {
    "quiet_seconds": 0.1,
    "scan_seconds": 0.2,
    "accept": ["invoice"],
    "rules": "off",  # the engine takes a second of every start
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines; it must hold nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One set-up: configuration, state directory, and the folders of its routes."""

    folder: Path
    said: list[str] = field(default_factory=list)  # all that the program printed, for the search for secrets

    @property
    def config(self) -> Path:
        return self.folder / "connector.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def root(self) -> Path:
        """Of the route "ventes"; a second route lies beside it."""
        return self.folder / "ventes"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    # ------------------------------------------------------------------ doing
    def drop(self, name: str | bytes, content: bytes) -> str:
        """Put a whole file into the inbox by a rename; its SHA-256."""
        hidden = self.inbox / ".dropping"
        hidden.write_bytes(content)
        hidden.rename(self.inbox / os.fsdecode(name))
        return hashlib.sha256(content).hexdigest()

    def environment(self, **more: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        return clean | {"CONNECTOR_PA_CLIENT_SECRET": SECRET, "PYTHONWARNINGS": "ignore"} | more

    def command(self, *arguments: str | Path) -> list[str]:
        verb, *rest = map(str, arguments)
        return [sys.executable, "-m", "connector", verb, "--config", str(self.config), *rest]

    def run(
        self,
        *arguments: str | Path,
        seconds: float = 60.0,
        env: dict[str, str] | None = None,
        before: Iterable[str] = (),
    ) -> Ended:
        """Call the program to its end.

        Args:
            env: the whole environment, instead of `environment()`.
            before: a command that runs ours, such as `unshare -m`.
        """
        done = subprocess.run(
            [*before, *self.command(*arguments)],
            cwd=self.folder,  # another configuration in the working directory must not matter
            env=self.environment() if env is None else env,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        self.said.extend((done.stdout, done.stderr))
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    def run_once(self, *more: str, follow_for: float = 3.0, seconds: float = 60.0) -> Ended:
        return self.run("run", "--once", "--follow-for", str(follow_for), *more, seconds=seconds)

    @contextlib.contextmanager
    def started(self, *arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """The program under way; ended by force at the end of the block if it still runs then."""
        spoken = self.folder / "said.txt"
        with spoken.open("w", encoding="utf-8") as sink:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment() if env is None else env,
                stdout=sink,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(timeout=20)
        self.said.append(spoken.read_text("utf-8"))

    def end(self, process: subprocess.Popen[str], seconds: float = 40.0) -> int:
        """SIGTERM, and the exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=seconds)

    # ------------------------------------------------------------------ looking
    def jobs(self) -> list[Job]:
        """Every job the journal knows, oldest first."""
        view = JournalView(self.state / "state.db")
        try:
            return list(view.jobs(limit=100_000))[::-1]
        finally:
            view.close()

    def job(self, name: str) -> Job:
        """The one job of a file name."""
        found = [job for job in self.jobs() if job.name == os.fsencode(name)]
        assert len(found) == 1, f"{len(found)} jobs for {name}"
        return found[0]

    def results(self) -> list[dict[str, Any]]:
        """Every visible result of a dropped file, checked against its schema."""
        return [told for told in self.told() if "type" not in told]

    def received(self) -> list[dict[str, Any]]:
        """All that is visible of what came from the platform, checked against its schema."""
        return [told for told in self.told() if "type" in told]

    def told(self, route: str | None = None) -> list[dict[str, Any]]:
        """Every JSON file in the outbox, or in that of another route, checked against its schema."""
        found = []
        outbox = self.folder / route / "outbox" if route else self.outbox
        for path in sorted(outbox.rglob("*.json")):
            if ".staging" not in path.parts:
                told = json.loads(path.read_text("utf-8"))
                result_schema(told.get("type", "result")).validate(told)
                found.append(told)
        return found

    def archived(self) -> Counter[str]:
        """SHA-256 of every archived file."""
        archive = self.root / "archive"
        return Counter(_sha256(path) for path in archive.rglob("*") if path.is_file())

    def log(self) -> str:
        path = self.state / "log" / "connector.jsonl"
        return path.read_text("utf-8") if path.exists() else ""


@cache
def result_schema(kind: str = "result") -> Draft202012Validator:
    """The published schema of "result", "status" or "received" files."""
    schema = json.loads(shipped("schemas", "results", f"{kind}.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema)


def plant(
    folder: Path,
    platform: Simulator | None = None,
    *,
    account: Mapping[str, Any] | None = None,
    route: Mapping[str, Any] | None = None,
    top: Mapping[str, Any] | None = None,
    more_routes: Mapping[str, Mapping[str, Any]] | None = None,
    more_accounts: Mapping[str, Mapping[str, Any]] | None = None,
) -> Tree:
    """Make a tree whose account speaks to a simulated platform, or to a port where nobody listens.

    Args:
        account, route, top: settings beside, or in the place of, the quick ones.
        more_routes: name → settings of further routes, on the same account unless they say otherwise.
        more_accounts: name → settings of further accounts, beside the quick ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tree = Tree(folder=folder)
    PLANTED.append(tree)
    base_url = platform.base_url if platform else "http://127.0.0.1:9/flow-service"
    token_url = platform.token_url if platform else "http://127.0.0.1:9/token"
    urls: dict[str, Any] = {"name": "pa", "gateway": "afnor", "base_url": base_url, "token_url": token_url}
    general: dict[str, Any] = {"environment": "test", "language": "fr", "state_dir": str(tree.state)} | dict(
        top or {}
    )
    lines = [_table(general), "[[account]]", _table(urls | QUICK_ACCOUNT | dict(account or {}))]
    for name, settings in (more_accounts or {}).items():
        lines += ["[[account]]", _table({"name": name} | QUICK_ACCOUNT | dict(settings))]
    for name, settings in ({"ventes": route or {}} | dict(more_routes or {})).items():
        own: dict[str, Any] = {"name": name, "root": str(folder / name), "account": "pa"}
        lines += ["[[route]]", _table(own | QUICK_ROUTE | dict(settings))]
        (folder / name / "inbox").mkdir(parents=True, exist_ok=True)
    tree.config.write_text("\n".join(lines), "utf-8")
    return tree


def _table(values: Mapping[str, Any]) -> str:
    """Lines of TOML."""
    return "\n".join(f"{key} = {_toml(value)}" for key, value in values.items()) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)  # a JSON scalar or a list of them is one of TOML too


# --------------------------------------------------------------------------- invariants
def assert_at_rest(tree: Tree, platform: Simulator, dropped: Iterable[str]) -> None:
    """The invariants of the crash protocol (I1-I6, I10), when nothing is on its way any more.

    Args:
        dropped: SHA-256 of every file that was put into the inbox of "ventes".
    """
    jobs = [job for job in tree.jobs() if job.state is not State.VOID]
    assert {job.state for job in jobs} <= {State.DONE, State.HELD}
    held = Counter(job.sha256 for job in jobs if job.state is State.HELD)
    taken_out = Counter(job.sha256 for job in jobs if job.parent and job.sha256)
    assert Counter(dropped) + taken_out == tree.archived() + held  # I1: nothing lost, no byte changed
    flows = {flow.flow_id: flow for flow in platform.flows}
    accepted = [job for job in jobs if job.outcome is Outcome.ACCEPTED and not job.documents]
    good = [flow.sha256 for flow in flows.values() if flow.acknowledgement.status != "Error"]
    assert sorted(good) == sorted(job.sha256 or "" for job in accepted)  # I2: one flow each, none twice
    for job in accepted:
        assert job.flow_id is not None
        assert flows[job.flow_id].sha256 == job.sha256  # I5
    answered = [job.id for job in jobs if not _is_settled(tree, job)]
    assert Counter(result["id"] for result in tree.results()) == Counter(answered)  # I3, I4
    waiting = [job for job in jobs if job.state is State.HELD]
    kept = {job.id for job in waiting}
    assert visible(tree.inbox) == []  # I6
    claimed = {job.id for job in waiting if job.parent is None}
    assert {path.name[:24] for path in (tree.root / ".work").iterdir()} == claimed
    assert {path.name for path in (tree.state / "spool").iterdir()} == kept
    assert list((tree.outbox / ".staging").iterdir()) == []
    assert_traceable(tree)


def _is_settled(tree: Tree, job: Job) -> bool:
    """Whether what was said of a refused file was taken back: it came again, or somebody put it away."""
    view = JournalView(tree.state / "state.db")
    try:
        return any(event.kind == "settled" for event in view.history(job.id))
    finally:
        view.close()


def assert_traceable(tree: Tree) -> None:
    """The history's chain holds, and no secret is in any file or in anything that was said (I10)."""
    view = JournalView(tree.state / "state.db")
    try:
        assert view.first_break() is None
    finally:
        view.close()
    files = [path for path in tree.folder.rglob("*") if path.is_file()]
    for where, text in [(str(path), path.read_bytes()) for path in files] + [
        ("output", said.encode()) for said in tree.said
    ]:
        assert SECRET.encode() not in text, where
        assert b"Bearer" not in text, where


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Process ids of the inspection workers of a running program."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(status.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            command = status.with_name("cmdline").read_bytes()
            if parent == process.pid and b"connector.validation.worker" in command:
                found.append(int(status.parent.name))
    return found


def visible(folder: Path) -> list[str]:
    """Names of the files in a folder and below."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
