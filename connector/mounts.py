"""What kind of file system a path lies on: local ones can be watched, remote ones must be asked."""

from __future__ import annotations

import os
import re
from pathlib import Path

_REMOTE = re.compile(
    r"cifs|smb3|smbfs|nfs4?|9p|afs|ceph|glusterfs|lustre|vboxsf|drvfs|prl_fs|fuse(\..+)?|fuseblk"
)
_QUIET = {"nfs": 65.0, "nfs4": 65.0}  # seconds; NFS clients may show sizes up to 60 s old (W11)
_QUIET_REMOTE = 30.0
_QUIET_LOCAL = 5.0
_ESCAPE = re.compile(r"\\([0-7]{3})")


def kind_of(path: Path, mountinfo: str | None = None) -> str:
    """The type of the file system that holds a path (which need not exist yet), e.g. "ext4" or "cifs".

    Args:
        mountinfo: text in the form of /proc/self/mountinfo; the kernel's by default.
    Returns:
        "unknown" where the kernel does not tell.
    """
    if mountinfo is None:
        try:
            mountinfo = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            return "unknown"
    wanted = os.path.realpath(path)
    best, kind = "", "unknown"
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = _ESCAPE.sub(lambda found: chr(int(found.group(1), 8)), fields[4])
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # a later mount on the same point hides the earlier one
            best, kind = point, right.split()[0]
    return kind


def is_remote(kind: str) -> bool:
    """Whether changes by other hosts raise no event here (W04), and SQLite must not live there (S17)."""
    return _REMOTE.fullmatch(kind) is not None


def quiet_seconds(kind: str) -> float:
    """How long a file must not change before it may be whole, by file system (A01, W11)."""
    return _QUIET.get(kind, _QUIET_REMOTE if is_remote(kind) else _QUIET_LOCAL)
