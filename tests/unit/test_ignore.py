"""Names that are never a document (A06, A07)."""

from __future__ import annotations

import pytest

from connector.inbox.ignore import NameFilter

EVERYTHING = NameFilter(["*"], [])


@pytest.mark.parametrize(
    "name",
    [
        ".FA1.xml",
        "~$FA1.xml",
        "FA1.xml~",
        "FA1.tmp",
        "FA1.xml.TMP",
        "FA1.temp",
        "FA1.xml.part",
        "FA1.xml.partial",
        "FA1.xml.filepart",
        "FA1.xml.crdownload",
        "FA1.xml.writing",
        "FA1.xml.camelLock",
        "FA1.xml.lock",
        ".sftpgo-upload.c9f2.FA1.xml",
        ".nfs000000000001",
        ".smbdeleteAAA",
        ".syncthing.FA1.xml.tmp",
        ".stfolder",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
        "._FA1.xml",
        "PAUSE.txt",
        "FA1.xml.annuler",
        "FA1.xml.cancel",
        ".probe-0a1b",
        ".placing-0a1b",
    ],
)
def test_A06_A07_what_uploaders_systems_and_people_leave_is_not_taken(name: str) -> None:
    assert not EVERYTHING.takes_file(name)


@pytest.mark.parametrize(
    "name",
    ["FA1.xml", "FA1.XML", "FA1", "part.xml", "tmp.xml", "FA 1~2.xml", "factur-x.pdf", "lot.zip", "$x.xml"],
)
def test_documents_are_taken_whatever_their_case_or_extension(name: str) -> None:
    assert EVERYTHING.takes_file(name)


def test_a_route_can_name_what_it_takes_and_what_it_does_not() -> None:
    names = NameFilter(["*.xml", "*.PDF"], ["BROUILLON*"])
    assert names.takes_file("FA1.XML")
    assert names.takes_file("fa1.pdf")
    assert not names.takes_file("FA1.csv")
    assert not names.takes_file("brouillon-FA1.xml")


def test_a_routes_patterns_do_not_give_up_the_general_ones() -> None:
    assert not NameFilter(["*"], ["x*"]).takes_file("FA1.xml.part")


@pytest.mark.parametrize("name", ["@eaDir", ".sync", ".snapshot"])
def test_folders_of_systems_are_not_entered(name: str) -> None:
    assert not EVERYTHING.enters_folder(name)


def test_ordinary_folders_are_entered_even_when_only_some_files_count() -> None:
    assert NameFilter(["*.xml"], []).enters_folder("2026-11")


def test_a_route_that_includes_nothing_takes_nothing() -> None:
    assert not NameFilter([], []).takes_file("FA1.xml")
