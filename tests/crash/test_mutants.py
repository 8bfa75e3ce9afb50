"""A harness that has never seen a bug proves nothing: each seeded bug of the protocol must be caught.

Each mutant is the real code with one patch (see `mutants_patches`), run until an invariant breaks. A patch
that no longer fits the code fails here too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.mutants import Edit, Mutant, PatchDoesNotFit, Prey, hunt, patched
from tests.crash.mutants_patches import MUTANTS

AT_ONCE = 2

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def hunts() -> Iterator[Mapping[str, Future[Prey]]]:
    """All the hunts, some at once, each in a process of its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runnable = [mutant for mutant in MUTANTS if shutil.which("strace") or not mutant.traced]
        yield {mutant.name: pool.submit(hunt, mutant) for mutant in runnable}
        pool.shutdown(cancel_futures=True)


def caught(hunts: Mapping[str, Future[Prey]], mutant: Mutant) -> Prey:
    if mutant.name not in hunts:
        pytest.skip("strace is not installed; on Debian: apt-get install strace")
    prey = hunts[mutant.name].result()
    print(f"{mutant.name}: {prey.runs} runs; {prey.seen or 'no violation'}")
    return prey


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in MUTANTS if mutant.sees], ids=lambda mutant: mutant.name
)
def test_a_seeded_bug_of_the_protocol_is_caught(hunts: Mapping[str, Future[Prey]], mutant: Mutant) -> None:
    prey = caught(hunts, mutant)
    assert prey.rules & mutant.sees, prey.seen


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in MUTANTS if not mutant.sees], ids=lambda mutant: mutant.name
)
def test_a_change_that_harms_nobody_is_not_called_a_bug(
    hunts: Mapping[str, Future[Prey]], mutant: Mutant
) -> None:
    prey = caught(hunts, mutant)
    assert not prey.rules, prey.seen
    assert prey.runs > 50  # it was looked for


def test_a_patch_that_no_longer_fits_the_code_is_told(tmp_path: Path) -> None:
    edit = Edit(module="policy.py", old="nothing in the module says this", new="")
    with pytest.raises(PatchDoesNotFit, match=r"policy\.py: 0 times"):
        patched(tmp_path, (edit,))
