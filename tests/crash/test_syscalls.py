"""Level L1: every system call on files and sockets goes wrong once, and nothing is lost or sent twice.

A life is killed at each call that changes anything; in another life each call fails, with an errno that a
disk or a share in trouble gives. Then an ordinary life, and the invariants I1 to I12.
"""

from __future__ import annotations

import pytest

from tests.crash.syscalls_strace import ERRORS, NoTracer
from tests.crash.syscalls_sweep import Tally, Where, sweep

# A start that finds a claim without a copy: what it opens, reads and looks at fails, one at a time.
RECOVERY = Where(after="commit after#1", only=frozenset({"openat", "pread64", "newfstatat", "getdents64"}))


@pytest.mark.timeout(600)
def test_S03_S10_P01_a_kill_or_an_error_at_any_system_call_loses_nothing() -> None:
    tally = Tally()
    try:
        for struck in sweep([Where(), RECOVERY]):
            tally.add(struck)
    except NoTracer as none:
        pytest.skip(str(none))
    print(tally)
    assert not tally.bad, "\n".join(
        "\n    ".join((struck.line, str(struck.hit), *struck.violations)) for struck in tally.bad
    )
    # Writing, flushing and naming, of the share and of the journal, and what is sent: all were met.
    assert {"main rename", "main unlink", "main mkdir", "main write", "main openat", "main close"} <= set(
        tally.kinds
    )
    assert {"main fsync", "main fdatasync", "main pwrite64", "gateways write"} <= set(tally.kinds)
    assert tally.kills > 200
    assert tally.errors > 400
    assert {error for error in ERRORS if tally.met[error]} == set(ERRORS)
