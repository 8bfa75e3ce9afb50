"""What happens to one file at each stage, and what must be durable before the next one.

Each function does the effects of one job for one stage, in the order that a crash at any point leaves
repairable, and can simply be called again after one. `journey` calls them for a whole batch and shares the
barrier. Where things lie is `Folders`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connector import names
from connector.effects import Copied, Effects, Touched, is_there, sha256_of
from connector.extents import Torn, cut
from connector.incoming import Delivery
from connector.model import Drop, Job, Member, ResultFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where one route's files lie. inbox and work share a file system; so do staging and outbox."""

    inbox: Path
    work: Path  # <job>__<original name>: claimed
    spool: Path  # <job>: private copy on the local disk, of documents that came in a bundle too
    staging: Path  # <job>-<n>: results before they are visible; nobody else reads or writes here
    outbox: Path
    archive: Path  # YYYY/MM/DD/<job>__<original name>

    def claimed(self, job: Job) -> Path:
        return self.work / os.fsdecode(names.held(job.id, job.name))

    def spooled(self, job: Job) -> Path:
        return self.spool / job.id

    def original(self, told: Job | Delivery) -> Path:
        """The private copy of what a result tells of."""
        return self.spool / (told.incoming if isinstance(told, Delivery) else told.id)

    def archived(self, job: Job) -> Path:
        return self.archive / f"{job.claimed_at:%Y/%m/%d}" / os.fsdecode(names.held(job.id, job.name))


def claim(fx: Effects, folders: Folders, job: Job, drop: Drop) -> tuple[bool, Touched]:
    """Take a drop out of the inbox: from here on it is ours, whatever happens.

    Returns:
        False when it was not there any more (A17) or changed since it was found whole.
    Raises:
        OSError: it could not be taken; nothing has changed.
    """
    source = folders.inbox / os.fsdecode(drop.name)
    if _signature(source) != drop.signature:
        return False, Touched()
    try:
        fx.rename(source, folders.claimed(job))
    except FileNotFoundError:
        return False, Touched()
    return True, Touched(directories=(folders.work, source.parent))


def spool(fx: Effects, folders: Folders, job: Job) -> tuple[Copied, Touched]:
    """Freeze the bytes: a private copy that nobody else can change, hashed on the way.

    Written under its final name: the journal's SPOOLED, committed after the barrier, is what makes it count.
    """
    target = folders.spooled(job)
    copied = fx.copy(folders.claimed(job), target)
    return copied, Touched(files=(target,), directories=(folders.spool,))


def unpack(fx: Effects, folders: Folders, bundle: Job, documents: Sequence[Job]) -> tuple[None, Touched]:
    """Give the documents of a bundle their private copies, under their final names as `spool` does.

    Nothing in the bundle names a file of ours, and nothing is understood of it here any more: ranges of
    bytes that an inspection has read before, each of which must have the SHA-256 that it had then.

    Raises:
        OSError: not all could be taken out; then none is kept, and the room is given back.
    """
    taken = {
        member.start: (member, folders.spooled(job))
        for member, job in zip(bundle.members, documents, strict=True)
        if job.sha256 is not None
    }
    targets = tuple(target for _, target in taken.values())
    try:
        with folders.spooled(bundle).open("rb") as file:
            for member, pieces in cut(file, [member for member, _ in taken.values()]):
                _take_out(fx, member, pieces, taken[member.start][1])
    except (OSError, Torn) as error:
        for target in targets:
            fx.unlink(target)
        if isinstance(error, Torn):
            raise OSError(errno.EIO, error.words, str(folders.spooled(bundle))) from None
        raise
    return None, Touched(files=targets, directories=(folders.spool,))


def _take_out(fx: Effects, member: Member, pieces: Iterator[bytes], target: Path) -> None:
    if fx.write_pieces(target, pieces) != member.sha256:
        raise Torn("other bytes than were inspected")


def stage(
    fx: Effects, folders: Folders, told: Job | Delivery, files: Iterable[tuple[str, bytes | None]]
) -> tuple[tuple[ResultFile, ...], Touched]:
    """Write the result files of a job, or of what came from the platform, into staging.

    Args:
        files: (path below the outbox, content) in the order of becoming visible; None is the original.
    """
    result, paths = [], []
    for number, (target, content) in enumerate(files):
        staged = folders.staging / f"{told.id}-{number}"
        if content is None:
            digest = fx.copy(folders.original(told), staged).sha256
        else:
            digest = fx.write(staged, content)
        result.append(ResultFile(staged=staged.name, target=target, sha256=digest))
        paths.append(staged)
    return tuple(result), Touched(files=tuple(paths), directories=(folders.staging,))


def publish(fx: Effects, folders: Folders, told: Job | Delivery) -> tuple[None, Touched]:
    """Let the result appear: one rename a file, the machine's file last.

    A staged file that is missing was renamed before a crash; what its reader has done with it since is the
    reader's business, so it is never written again.

    Raises:
        FileExistsError: somebody else's file has that name.
    """
    left = [file for file in told.result if is_staged(folders, file)]
    for file in left:  # all or none: the files of a result keep one name
        if is_there(folders.outbox / file.target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), file.target)
    directories = {folders.staging: None}
    for file in left:
        target = folders.outbox / file.target
        directories.update(dict.fromkeys(fx.make_directories(target.parent)))
        fx.rename(folders.staging / file.staged, target)
        directories[target.parent] = None
    return None, Touched(directories=tuple(directories))


def withdraw(fx: Effects, folders: Folders, job: Job, moved_to: Path | None = None) -> tuple[None, Touched]:
    """Take back result files that are no longer true, as far as nobody has changed or taken them.

    Args:
        moved_to: where people may have put our answers by mistake, together with the original.
    """
    directories: dict[Path, None] = {}
    for file in job.result:
        places = [folders.outbox / file.target]
        if moved_to is not None and file.sha256 != job.sha256:
            places.append(moved_to / PurePosixPath(file.target).name)
        for path in places:
            if is_there(path) and sha256_of(path) == file.sha256:
                fx.unlink(path)
                directories[path.parent] = None
    return None, Touched(directories=tuple(directories))


def put_letter(fx: Effects, staged: Path, target: Path, content: bytes) -> None:
    """Let a text to people appear whole, in the place of an older one of that name, and for good.

    Raises:
        OSError: it could not be written.
    """
    grown = fx.make_directories(target.parent)
    fx.write(staged, content)
    fx.sync_file(staged)
    fx.replace(staged, target)
    for directory in (target.parent, *grown):
        fx.sync_directory(directory)


def is_staged(folders: Folders, file: ResultFile) -> bool:
    """Whether a result file still waits to become visible."""
    return is_there(folders.staging / file.staged)


def archive(fx: Effects, folders: Folders, job: Job) -> tuple[None, Touched]:
    """Put the original where it stays. From the private copy when the claimed file is out of reach."""
    if job.sha256 is None:  # a document that could not be taken out of its bundle has no bytes of its own
        return None, Touched()
    source, target = folders.claimed(job), folders.archived(job)
    grown = fx.make_directories(target.parent)
    if is_there(target):
        return None, Touched(directories=(target.parent,))
    try:
        fx.rename(source, target)
    except OSError as error:
        # Removed behind our back (A18), or the archive is another file system (S16): same bytes.
        if error.errno not in (errno.ENOENT, errno.EXDEV):
            raise
        unfinished = target.parent / f".unfinished-{job.id}"
        fx.copy(folders.spooled(job), unfinished)
        fx.sync_file(unfinished)
        fx.rename(unfinished, target)
    return None, Touched(directories=(target.parent, folders.work, *grown))


def tidy(fx: Effects, folders: Folders, job: Job) -> tuple[None, Touched]:
    """Remove what a finished job no longer needs. What a crash leaves of it, the next start removes."""
    fx.unlink(folders.claimed(job))
    fx.unlink(folders.spooled(job))
    return None, Touched()


def is_claimed(folders: Folders, job: Job) -> bool:
    """Whether the claimed file is still where the claim put it."""
    return is_there(folders.claimed(job))


def has_late_bytes(folders: Folders, job: Job) -> bool:
    """Whether the claimed file holds other bytes than we froze: its writer went on after the claim (A05)."""
    try:
        return sha256_of(folders.claimed(job)) != job.sha256
    except FileNotFoundError:
        return False


def part_late_bytes(fx: Effects, folders: Folders, job: Job, late: Job) -> tuple[None, Touched]:
    """Hand late bytes over to a job of their own; `job` is archived from its private copy."""
    source, target = folders.claimed(job), folders.claimed(late)
    fx.rename(source, target)
    return None, Touched(directories=(folders.work,))


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return None
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
