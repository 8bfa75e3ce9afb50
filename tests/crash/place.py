"""The one tree of a worker: where its configuration, folders and results lie. Emptied before every run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.shapes import Dropped, Shape

ROUTES = {"ventes": "each", "achats": "all"}  # name → how the documents of an archive go
SECRET = "simulated-secret"
_LONG_AGO = 1_700_000_000  # seconds since 1970: files are older than anything that happens to them
_CONFIG = """
environment = "test"
state_dir = "{folder}/state"

[[account]]
name = "pa"
gateway = "afnor"
client_id = "connector"
base_url = "{base_url}"
token_url = "{token_url}"
max_in_flight = 1
poll_seconds = 1
lookup_checks = 3
lookup_interval = 60
visibility = 300
breaker_pause = 30
"""
_ROUTE = """
[[route]]
name = "{name}"
root = "{folder}/{name}"
account = "pa"
watch = "scan"
quiet_seconds = 2
scan_seconds = 1
bundle = "{bundle}"
rules = "off"
"""
_NAME = "connector-crash-"
_OWNED = re.compile(_NAME + r"(\d+)-.*")


def quick_folder() -> str | None:
    """A folder in memory, where the machine has one: a run writes and flushes some hundred times."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass(frozen=True, slots=True)
class Place:
    """A tree below one folder."""

    folder: Path

    @classmethod
    def new(cls) -> Place:
        """A new folder, that says whose it is; those of processes that were killed are removed."""
        parent = quick_folder()
        _remove_abandoned(Path(parent or tempfile.gettempdir()))
        return cls(Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=parent)))

    @property
    def config(self) -> Path:
        return self.folder / "connector.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        return self.state / "state.db"

    @property
    def taken(self) -> Path:
        """Where the consumer puts the results that it takes away."""
        return self.folder / "taken"

    @property
    def limbo(self) -> Path:
        """Files whose removal a power cut would undo."""
        return self.folder / "limbo"

    def inbox_of(self, route: str) -> Path:
        return self.folder / route / "inbox"

    def work_of(self, route: str) -> Path:
        return self.folder / route / ".work"

    def outbox_of(self, route: str) -> Path:
        return self.folder / route / "outbox"

    def archive_of(self, route: str) -> Path:
        return self.folder / route / "archive"

    def role(self, path: Path) -> str:
        """What a folder of the tree, or the folder of a file in it, is for."""
        first, *rest = path.relative_to(self.folder).parts
        if first == "state":
            return "spool"
        within = rest[0] if rest else ""
        if within == "outbox":
            return "staging" if rest[1:2] == [".staging"] else "outbox"
        return within.removeprefix(".")

    # ------------------------------------------------------------------ making
    def configure(self, base_url: str, token_url: str) -> None:
        text = _CONFIG.format(folder=self.folder, base_url=base_url, token_url=token_url)
        for name, bundle in ROUTES.items():
            text += _ROUTE.format(folder=self.folder, name=name, bundle=bundle)
        self.config.write_text(text, "utf-8")
        self.clear()

    @property
    def folders(self) -> tuple[str, ...]:
        """Those in which all of a run lies."""
        return ("state", "taken", "limbo", *ROUTES)

    def empty(self) -> None:
        """Remove all that a run has made."""
        for name in self.folders:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def clear(self) -> None:
        """As on a new machine: empty inboxes, and nothing else."""
        self.empty()
        for folder in (self.state, self.taken, self.limbo, *map(self.inbox_of, ROUTES)):
            folder.mkdir(parents=True)

    def fill(self, shape: Shape) -> None:
        """Drop the files of a shape, oldest first, and what is asked for beside them."""
        self.drop(shape.files)
        for name in shape.requests:
            path = self.inbox_of(shape.routes[0]) / name
            path.touch()
            os.utime(path, (_LONG_AGO, _LONG_AGO))

    def drop(self, files: Sequence[Dropped]) -> None:
        """Drop files, oldest first."""
        for number, file in enumerate(files):
            path = self.inbox_of(file.route) / file.name
            path.write_bytes(file.content)
            os.utime(path, (_LONG_AGO + number, _LONG_AGO + number))

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        if (found := _OWNED.fullmatch(folder.name)) and not Path("/proc", found[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)
