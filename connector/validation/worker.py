"""The process that looks into files, so that no file can hurt the connector.

Started as `python -m connector.validation.worker`; talks with `connector.validation.worker_process` over
stdin and stdout, one line a message.

    parent → worker   greeting            {"memory_limit": bytes, "overrides": {kind: path}, "warm": [kind]}
                      chunk               [{path, name, rules}, …]
    worker → parent   R                   ready
                      B                   the chunk was read; its first file is in hand
                      A <inspection>      answer for the file in hand; the next one is in hand
                      L io                the file in hand cannot be read now; the next one is in hand
                      X memory|crash      the file in hand cannot be judged; this worker ends
                      F [finding, …]      the installation is at fault; this worker ends

It ends when stdin ends, and never by SIGINT or SIGTERM: the parent decides.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from connector.errors import ConfigurationError
from connector.model import Inspection
from connector.records import encode
from connector.validation.catalogue import load_catalogue
from connector.validation.inspect import inspect_file
from connector.validation.rules import judge
from connector.validation.schemas import Schemas

_PR_SET_PDEATHSIG = 1
_LEAST_ROOM = 128 * 1024 * 1024  # bytes for the schemas and one document of a few megabytes
Send = Callable[[str], None]


def main() -> int:
    """Serve chunks until stdin ends. Returns the exit status."""
    send = _private_stdout()
    _obey_only_the_parent()
    greeting = json.loads(sys.stdin.buffer.readline() or "{}")
    if not greeting:
        return 0
    try:
        _limit(greeting["memory_limit"])
        overrides = {kind: Path(path) for kind, path in greeting["overrides"].items()}
        schemas = Schemas(load_catalogue(overrides=overrides))
        judge.warm_up(greeting["warm"])
        send("R")
        while line := sys.stdin.buffer.readline():
            send("B")
            for order in json.loads(line):
                send(_answer(order, schemas))
    except ConfigurationError as error:
        send("F " + json.dumps(error.findings))
    except MemoryError:
        send("X memory")
    except BrokenPipeError:
        pass  # the parent is gone
    except Exception:  # noqa: BLE001 - a bug of ours met a file: the file is answered, the trace is kept
        traceback.print_exc()
        send("X crash")
    return 0


def _answer(order: dict[str, str], schemas: Schemas) -> str:
    path = Path(order["path"])
    try:
        seen = inspect_file(path, schemas, name=order["name"], rules=order["rules"])
        return "A " + encode(Inspection, seen)
    except OSError as error:
        print(f"cannot read {path.name!r}: {error.strerror}", file=sys.stderr)  # noqa: T201 - no log in here
        return "L io"


def _limit(memory: int) -> None:
    """Let the kernel refuse what goes beyond this many bytes of private, writable memory.

    Not of address space: the engine of the business rules reserves 32 GB of that and leaves them empty.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold somebody's invoice
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    try:  # else every file would be lost for memory, one after the other
        mmap.mmap(-1, _LEAST_ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise ConfigurationError(
            f"workers.memory_limit = {memory} leaves no room to read a document"
        ) from None


def _private_stdout() -> Send:
    """Keep the pipe to the parent to ourselves: whatever else prints goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(message: str) -> None:
        data = message.encode() + b"\n"
        while data:
            data = data[pipe.write(data) or 0 :]

    return send


def _obey_only_the_parent() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):  # best effort: Linux only
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
