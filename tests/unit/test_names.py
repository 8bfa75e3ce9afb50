"""Names: any bytes come in, and only names that every system can hold go out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector import names

TRACKING = "0b1c8f6e-52d1-5f0c-9a8e-1f2e3d4c5b6a"
FORBIDDEN_ON_WINDOWS = set('<>:"/\\|?*')
RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
any_name = st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))


@given(any_name)
def test_N01_N02_N04_a_safe_name_is_ascii_printable_and_allowed_on_windows(name: bytes) -> None:
    safe = names.safe(name)
    assert safe
    assert safe.isascii()
    assert safe.isprintable()
    assert not FORBIDDEN_ON_WINDOWS & set(safe)
    assert safe[-1] not in " ."
    assert not safe.startswith(".")
    assert safe.partition(".")[0].casefold() not in RESERVED


@given(any_name)
def test_N03_a_safe_name_leaves_room_for_every_suffix_we_add(name: bytes) -> None:
    longest = names.numbered(names.safe(name), 999) + ".doublon.json"
    assert len(names.apart(longest, "20261122-101112-0a1b2c3d")) < 150
    assert len(names.sent(name, TRACKING)) <= 255


@given(any_name)
def test_a_safe_name_is_safe_already(name: bytes) -> None:
    assert names.safe(names.safe(name).encode()) == names.safe(name)


@given(any_name)
def test_N02_what_people_see_cannot_forge_a_log_line_or_turn_the_text_round(name: bytes) -> None:
    shown = names.display(name)
    assert shown.isprintable()
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        (b"FA1.xml", "FA1.xml"),
        (b"2026/11/FA1.xml", "FA1.xml"),
        ("Facture n° 12 – été.xml".encode(), "Facture_n_12_ete.xml"),
        (b"facture_\xe9t\xe9.xml", "facture_ete.xml"),  # Windows-1252
        (b"CON.xml", "_CON.xml"),
        (b"com1.tar.xml", "_com1.tar.xml"),
        ("COM¹.xml".encode(), "_COM1.xml"),
        (b"$(touch x).xml", "(touch_x).xml"),
        (b"a\nb\x1b[31m.xml", "a_x0ab_x1b[31m.xml"),
        ("\u202efdp.xml".encode(), "x202efdp.xml"),
        (b"...", "sans_nom"),
        (b"FA1. . .", "FA1"),
        ("請求書.xml".encode(), "xml"),
    ],
)
def test_safe_names_by_example(given_name: bytes, safe: str) -> None:
    assert names.safe(given_name) == safe


def test_N05_composed_and_decomposed_accents_give_one_name() -> None:
    assert names.safe("été.xml".encode()) == names.safe("e\u0301te\u0301.xml".encode())


def test_N03_a_name_of_254_bytes_is_cut_and_keeps_its_extension() -> None:
    safe = names.safe(("é" * 125).encode() + b".xml")
    assert safe == "e" * names.LONGEST_STEM + ".xml"


@given(any_name, st.integers(2, 999), st.integers(2, 999))
def test_numbers_keep_names_apart_and_the_extension_last(name: bytes, one: int, other: int) -> None:
    safe = names.safe(name)
    assert names.numbered(safe, 1) == safe
    assert (names.numbered(safe, one) == names.numbered(safe, other)) == (one == other)
    assert names.numbered(safe, one) != safe
    assert names.split(names.numbered(safe, one))[1] == names.split(safe)[1]


def test_a_second_file_of_a_name_is_numbered_before_its_extension() -> None:
    assert names.numbered("FA1.xml", 2) == "FA1~2.xml"
    assert names.numbered("sans_extension", 3) == "sans_extension~3"


def test_a_result_that_steps_aside_carries_its_jobs_hex() -> None:
    moved = names.apart("erreurs/FA1.xml.err.json", "20261122-101112-0a1b2c3d")
    assert moved == "erreurs/FA1~0a1b2c3d.xml.err.json"


@given(st.binary(min_size=1, max_size=255).filter(lambda name: not set(name) & {0, 47}))
def test_N03_a_claimed_file_keeps_its_name_behind_its_job_and_fits_any_file_system(name: bytes) -> None:
    job = "20261122-101112-0a1b2c3d"
    kept = names.held(job, b"sous dossier/" + name)
    assert len(kept) <= 255
    known = names.of_held(kept)
    assert known is not None
    assert known[0] == job
    assert known[1] == name or len(name) > 200


@pytest.mark.parametrize(
    "other", [b"FA1.xml", b"20261122-101112-0a1b2c3d", b"20261122-101112-0a1b2c3d__", b"__x"]
)
def test_a_strangers_name_is_not_taken_for_a_claimed_file(other: bytes) -> None:
    assert names.of_held(other) is None


@given(any_name, st.uuids(), st.uuids())
def test_the_name_told_to_the_platform_is_readable_and_unique(
    name: bytes, one: object, other: object
) -> None:
    told = names.sent(name, str(one))
    assert told.isascii()
    assert "." in told
    if str(one)[:8] != str(other)[:8]:
        assert told != names.sent(name, str(other))


@given(st.text("ab-", min_size=1), st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(0, 5))
def test_a_tracking_id_has_36_characters_and_follows_from_the_document(
    account: str, sha256: str, earlier: int
) -> None:
    key = "invoice|732829320|2026|380|FA1"
    tracking = names.tracking_id(account, sha256, key, earlier)
    assert len(tracking) == 36
    assert tracking == names.tracking_id(account, sha256, key, earlier)
    others = {
        names.tracking_id(account + "x", sha256, key, earlier),
        names.tracking_id(account, sha256[::-1] + "0", key, earlier),
        names.tracking_id(account, sha256, key + "x", earlier),
        names.tracking_id(account, sha256, None, earlier),
        names.tracking_id(account, sha256, key, earlier + 1),
    }
    assert tracking not in others
    assert len(others) == 5


@given(st.datetimes(min_value=datetime(2020, 1, 1)), st.binary(min_size=4, max_size=8))  # noqa: DTZ001 - bounds are naive
def test_job_ids_can_be_read_out_and_sort_by_time(moment: datetime, chance: bytes) -> None:
    moment = moment.replace(tzinfo=UTC)
    first = names.job_id(moment, chance)
    assert names.JOB_ID.fullmatch(first)
    if moment.year < 9999:
        assert first < names.job_id(moment + timedelta(seconds=1), chance)


# --------------------------------------------------------------------------- documents of a bundle
BUNDLE = "20261122-101112-0a1b2c3d"


def test_a_document_of_a_bundle_has_the_bundles_id_with_its_position_behind() -> None:
    child = names.child_id(BUNDLE, 16)
    assert child == f"{BUNDLE}-00017"
    assert names.JOB_ID.fullmatch(child)
    assert names.parent_of(child) == BUNDLE
    assert [names.parent_of(other) for other in (BUNDLE, "", f"{child}-1", "lot.zip")] == [None] * 4
    assert names.of_held(names.held(child, b"lot.zip/FA1.xml")) == (child, b"FA1.xml")


def test_the_result_of_a_document_of_a_bundle_names_both() -> None:
    assert names.of_result(b"exports/lot.zip/sous/FA1.xml", "sous/FA1.xml") == "lot.zip__FA1.xml"
    assert names.of_result(b"exports/FA1.xml", None) == "FA1.xml"
    assert names.apart("ok/lot.zip__FA1.xml.ok.json", f"{BUNDLE}-00017") == (
        "ok/lot~0a1b2c3d-00017.zip__FA1.xml.ok.json"
    )


member_path = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=300
)


@given(any_name, member_path)
@example(b"COM1", "0")
@example(b"lot.zip", "CON.xml")
def test_N03_the_result_of_a_document_of_a_bundle_is_safe_and_short(bundle: bytes, member: str) -> None:
    built = names.of_result(bundle + b"/" + member.encode(), member)
    assert names.safe(built.encode()) == built
    assert "__" in built
    assert len(names.numbered(built, 999) + ".doublon.json") < 150
