"""What follows from what people tell us by files: names, requests to cancel, and what was seen to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from connector import wishes
from connector.controls import Answer, Request, cancelled_by, is_control, is_pause
from connector.model import Job, Outcome, ResultFile, State
from tests.unit.policy_jobs import NOW, SHA, job


@pytest.mark.parametrize("name", [b"PAUSE.txt", b"pause.TXT", b"Pause.txt"])
def test_a_pause_is_known_in_any_case_of_letters(name: bytes) -> None:
    assert is_pause(name)
    assert is_control(name)


@pytest.mark.parametrize("name", [b"sous/PAUSE.txt", b"PAUSE.txt.xml", b"PAUSE", b"FA1.xml", b"annuler"])
def test_other_names_are_no_pause(name: bytes) -> None:
    assert not is_pause(name)
    assert not is_control(name)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (b"FA1.xml.annuler", b"FA1.xml"),
        (b"FA1.xml.CANCEL", b"FA1.xml"),
        (b"sous/fact\xe9.pdf.Annuler", b"sous/fact\xe9.pdf"),
        (b"FA1.annuler.xml", None),
        (b".annuler", None),
        (b"sous/.cancel", None),
    ],
)
def test_a_request_names_the_whole_file_that_it_is_about(name: bytes, target: bytes | None) -> None:
    assert cancelled_by(name) == target


# --------------------------------------------------------------------------- cancelling
ASKED = Request(name=b"FA1.xml.annuler", target=b"FA1.xml", is_old=True)
SENT = {"attempts": 1, "tracking_id": "t"}


def held(**facts: object) -> Job:
    return replace(job(State.HELD), outcome=Outcome.HELD, **facts)  # type: ignore[arg-type]


def over(outcome: Outcome, state: State = State.DONE) -> Job:
    return replace(job(state), outcome=outcome)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        (job(State.CLAIMED), Answer.WAIT),
        (job(State.SPOOLED), Answer.WAIT),
        (job(State.VALID), Answer.WAIT),
        (held(), Answer.WAIT),
        (job(State.SENDING), Answer.WAIT),  # it may prove not to have left
        (job(State.UNKNOWN), Answer.WAIT),
        (over(Outcome.HELD, State.READY), Answer.WAIT),
        (held(**SENT), Answer.TOO_LATE),  # nobody knows whether the platform has it
        (job(State.RECEIVED), Answer.TOO_LATE),
        (over(Outcome.ACCEPTED), Answer.TOO_LATE),
        (over(Outcome.ACCEPTED, State.CONCLUDED), Answer.TOO_LATE),
        (over(Outcome.CANCELLED, State.CONCLUDED), Answer.DONE),
        (over(Outcome.CANCELLED), Answer.DONE),
        (over(Outcome.REJECTED_BEFORE_SENDING), Answer.NOT_SENT),
        (over(Outcome.DUPLICATE), Answer.NOT_SENT),
        (None, Answer.UNKNOWN),
    ],
)
def test_a_request_is_answered_by_where_its_target_is(target: Job | None, answer: Answer) -> None:
    assert wishes.answered(ASKED, target, (), in_inbox=False) is answer


def test_a_request_waits_for_a_file_that_is_still_to_be_taken_or_to_come() -> None:
    assert wishes.answered(ASKED, over(Outcome.ACCEPTED), (), in_inbox=True) is Answer.WAIT
    assert wishes.answered(replace(ASKED, is_old=False), None, (), in_inbox=False) is Answer.WAIT


@pytest.mark.parametrize(
    ("documents", "answer"),
    [
        ((over(Outcome.CANCELLED), job(State.VALID)), Answer.WAIT),
        ((over(Outcome.CANCELLED), over(Outcome.CANCELLED)), Answer.DONE),
        ((over(Outcome.CANCELLED), over(Outcome.ACCEPTED)), Answer.TOO_LATE),
        ((over(Outcome.CANCELLED), over(Outcome.UNREADABLE)), Answer.NOT_SENT),
    ],
)
def test_of_an_archive_the_documents_count(documents: tuple[Job, ...], answer: Answer) -> None:
    bundle = replace(job(State.PUBLISHED), documents=2, outcome=Outcome.ACCEPTED)
    assert wishes.answered(ASKED, bundle, documents, in_inbox=False) is answer


@pytest.mark.parametrize("state", State)
def test_only_what_has_certainly_not_left_can_be_called_off(state: State) -> None:
    possible = state in (State.SPOOLED, State.VETTED, State.VALID, State.HELD)
    assert wishes.can_be_called_off(replace(job(state), attempts=0)) == possible
    bundle = replace(job(state), documents=3)
    assert not wishes.can_be_called_off(bundle)


def test_what_is_called_off_has_an_outcome_and_no_hold_any_more() -> None:
    for before in (job(State.VALID), held()):
        after = wishes.called_off(before, NOW)
        assert (after.state, after.outcome, after.concluded_at) == (State.CONCLUDED, Outcome.CANCELLED, NOW)


# --------------------------------------------------------------------------- settling
def answer(number: int, name: str = "KO.xml", state: State = State.DONE) -> Job:
    """A refused job with its three files."""
    digests = {"": SHA, ".ERREUR.txt": "1" * 64, ".err.json": "2" * 64}
    files = tuple(
        ResultFile(staged=f"{number}-{n}", target=f"erreurs/{name}{suffix}", sha256=digest)
        for n, (suffix, digest) in enumerate(digests.items())
    )
    refused = job(state, f"20261122-100000-{number:08x}")
    return replace(refused, sha256=SHA, outcome=Outcome.REJECTED_BEFORE_SENDING, result=files)


def settled(jobs: Iterable[Job], there: set[str], treated: set[str] = frozenset()) -> dict[str, str]:  # type: ignore[assignment]
    return {found.id[-1]: how for found, how in wishes.settled(jobs, there, treated)}


ALL = {"erreurs/KO.xml", "erreurs/KO.xml.ERREUR.txt", "erreurs/KO.xml.err.json"}


@pytest.mark.parametrize(
    "missing", [set(), {"erreurs/KO.xml"}, {"erreurs/KO.xml.ERREUR.txt"}, {"erreurs/KO.xml.err.json"}]
)
def test_what_can_still_be_read_is_not_settled(missing: set[str]) -> None:
    assert settled([answer(1)], ALL - missing) == {}


def test_what_is_gone_is_settled_though_the_programs_file_is_still_there() -> None:
    assert settled([answer(1)], {"erreurs/KO.xml.err.json"}) == {"1": "removed"}


@pytest.mark.parametrize("kept", ["KO.xml", "KO.xml.ERREUR.txt"])
def test_what_was_put_away_is_settled_whatever_was_left(kept: str) -> None:
    assert settled([answer(1)], ALL - {f"erreurs/{kept}"}, {kept}) == {"1": "filed"}


def test_a_name_that_was_free_again_belongs_to_the_latest() -> None:
    assert settled([answer(2), answer(1)], ALL) == {"1": "removed"}


@pytest.mark.parametrize("state", [State.CONCLUDED, State.READY, State.HELD])
def test_what_is_not_told_yet_or_is_held_is_not_settled_by_a_missing_file(state: State) -> None:
    assert settled([answer(1, state=state)], set()) == {}
