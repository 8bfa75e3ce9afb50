"""Seeded bugs: the real code with a patch, run by the harness until an invariant breaks.

A harness that has never seen a bug proves nothing. `mutants_patches` has the table, `mutants_hunt` is the
process that runs one of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LONGEST = 300  # seconds for one mutant, on a machine with other things to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement in one module."""

    module: str  # path below the package
    old: str  # found exactly once
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """A shape and a plan under which a mutant is looked for, at every point of a life there.

    Args:
        likely: what the labels of the points begin with that are tried before the others.
        call, error: instead of the points, let each system call of this name fail so (level L1).
    """

    shape: str = "plain"
    plan: str = "accepted"
    mode: str = "kill"
    likely: str = ""
    call: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One seeded bug.

    Args:
        name: what it does wrong, in a few words.
        why: what would happen to somebody's invoices; of a harmless one, why nothing does.
        edits: how the code is changed.
        sees: the invariants of which at least one must be violated; none: no run tells it from the original.
        hunts: where it is looked for, the likeliest first.
    """

    name: str
    why: str
    edits: tuple[Edit, ...]
    sees: frozenset[str] = frozenset()
    hunts: tuple[Hunt, ...] = (Hunt(),)

    @property
    def traced(self) -> bool:
        """Whether strace is needed to catch it."""
        return any(where.call for where in self.hunts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prey:
    """What a hunt brought home.

    Args:
        runs: how many runs it took.
        rules: the invariants that the last run violated; none: no run violated any.
        seen: what was seen, and the line that runs it again.
    """

    runs: int
    rules: frozenset[str] = frozenset()
    seen: str = ""

    def as_json(self) -> str:
        return json.dumps(asdict(self) | {"rules": sorted(self.rules)})

    @classmethod
    def read(cls, line: str) -> Prey:
        found = json.loads(line)
        return cls(runs=found["runs"], rules=frozenset(found["rules"]), seen=found["seen"])


class PatchDoesNotFit(Exception):
    """The old text of a patch is not in the code exactly once."""


def patched(folder: Path, edits: tuple[Edit, ...]) -> None:
    """A copy of the package in `folder` with the edits made; what it ships lies beside it as usual.

    Raises:
        PatchDoesNotFit: the code has changed under a patch.
    """
    shutil.copytree(PROJECT / "connector", folder / "connector")
    for shipped in ("config", "schemas"):
        (folder / shipped).symlink_to(PROJECT / shipped)
    for edit in edits:
        path = folder / "connector" / edit.module
        path.write_text(_edited(path.read_text("utf-8"), edit), "utf-8")


def hunt(mutant: Mutant) -> Prey:
    """Run a mutant until it is caught, or everywhere.

    Raises:
        PatchDoesNotFit: see `patched`.
        subprocess.SubprocessError: the process that runs it failed.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        patched(folder, mutant.edits)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.crash.mutants_hunt"],
            input="\n".join(json.dumps(asdict(where)) for where in mutant.hunts),
            cwd=folder,  # with -m it is the first place where a package is looked for
            env=os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        if done.returncode != 0:
            raise subprocess.SubprocessError(f"{mutant.name}: {done.stderr[-2000:]}")
        return Prey.read(done.stdout)


def _edited(text: str, edit: Edit) -> str:
    if (found := text.count(edit.old)) != 1:
        raise PatchDoesNotFit(f"{edit.module}: {found} times, not once: {edit.old!r}")
    return text.replace(edit.old, edit.new)
