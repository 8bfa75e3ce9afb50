"""A disk in trouble while the connector starts: one sentence, an exit code for "again", no traceback."""

from __future__ import annotations

from pathlib import Path

from connector.errors import ExitCode
from connector.samples.ubl import ubl_invoice
from tests.setup_tree import plant


def test_S10_a_folder_that_cannot_be_made_at_the_start_is_a_sentence_and_the_next_start_goes_on(
    tmp_path: Path,
) -> None:
    tree = plant(tmp_path)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.state.mkdir(exist_ok=True)
    (tree.state / "spool").write_bytes(b"")  # whatever the reason, no folder can be there now
    ended = tree.run_once()
    assert ended.code == ExitCode.TRY_AGAIN
    assert "Traceback" not in ended.err
    assert "spool" in ended.err
    (tree.state / "spool").unlink()
    assert tree.run_once(follow_for=0.1).code == ExitCode.KEPT_FOR_LATER
    assert [job.name for job in tree.jobs()] == [b"FA1.xml"]
