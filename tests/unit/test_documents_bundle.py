"""Archives of every kind, sound and hostile: what is in them, or one clear reason why they are not taken."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents.bundle import is_bundle, members_of
from connector.documents.bundle_parts import MIB, Limits
from connector.documents.recognise import NotADocument
from connector.extents import cut
from connector.model import Member, Packing
from tests.archives import central, end, local, patched, tar_entry, tar_of, zip_of

TWO = {"FA1.xml": b"<Invoice>1</Invoice>", "exports/FA2.xml": b"<Invoice>22</Invoice>" * 400}
SMALL = Limits(members=20, total=4 * MIB, ratio=50, unquestioned=MIB)


def opened(archive: bytes, name: str = "lot.zip", limits: Limits = SMALL) -> tuple[Member, ...]:
    assert is_bundle(archive[:8])
    return members_of(io.BytesIO(archive), name, limits)


def taken_out(archive: bytes, members: tuple[Member, ...]) -> dict[str, bytes]:
    """The bytes of every member that can be taken out, the way the journey does it."""
    good = [member for member in members if member.problem is None]
    return {member.name: b"".join(pieces) for member, pieces in cut(io.BytesIO(archive), good)}


def refused(archive: bytes, limits: Limits = SMALL) -> tuple[str, bool]:
    """The code of the one problem of the whole archive, and whether it may still be growing."""
    with pytest.raises(NotADocument) as caught:
        opened(archive, limits=limits)
    return caught.value.problem.code, caught.value.incomplete


def codes(members: tuple[Member, ...]) -> dict[str, str | None]:
    return {member.name: member.problem.code if member.problem else None for member in members}


# --------------------------------------------------------------------------- sound ones
@pytest.mark.parametrize(
    "archive",
    [
        zip_of(TWO),
        zip_of(TWO, method=zipfile.ZIP_STORED),
        tar_of(TWO),
        tar_of(TWO, style=tarfile.USTAR_FORMAT),
        tar_of(TWO, style=tarfile.GNU_FORMAT),
        gzip.compress(tar_of(TWO, packed=False)[:1000]) + gzip.compress(tar_of(TWO, packed=False)[1000:]),
        tar_of(TWO) + bytes(512),
    ],
    ids=["deflated", "stored", "pax", "ustar", "gnu", "two gzips", "padded"],
)
def test_the_members_of_a_sound_archive_are_told_with_size_and_hash_and_come_out_as_they_went_in(
    archive: bytes,
) -> None:
    members = opened(archive)
    assert [(member.name, member.size) for member in members] == [
        (name, len(content)) for name, content in TWO.items()
    ]
    assert [member.sha256 for member in members] == [
        hashlib.sha256(content).hexdigest() for content in TWO.values()
    ]
    assert taken_out(archive, members) == TWO


some_files = st.dictionaries(
    st.text("abcdefé_. -", min_size=1, max_size=150)
    .map(lambda text: f"F{text.strip(' .')}x")
    .filter(lambda name: len(name) > 2),
    st.binary(max_size=3000),
    min_size=1,
    max_size=6,
)


@given(some_files, st.sampled_from(["deflated", "stored", "pax", "gnu"]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_standard_library_packs_comes_out_byte_by_byte(
    contents: dict[str, bytes], how: str
) -> None:
    contents = {name: b"<" + content for name, content in contents.items()}
    match how:
        case "deflated":
            archive = zip_of(contents)
        case "stored":
            archive = zip_of(contents, method=zipfile.ZIP_STORED)
        case "pax":
            archive = tar_of(contents)
        case _:
            archive = tar_of(contents, style=tarfile.GNU_FORMAT)
    members = opened(archive)
    assert codes(members) == dict.fromkeys(contents)
    assert taken_out(archive, members) == contents


def test_a_zip_written_to_a_pipe_says_sizes_behind_the_data_and_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(data)  # type: ignore[call-overload]
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("FA1.xml", TWO["FA1.xml"])
    assert taken_out(pipe.data, opened(pipe.data)) == {"FA1.xml": TWO["FA1.xml"]}


def test_a_zip64_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    archive = zip_of(TWO)
    assert b"PK\x06\x06" in archive
    assert taken_out(archive, opened(archive)) == TWO


def test_one_gzipped_document_is_a_bundle_of_one_named_after_the_file() -> None:
    archive = gzip.compress(TWO["FA1.xml"])
    members = opened(archive, "exports/FA1.xml.gz")
    assert [member.name for member in members] == ["FA1.xml"]
    assert taken_out(archive, members) == {"FA1.xml": TWO["FA1.xml"]}


def test_folders_and_what_offices_leave_behind_are_no_documents() -> None:
    noise = {
        "exports/": b"",
        "__MACOSX/._FA1.xml": b"x",
        "exports/.DS_Store": b"x",
        "Thumbs.db": b"x",
        "desktop.ini": b"x",
        "._FA1.xml": b"x",
    }
    assert list(codes(opened(zip_of({**noise, **TWO})))) == list(TWO)
    assert refused(zip_of(noise)) == ("bundle-empty", False)
    assert refused(zip_of({})) == ("bundle-empty", False)
    assert refused(tar_of({})) == ("bundle-empty", False)


def test_N01_names_from_windows_are_read_in_its_page_and_with_its_separator() -> None:
    archive = zip_of({"exports/facture_x.xml": b"<a/>"})
    windows = archive.replace(b"exports/facture_x", b"exports\\facture_\x82")  # é in code page 850
    assert list(codes(opened(windows))) == ["exports/facture_é.xml"]
    old = tar_of({"facture_x.xml": b"<a/>"}, packed=False, style=tarfile.USTAR_FORMAT)
    header = bytearray(old[:512].replace(b"facture_x", b"facture_\xe9"))
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    assert list(codes(opened(gzip.compress(bytes(header) + old[512:])))) == ["facture_é.xml"]


# --------------------------------------------------------------------------- hostile members, one by one
@pytest.mark.parametrize(
    "name",
    ["../../etc/FA.xml", "/etc/FA.xml", "C:/FA.xml", "..\\FA.xml", "a/../../FA.xml", "F" * 2000 + ".xml"],
)
@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_N10_a_path_that_means_no_good_is_that_members_result_alone(pack: object, name: str) -> None:
    assert callable(pack)
    members = opened(pack([(name, b"<a/>"), ("FA1.xml", b"<b/>")]))
    assert list(codes(members).values()) == ["bundle-member-name", None]


def test_N10_links_and_devices_are_never_followed() -> None:
    link = opened(tar_entry("FA.xml", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
    hard = opened(tar_entry("FA.xml", type=tarfile.LNKTYPE, linkname="other"))
    device = opened(tar_entry("FA.xml", type=tarfile.CHRTYPE))
    assert [codes(found) for found in (link, hard, device)] == [{"FA.xml": "bundle-member-link"}] * 3
    archive = zip_of({"FA.xml": b"/etc/passwd"})
    at = central(archive)
    unix = patched(archive, (at + 5, "<B", 3), (at + 38, "<L", 0o120777 << 16))
    assert codes(opened(unix)) == {"FA.xml": "bundle-member-link"}


def test_N13_a_password_is_that_members_result_and_the_archives_when_all_have_one() -> None:
    archive = zip_of(TWO)
    first = [(local(archive) + 6, "<H", 1), (central(archive) + 8, "<H", 1)]
    second = [(local(archive, 1) + 6, "<H", 1), (central(archive, 1) + 8, "<H", 1)]
    assert list(codes(opened(patched(archive, *first))).values()) == ["bundle-member-encrypted", None]
    assert refused(patched(archive, *first, *second)) == ("bundle-encrypted", False)


def test_N12_an_archive_in_an_archive_is_not_opened() -> None:
    inner = zip_of(TWO)
    for archive in (zip_of({"lot.zip": inner, **TWO}), tar_of({"lot.zip": inner, **TWO})):
        assert list(codes(opened(archive)).values()) == ["bundle-nested", None, None]
    assert codes(opened(gzip.compress(gzip.compress(b"<a/>")), "FA.xml.gz.gz")) == {
        "FA.xml.gz": "bundle-nested"
    }


def test_two_members_of_one_name_are_both_refused_unless_they_are_the_same() -> None:
    for pack in (zip_of, tar_of):
        different = pack([("FA1.xml", b"<a/>"), ("FA2.xml", b"<b/>"), ("FA1.xml", b"<c/>")])
        found = [member.problem.code if member.problem else None for member in opened(different)]
        assert found == ["bundle-member-repeated", None, "bundle-member-repeated"]
        same = pack([("FA1.xml", b"<a/>"), ("FA1.xml", b"<a/>")])
        assert [member.problem for member in opened(same)] == [None, None]


def test_N13_another_compression_is_that_members_result() -> None:
    archive = zip_of({"FA1.xml": TWO["FA1.xml"]}, method=zipfile.ZIP_BZIP2)
    assert codes(opened(archive)) == {"FA1.xml": "bundle-member-packing"}


@pytest.mark.parametrize(
    "change",
    [
        (14, 16, "<L", 1),  # CRC-32
        (22, 24, "<L", 19),  # a byte fewer than there are
        (22, 24, "<L", 21),  # a byte more
    ],
)
def test_a_checksum_or_a_size_that_lies_is_that_members_result(change: tuple[int, int, str, int]) -> None:
    archive = zip_of(TWO)
    at_local, at_central, style, value = change
    lying = patched(
        archive, (local(archive) + at_local, style, value), (central(archive) + at_central, style, value)
    )
    assert list(codes(opened(lying)).values()) == ["bundle-member-damaged", None]


def test_a_flipped_bit_in_the_data_is_that_members_result() -> None:
    archive = bytearray(zip_of(TWO, method=zipfile.ZIP_STORED))
    archive[local(bytes(archive)) + 30 + len("FA1.xml") + 3] ^= 4
    assert list(codes(opened(bytes(archive))).values()) == ["bundle-member-damaged", None]


# --------------------------------------------------------------------------- bombs: bounded time and memory
def test_N11_what_unpacks_to_far_more_than_it_takes_is_refused_before_it_is_unpacked() -> None:
    bomb = zip_of({"bomb.xml": bytes(3 * MIB), "FA1.xml": b"<a/>"})
    assert list(codes(opened(bomb)).values()) == ["bundle-member-bomb", None]
    assert refused(gzip.compress(bytes(3 * MIB))) == ("bundle-too-large", False)
    assert refused(tar_of({"bomb.xml": bytes(3 * MIB)})) == ("bundle-too-large", False)


def test_N11_many_sound_members_together_may_be_too_much() -> None:
    contents = {f"FA{n}.xml": random.Random(n).randbytes(MIB) for n in range(5)}
    assert refused(zip_of(contents)) == ("bundle-too-large", False)
    assert refused(tar_of(contents)) == ("bundle-too-large", False)


def test_N11_a_hundred_thousand_members_are_counted_and_not_listed() -> None:
    archive = zip_of(((f"{n}", b"") for n in range(100_000)), method=zipfile.ZIP_STORED)
    tracemalloc.start()
    assert refused(archive, Limits()) == ("bundle-too-many", False)
    assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    tracemalloc.stop()


def test_N11_a_count_that_lies_does_not_help() -> None:
    archive = zip_of({f"{n}": b"" for n in range(30)})
    for count in (3, 31):
        changed = patched(archive, (end(archive) + 8, "<H", count), (end(archive) + 10, "<H", count))
        assert refused(changed)[0] in ("bundle-damaged", "bundle-too-many")
    entries = gzip.compress(tar_of({f"{n}": b"" for n in range(30)}, packed=False))
    assert refused(entries) == ("bundle-too-many", False)


def test_N11_entries_that_share_bytes_are_no_archive() -> None:
    archive = zip_of({"FA1.xml": bytes(100), "FA2.xml": bytes(100)}, method=zipfile.ZIP_STORED)
    first = archive[local(archive) : local(archive) + 30 + 7 + 100]
    entry = archive[central(archive) : central(archive) + 46 + 7]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), len(first), 0)
    assert refused(first + entry + entry + tail) == ("bundle-damaged", False)


def test_a_header_that_asks_for_memory_is_no_archive() -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 900 * MIB
    assert refused(gzip.compress(header.tobuf() + bytes(10240))) == ("bundle-damaged", False)


def test_a_large_member_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "lot.zip"
    noise = os.urandom(MIB)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("big.xml", "w") as writer:
        for _ in range(100):
            writer.write(noise)
    tracemalloc.start()
    with path.open("rb") as file:
        (member,) = members_of(file)
        for _, pieces in cut(file, [member]):
            assert sum(map(len, pieces)) == 100 * MIB
    assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    tracemalloc.stop()


# --------------------------------------------------------------------------- the archive as a whole
@pytest.mark.parametrize(
    "archive",
    [zip_of(TWO), tar_of(TWO), gzip.compress(TWO["exports/FA2.xml"], mtime=0)],
    ids=["zip", "tar.gz", "gz"],
)
def test_A08_cut_anywhere_an_archive_is_incomplete_and_never_shorter(archive: bytes) -> None:
    for length in range(4, len(archive)):
        code, growing = refused(archive[:length])
        assert (code, growing) == ("bundle-incomplete", True), length


def test_A04_an_archive_with_room_made_for_the_rest_is_incomplete() -> None:
    archive = zip_of(TWO)
    assert refused(archive[:200] + bytes(len(archive))) == ("bundle-incomplete", True)


def test_a_tar_that_ends_in_the_middle_inside_a_sound_gzip_is_damaged() -> None:
    bare = tar_of(TWO, packed=False)
    assert refused(gzip.compress(bare[: 512 + 100])) == ("bundle-damaged", False)


def test_nothing_is_lost_behind_a_header_that_cannot_be_read() -> None:
    bare = bytearray(tar_of(TWO, packed=False, style=tarfile.USTAR_FORMAT))
    bare[1024 + 200] ^= 1  # in the second header
    assert refused(gzip.compress(bytes(bare))) == ("bundle-damaged", False)


def test_nothing_is_lost_behind_the_end_of_a_tar() -> None:
    two_tars = tar_of({"FA1.xml": b"<a/>"}, packed=False) + tar_of({"FA2.xml": b"<b/>"}, packed=False)
    assert refused(gzip.compress(two_tars)) == ("bundle-damaged", False)
    assert refused(tar_of(TWO) + b"<Invoice/>") == ("bundle-damaged", False)


@pytest.mark.parametrize(
    "records",
    [b"9999 path=x\n", b"x path=x\n", b"12 path\n", b"16 size=-1000\n\n\n\n"],
)
def test_a_pax_header_that_lies_is_no_archive(records: bytes) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, len(records)
    member = tarfile.TarInfo("FA1.xml")
    archive = header.tobuf() + records.ljust(512, b"\0") + member.tobuf() + bytes(1024)
    assert refused(gzip.compress(archive)) == ("bundle-damaged", False)


@pytest.mark.parametrize("size", [-512, -1, 8 * 1024**3])
def test_a_tar_size_below_zero_or_beyond_the_end_is_no_archive(size: int) -> None:
    header = bytearray(tarfile.TarInfo("FA1.xml").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (b"\xff" if size < 0 else b"\x80") + size.to_bytes(11, "big", signed=size < 0)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    assert refused(gzip.compress(bytes(header) + bytes(2048))) == ("bundle-damaged", False)


@pytest.mark.parametrize(
    ("offset", "style", "value"),
    [
        (4, "<H", 1),  # this is the second disk
        (6, "<H", 1),  # the directory begins on another
    ],
)
def test_N13_one_part_of_several_is_told_so(offset: int, style: str, value: int) -> None:
    archive = zip_of(TWO)
    assert refused(patched(archive, (end(archive) + offset, style, value))) == ("bundle-split", False)


def test_descriptions_that_disagree_are_no_archive() -> None:
    archive = zip_of(TWO)
    at, listed, last = local(archive), central(archive), end(archive)
    lies = {
        "another name": patched(archive, (at + 30, "<B", ord("X"))),
        "another method": patched(archive, (at + 8, "<H", 0)),
        "another CRC": patched(archive, (at + 14, "<L", 7)),
        "another size": patched(archive, (at + 22, "<L", 7)),
        "elsewhere": patched(archive, (listed + 42, "<L", 3)),
        "beyond the end": patched(archive, (listed + 42, "<L", 1 << 30)),
        "data into the directory": patched(archive, (at + 18, "<L", 1 << 20), (listed + 20, "<L", 1 << 20)),
        "directory elsewhere": patched(archive, (last + 16, "<L", 5)),
        "directory too short": patched(archive, (last + 12, "<L", 5)),
        "zip64 that is not there": patched(archive, (last + 16, "<L", 0xFFFFFFFF)),
        "zip64 size that is not there": patched(archive, (listed + 24, "<L", 0xFFFFFFFF)),
    }
    assert {name: refused(lie) for name, lie in lies.items()} == dict.fromkeys(
        lies, ("bundle-damaged", False)
    )


@given(st.sampled_from([zip_of(TWO), tar_of(TWO)]), st.data())
@settings(max_examples=300, deadline=None)
def test_N13_whatever_is_changed_in_an_archive_what_comes_out_is_what_was_hashed(
    archive: bytes, data: st.DataObject
) -> None:
    changed = bytearray(archive)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(4, len(archive) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = opened(bytes(changed))
    except NotADocument as fault:
        assert fault.problem.code.startswith("bundle-")
        return
    out = taken_out(bytes(changed), members)
    for member in members:
        if member.problem is None:
            assert hashlib.sha256(out[member.name]).hexdigest() == member.sha256
            assert member.packing is Packing.STREAM or zlib.crc32(out[member.name])
