"""What is known after a run: what was put in, what is there, and what came into the consumer's hands."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from connector.simulator import Flow
from tests.crash.others import visible_name
from tests.crash.place import Place
from tests.crash.plans import Plan
from tests.crash.shapes import Packed, Shape
from tests.crash.spec import Ended

_COMING = ("status", "received")  # types of records about what came


def sha256_of(content: bytes) -> str:
    """Its hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


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
        final |= {(file.route, f"{file.name} again"): file.content for file in self.shape.then}
        return Counter(map(sha256_of, final.values())) + Counter(
            sha256_of(document.content) for document in self.documents if document.comes_out
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
        return Counter(sha256_of(first[deed.name]) for deed in done)

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
        """Visible name → what a machine reads in it of a file that was dropped."""
        return {name: told for name, told in self._told.items() if told.get("type") not in _COMING}

    @property
    def announced(self) -> dict[str, dict[str, Any]]:
        """Visible name → what a machine reads in it of what came from the platform."""
        return {name: told for name, told in self._told.items() if told.get("type") in _COMING}

    @cached_property
    def _told(self) -> dict[str, dict[str, Any]]:
        return {
            name: json.loads(contents[0])
            for name, contents in self.delivered.items()
            if name.endswith(".json")
        }

    @cached_property
    def deliveries(self) -> list[dict[str, Any]]:
        """The rows of the journal that stand for something that came from the platform."""
        with closing(sqlite3.connect(self.place.journal)) as db:
            return [json.loads(body) for (body,) in db.execute("SELECT body FROM delivery ORDER BY seq")]

    def files_in(self, folder: Path) -> list[Path]:
        return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
