"""How things are called: job ids, tracking ids, and file names that every system can hold. Pure.

Names come from outside as bytes. They are kept as they came (N01), shown escaped, and never used as such
for anything that we create in an outbox or tell a platform (N02-N06).
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from datetime import datetime
from pathlib import PurePosixPath

JOB_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}(-\d{5})?")
LONGEST_NAME = 255  # bytes that a file system allows
LONGEST_STEM = 100  # characters; leaves room for "~999", the extension and ".ERREUR.txt" on any file system
LONGEST_BUNDLE = 40  # characters of them for the name of the bundle that a document came in

_NAMESPACE = uuid.UUID("8d0c3a52-5d7b-5c55-9d3f-6a4f0f6f2c11")
_UNSAFE = re.compile(r'[<>:"/\\|?*%$!&;#@\x00-\x20\x7f]+')
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{device}{n}" for device in ("COM", "LPT") for n in range(1, 10))}
_EXTENSION = re.compile(r"(\.[A-Za-z0-9]{1,8})$")


def job_id(now: datetime, random: bytes) -> str:
    """`YYYYMMDD-HHMMSS-xxxxxxxx` (UTC, 8 hex of chance): sorts by time, can be read out on the phone."""
    return f"{now:%Y%m%d-%H%M%S}-{random[:4].hex()}"


def child_id(parent: str, position: int) -> str:
    """The id of a document in a bundle: the same each time, and no other job's.

    Args:
        parent: id of the bundle.
        position: of the document in it, from 0.
    """
    return f"{parent}-{position + 1:05d}"


def parent_of(job: str) -> str | None:
    """The id of the bundle that `child_id` made this one from; None for any other."""
    found = JOB_ID.fullmatch(job)
    return job[: found.start(1)] if found and found.group(1) else None


def tracking_id(account: str, sha256: str, key: str | None, earlier: int) -> str:
    """Our idempotency key: 36 characters, the same for the same document on the same account.

    Made from the content, so that a journal restored from a backup still asks the platform by the same key.

    Args:
        earlier: how many jobs with these bytes had a key before; a retry after a failure is a deposit of
            its own and must not find the failed one by its key.
    """
    return str(uuid.uuid5(_NAMESPACE, "\n".join((account, key or "", sha256, str(earlier)))))


def base(name: bytes) -> bytes:
    """The last part of a path below an inbox."""
    return name.rpartition(b"/")[2]


def display(name: bytes) -> str:
    """A name for people and logs: decoded as UTF-8, else as Windows-1252, with control characters escaped."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("cp1252", "replace")
    return "".join(
        character
        if character.isprintable() and unicodedata.category(character) != "Cf"
        else f"\\x{ord(character):02x}"
        for character in text
    )


def safe(name: bytes) -> str:
    """The name that results are built on: ASCII, valid on Windows and SMB, short enough for any suffix."""
    text = unicodedata.normalize("NFKD", display(base(name)))
    text = text.encode("ascii", "ignore").decode()
    text = _UNSAFE.sub("_", text).strip(" ._") or "sans_nom"
    stem, extension = split(text)
    if stem.partition(".")[0].upper() in _RESERVED:
        stem = f"_{stem}"
    return stem[:LONGEST_STEM].rstrip(" ._") + extension


def of_result(name: bytes, member: str | None) -> str:
    """The name that a job's results are built on; `lot.zip__FA1.xml` for a document that came in a bundle.

    Args:
        name: the job's.
        member: its path inside the bundle, which `name` ends with; None when it came by itself.
    """
    if member is None:
        return safe(name)
    bundle = safe(name[: -len(member.encode()) - 1])
    stem, extension = split(safe(base(name)))
    together = f"{bundle[:LONGEST_BUNDLE]}__{stem}"[:LONGEST_STEM].rstrip(" ._") + extension
    return safe(together.encode())  # a mark that kept the bundle's own name apart is not needed any more


def split(name: str) -> tuple[str, str]:
    """A safe name as (stem, extension with its dot or nothing)."""
    found = _EXTENSION.search(name)
    return (name[: found.start()], found.group()) if found and found.start() else (name, "")


def numbered(name: str, n: int) -> str:
    """`FA1.xml` for 1, `FA1~2.xml` for 2, …"""
    stem, extension = split(name)
    return name if n == 1 else f"{stem}~{n}{extension}"


def apart(target: str, job: str) -> str:
    """A result path that cannot clash with anybody's file: the job's own hex is put into the name."""
    path = PurePosixPath(target)
    stem, dot, rest = path.name.partition(".")
    return str(path.with_name(f"{stem}~{job[16:]}{dot}{rest}"))


def held(job: str, name: bytes) -> bytes:
    """The name of a file while it is ours and in the archive: `<job>__<original name>`, at most 255 bytes."""
    original = base(name)
    too_long = len(job) + 2 + len(original) - LONGEST_NAME
    if too_long > 0:  # the end tells what it is; the journal keeps the whole name
        stem, dot, extension = original.rpartition(b".")
        original = stem[:-too_long] + dot + extension if len(stem) > too_long else original[:-too_long]
    return job.encode() + b"__" + original


def of_held(name: bytes) -> tuple[str, bytes] | None:
    """(job id, original name) of a name that `held` made; None for any other."""
    job, separator, original = name.partition(b"__")
    if not separator or not original or not JOB_ID.fullmatch(job.decode("ascii", "replace")):
        return None
    return job.decode(), original


def sent(name: bytes, tracking: str) -> str:
    """The file name told to the platform: readable, and unique, so that a flow can be found again by it."""
    stem, extension = split(safe(name))
    return f"{stem}__{tracking.replace('-', '')[:8]}{extension or '.xml'}"
