"""Where a simulated platform keeps what it received: in memory up to a budget, or in a folder.

The folder holds one file for each document and `ledger.jsonl`, one line for each state of a flow. A line is
handed to the operating system before the caller is answered, so a killed simulator remembers; it is not
forced to the disk, so a power cut may cost the last lines.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from connector import records
from connector.errors import ConfigurationError
from connector.simulator.flows import Flow

_SUFFIXES = {"application/pdf": ".pdf"}


class Archive(Protocol):
    """The memory of a ledger."""

    def put(self, flow: Flow, content: bytes) -> None:
        """Keep a document; called before `note`."""

    def get(self, flow: Flow) -> bytes | None:
        """The document; None when it is no longer kept."""

    def note(self, flow: Flow) -> None:
        """Remember this state of a flow."""

    def recall(self) -> Iterator[Flow]:
        """Every flow in its last noted state, in the order of deposit."""

    def clear(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Release what is open."""


class MemoryArchive:
    """Keeps the most recent documents, up to a budget in bytes; the flows themselves live in the ledger."""

    def __init__(self, budget: int = 64 * 1024 * 1024) -> None:
        self._documents: OrderedDict[str, bytes] = OrderedDict()
        self._budget = budget
        self._held = 0

    def put(self, flow: Flow, content: bytes) -> None:
        self._documents[flow.flow_id] = content
        self._held += len(content)
        while self._held > self._budget:
            self._held -= len(self._documents.popitem(last=False)[1])

    def get(self, flow: Flow) -> bytes | None:
        return self._documents.get(flow.flow_id)

    def note(self, flow: Flow) -> None:
        pass

    def recall(self) -> Iterator[Flow]:
        return iter(())

    def clear(self) -> None:
        self._documents.clear()
        self._held = 0

    def close(self) -> None:
        pass


class FolderArchive:
    """Keeps everything below one folder. One simulator at a time may use it.

    Raises:
        ConfigurationError: the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._documents = folder / "documents"
        self._path = folder / "ledger.jsonl"
        try:
            self._documents.mkdir(parents=True, exist_ok=True)
            self._lines = self._path.open("ab", buffering=0)
        except OSError as error:
            raise ConfigurationError(f"the simulator cannot keep its ledger in {folder}: {error}") from None

    def put(self, flow: Flow, content: bytes) -> None:
        self._file(flow).write_bytes(content)

    def get(self, flow: Flow) -> bytes | None:
        try:
            return self._file(flow).read_bytes()
        except FileNotFoundError:
            return None

    def note(self, flow: Flow) -> None:
        self._lines.write(records.encode(Flow, flow).encode() + b"\n")

    def recall(self) -> Iterator[Flow]:
        """Raises:
        ConfigurationError: a whole line is not one of ours.
        """
        whole, _, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:  # killed in the middle of a write: that flow was never answered
            self._lines.truncate(len(whole) + 1 if whole else 0)
        latest: dict[str, Flow] = {}
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                flow = records.decode(Flow, line)
            except ValidationError:
                finding = f"{self._path}:{number}: not a line of a simulator's ledger"
                raise ConfigurationError(finding) from None
            latest[flow.flow_id] = flow
        return iter(latest.values())

    def clear(self) -> None:
        self._lines.truncate(0)
        for document in self._documents.iterdir():
            document.unlink()

    def close(self) -> None:
        self._lines.close()

    def _file(self, flow: Flow) -> Path:
        return self._documents / f"{flow.flow_id}{_SUFFIXES.get(flow.media, '.xml')}"
