"""Which names are never a document: what uploaders, systems and people leave in a folder meanwhile. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

# By who leaves them. Dot-files are ignored whatever follows, which covers .sftpgo-upload.*, .nfs*, .smb*,
# .syncthing.*, .stfolder, .DS_Store and ._* as well (A06, A07).
PATTERNS = (
    ".*",
    "~$*",  # Office, while a file is open
    "*~",  # editors' back-ups
    "*.tmp",
    "*.temp",
    "*.part",  # Firefox, KDE, many FTP servers
    "*.partial",  # rclone, Internet Explorer
    "*.filepart",  # WinSCP
    "*.crdownload",  # Chrome
    "*.writing",  # Spring Integration
    "*.camellock",  # Apache Camel
    "*.lock",
    "@eadir",  # Synology
    "thumbs.db",
    "desktop.ini",
    "pause.txt",  # our own, and the operator's, controls
    "*.annuler",
    "*.cancel",
    "*.erreur.txt",  # our own answers, moved back together with the file that they are about
    "*.error.txt",
    "*.err.json",
)


class NameFilter:
    """Decides by name alone, without regard to case.

    Args:
        include: patterns of which a file must match one (fnmatch).
        ignore: patterns of which it must match none, beside `PATTERNS`.
    """

    def __init__(self, include: Iterable[str], ignore: Iterable[str]) -> None:
        self._include = _any_of(include)
        self._ignore = _any_of((*PATTERNS, *ignore))

    def takes_file(self, name: str) -> bool:
        folded = name.lower()
        return self._include.match(folded) is not None and self._ignore.match(folded) is None

    def enters_folder(self, name: str) -> bool:
        return self._ignore.match(name.lower()) is None


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in patterns) or r"(?!)")
