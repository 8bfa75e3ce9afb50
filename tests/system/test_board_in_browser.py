"""The board in a real browser, opened from the disk as its readers do: in light, in dark, and on paper."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from connector.outbox.board import BoardPage
from connector.settings import Route
from tests.unit.test_board_page import HELD, REFUSED, board

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here"),
]


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    route = Route(name="ventes", root=tmp_path / "d'été #1 100%", account="pa")
    route.root.mkdir()
    written = route.root / "TABLEAU_DE_BORD.html"
    written.write_bytes(BoardPage(route, "fr", "Europe/Paris").written(board(REFUSED, HELD)))
    return written


def browse(page: Path, *words: str) -> str:
    """What the browser prints; it is told to do one thing and to end."""
    assert BROWSER is not None
    common = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent}/profile"]
    command = [BROWSER, *common, *words, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout


def rows_of(png: bytes) -> bytes:
    """The first rows of pixels of a PNG without interlacing, unpacked."""
    assert png.startswith(b"\x89PNG")
    place, packed = 8, b""
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        if kind == b"IDAT":
            packed += png[place + 8 : place + 8 + length]
        place += length + 12
    return zlib.decompressobj().decompress(packed, 4000)


@pytest.mark.parametrize(("scheme", "is_light"), [("1", True), ("0", False)], ids=["light", "dark"])
def test_the_page_is_drawn_on_the_ground_that_the_reader_likes(
    opened: Path, scheme: str, is_light: bool
) -> None:
    picture = opened.with_name("board.png")
    browse(
        opened,
        "--window-size=1200,1400",
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--screenshot={picture}",
    )
    corner = rows_of(picture.read_bytes())[1:4]  # red, green and blue of the first pixel: the ground
    assert all(value > 200 for value in corner) if is_light else all(value < 60 for value in corner)


def test_the_page_fits_on_a_sheet_or_two(opened: Path) -> None:
    sheets = opened.with_name("board.pdf")
    browse(opened, "--no-pdf-header-footer", f"--print-to-pdf={sheets}")
    assert 1 <= sheets.read_bytes().count(b"/Type /Page\n") <= 2


def test_the_browser_understands_the_page_as_it_was_meant(opened: Path) -> None:
    dom = browse(opened, "--dump-dom")
    assert "<title>2 à corriger – ventes</title>" in dom
    assert dom.count("<tr>") == opened.read_text("utf-8").count("<tr>")
