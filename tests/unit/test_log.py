"""The log on disk: lines of JSON, in files that are put away compressed when they are full."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from connector import log


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    log.set_up(level="INFO", folder=tmp_path, console=False)
    yield tmp_path
    logger.remove()


def test_a_full_file_is_put_away_compressed_and_whole(folder: Path) -> None:
    for number in range(21):
        logger.info("something.happened", number=number, words="x" * 1_000_000)
    logger.complete()
    (away,) = folder.glob("connector.*.jsonl.gz")
    lines = gzip.decompress(away.read_bytes()).decode().splitlines()
    lines += (folder / "connector.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(21))
    assert sorted(path.name for path in folder.iterdir()) == sorted([away.name, "connector.jsonl"])
