"""Taking a bundle apart on a real disk: the bytes that were inspected, in bounded memory, or nothing."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import bundles, moves
from connector.documents.bundle import members_of
from connector.effects import Effects
from connector.model import Job, State
from connector.moves import Folders
from tests.archives import tar_of, zip_of
from tests.unit.policy_jobs import RULES, job

CONTENTS = {"FA1.xml": b"<a/>" * 1000, "sous/FA2.xml": b"<b/>", "../FA3.xml": b"<c/>", "FA4.xml": b""}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = {name: tmp_path / name for name in ("inbox", "work", "spool", "staging", "outbox", "archive")}
    for folder in made.values():
        folder.mkdir()
    return Folders(**made)


@pytest.fixture
def hands() -> Iterator[Effects]:
    hands = Effects()
    yield hands
    hands.close()


def spooled(folders: Folders, archive: bytes) -> Job:
    """A bundle as it is after its inspection."""
    bundle = job(State.OPENED, name=b"lot.zip")
    folders.spooled(bundle).write_bytes(archive)
    with folders.spooled(bundle).open("rb") as file:
        return job(State.OPENED, name=b"lot.zip", members=members_of(file))


def unpack(hands: Effects, folders: Folders, bundle: Job) -> list[Job]:
    documents = bundles.documents_of(bundle, RULES)
    batch = hands.together([bundle], lambda each: moves.unpack(hands, folders, each, documents))
    for _, error in batch.failed:
        raise error
    return documents


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_N10_each_document_gets_a_private_copy_and_no_name_of_the_archive_is_used(
    hands: Effects, folders: Folders, tmp_path: Path, pack: object
) -> None:
    assert callable(pack)
    bundle = spooled(folders, pack(CONTENTS))
    for _ in range(2):  # doing it again changes nothing
        documents = unpack(hands, folders, bundle)
        found = {path.name: path.read_bytes() for path in folders.spool.iterdir() if path.name != bundle.id}
        taken = [document for document in documents if document.sha256]
        assert found == {
            document.id: content
            for document, content in zip(documents, CONTENTS.values(), strict=True)
            if document.sha256
        }
        assert [document.member for document in taken] == ["FA1.xml", "sous/FA2.xml", "FA4.xml"]
        assert [hashlib.sha256(found[document.id]).hexdigest() for document in taken] == [
            document.sha256 for document in taken
        ]
    assert {path.name for path in tmp_path.iterdir()} == {
        "inbox",
        "work",
        "spool",
        "staging",
        "outbox",
        "archive",
    }


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_a_private_copy_that_changed_since_the_inspection_gives_nothing(
    hands: Effects, folders: Folders, pack: object
) -> None:
    assert callable(pack)
    bundle = spooled(folders, pack(CONTENTS))
    damaged = bytearray(folders.spooled(bundle).read_bytes())
    damaged[60] ^= 255
    folders.spooled(bundle).write_bytes(bytes(damaged))
    with pytest.raises(OSError, match=r".+"):
        unpack(hands, folders, bundle)
    assert [path.name for path in folders.spool.iterdir()] == [bundle.id]


def test_P21_a_large_document_is_taken_out_in_pieces(hands: Effects, folders: Folders) -> None:
    bundle = job(State.OPENED, name=b"lot.zip")
    noise = os.urandom(1024 * 1024)
    with (
        zipfile.ZipFile(folders.spooled(bundle), "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("big.xml", "w") as writer,
    ):
        for _ in range(90):
            writer.write(noise)
    tracemalloc.start()
    with folders.spooled(bundle).open("rb") as file:
        bundle = job(State.OPENED, name=b"lot.zip", members=members_of(file))
    (document,) = unpack(hands, folders, bundle)
    assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    tracemalloc.stop()
    assert folders.spooled(document).stat().st_size == 90 * 1024 * 1024
