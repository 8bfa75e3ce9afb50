"""What a bundle holds: a zip, a gzipped tar, or one gzipped document. Every byte is read, nothing is written.

Each member is told with its size, its SHA-256 and the place of its bytes, or with the reason why it cannot be
taken out; so a bad member is one document's result, and only what makes the whole archive unbelievable is the
archive's. Taking the members out is `extents` and `moves`, and needs to understand no archive any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from connector.documents.bundle_parts import GZIP_MAGIC, ZIP_MAGIC, Limits, torn
from connector.documents.bundle_tar import gzip_members
from connector.documents.bundle_zip import zip_members
from connector.documents.recognise import NotADocument
from connector.extents import Torn, gunzipped
from connector.model import Member, Problem

LIMITS = Limits()


def is_bundle(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a bundle."""
    return head.startswith((*ZIP_MAGIC, GZIP_MAGIC))


def members_of(file: BinaryIO, name: str = "", limits: Limits = LIMITS) -> tuple[Member, ...]:
    """The members of a bundle in their order, without folders and what systems leave behind.

    Args:
        file: the bundle, for which `is_bundle` is true.
        name: as it was dropped.
        limits: how much it may hold.
    Raises:
        NotADocument: the archive as a whole cannot be taken.
        OSError: it cannot be read now.
    """
    file.seek(0)
    try:
        if file.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
            packed = file.seek(0, 2)
            found = list(gzip_members(gunzipped(file), packed, name, limits))
        else:
            found = list(zip_members(file, limits))
    except Torn as fault:
        raise torn(fault) from None
    if not found:
        raise NotADocument(Problem(code="bundle-empty"))
    if all(member.problem and member.problem.code == "bundle-member-encrypted" for member in found):
        raise NotADocument(Problem(code="bundle-encrypted"))
    return tuple(_one_of_a_name(found))


def _one_of_a_name(members: Sequence[Member]) -> list[Member]:
    """Of members with one name and different contents nobody knows which counts: each of them is refused."""
    contents: defaultdict[str, set[str | None]] = defaultdict(set)
    for member in members:
        contents[member.name].add(member.sha256)
    return [
        replace(member, sha256=None, problem=Problem(code="bundle-member-repeated", found=member.name))
        if len(contents[member.name]) > 1 and member.problem is None
        else member
        for member in members
    ]
