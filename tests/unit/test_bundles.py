"""What a bundle becomes: its documents, whether they go together, and the one result at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector import admission, bundles, names
from connector.model import Inspection, Job, Member, Outcome, Problem, State, Verdict, VerdictStatus
from tests.unit.policy_jobs import NOW, RULES, SHA, inspection, job, twin

ALL = replace(RULES, bundle="all")
SOUND = Member(name="sous/FA1.xml", size=100, sha256="b" * 64)
LINK = Member(name="FA2.xml", problem=Problem(code="bundle-member-link", found="link"))
LARGE = Member(name="FA3.xml", size=RULES.max_size + 1, sha256="c" * 64)
BUNDLE = job(
    State.OPENED, name=b"exports/lot.zip", document=None, tracking_id=None, members=(SOUND, LINK, LARGE)
)


def documents(**more: Any) -> list[Job]:
    return bundles.documents_of(replace(BUNDLE, **more), RULES)


def ended(*outcomes: Outcome | None) -> list[Job]:
    """Documents of a bundle at their end; None: sound, and waiting for the others."""
    return [
        job(
            State.VETTED if outcome is None else State.DONE,
            names.child_id(BUNDLE.id, n),
            parent=BUNDLE.id,
            outcome=outcome,
        )
        for n, outcome in enumerate(outcomes)
    ]


# --------------------------------------------------------------------------- taken apart
def test_every_member_becomes_one_job_and_the_same_one_each_time() -> None:
    assert documents() == documents()
    assert [child.id for child in documents()] == [f"{BUNDLE.id}-0000{n}" for n in (1, 2, 3)]
    assert {child.parent for child in documents()} == {BUNDLE.id}
    assert {child.state for child in documents()} == {State.SPOOLED}
    assert documents()[0].name == b"exports/lot.zip/sous/FA1.xml"
    assert documents()[0].member == "sous/FA1.xml"
    assert documents()[0].sha256 == SOUND.sha256


def test_a_member_that_cannot_be_taken_out_is_one_documents_end_and_is_not_looked_into() -> None:
    sound, link, large = documents()
    assert admission.judged_unseen(sound, RULES, NOW) is None
    told = admission.judged_unseen(link, RULES, NOW)
    assert told is not None
    assert (told.outcome, told.problems[0].code) == (Outcome.UNREADABLE, "bundle-member-link")
    told = admission.judged_unseen(large, RULES, NOW)
    assert told is not None
    assert (told.outcome, told.problems[0].code) == (Outcome.REJECTED_BEFORE_SENDING, "file-too-large")
    assert (link.sha256, large.sha256) == (None, None)


def test_P04_a_member_that_cannot_be_taken_out_is_told_so_however_often_we_were_killed() -> None:
    link = replace(documents()[1], tries=admission.MOST_TRIES)
    told = admission.judged_unseen(link, RULES, NOW)
    assert told is not None
    assert told.problems[0].code == "bundle-member-link"


def test_once_its_documents_are_jobs_a_bundle_only_counts_them() -> None:
    after = bundles.unpacked(BUNDLE)
    assert (after.state, after.documents, after.members) == (State.UNPACKED, 3, ())


# --------------------------------------------------------------------------- looked into
def seen(*members: Member) -> Inspection:
    return Inspection(verdict=Verdict(status=VerdictStatus.VALID), members=members)


def test_a_bundle_is_opened_and_the_same_one_again_is_a_duplicate() -> None:
    spooled = job(State.SPOOLED)
    after = admission.inspected(spooled, seen(SOUND), [], RULES, NOW)
    assert (after.state, after.members, after.tracking_id) == (State.OPENED, (SOUND,), None)
    for earlier in (twin(None, State.UNPACKED), twin(None, State.OPENED), twin(Outcome.HELD, State.HELD)):
        again = admission.inspected(spooled, seen(SOUND), [earlier], RULES, NOW)
        assert (again.outcome, again.twin) == (Outcome.DUPLICATE, earlier.id)
    failed = twin(Outcome.REJECTED_BEFORE_SENDING)
    assert admission.inspected(spooled, seen(SOUND), [failed], RULES, NOW).state is State.OPENED


def test_N12_a_bundle_in_a_bundle_is_not_opened() -> None:
    after = admission.inspected(job(State.SPOOLED, parent="p"), seen(SOUND), [], RULES, NOW)
    assert (after.outcome, after.problems[0].code) == (Outcome.UNREADABLE, "bundle-nested")


def test_A08_a_document_of_a_bundle_that_stops_in_the_middle_will_not_grow_any_more() -> None:
    cut_off = inspection(VerdictStatus.UNREADABLE, incomplete=True)
    child = job(State.SPOOLED, parent=BUNDLE.id, claimed_at=NOW)
    assert admission.inspected(child, cut_off, [], RULES, NOW).outcome is Outcome.UNREADABLE
    alone = job(State.SPOOLED, claimed_at=NOW)
    assert admission.inspected(alone, cut_off, [], RULES, NOW).state is State.CLAIMED


# --------------------------------------------------------------------------- all or none
def test_N15_on_a_route_that_says_all_a_sound_document_waits_for_the_others() -> None:
    child = job(State.SPOOLED, parent=BUNDLE.id)
    assert admission.inspected(child, inspection(), [], ALL, NOW).state is State.VETTED
    assert admission.inspected(child, inspection(), [], RULES, NOW).state is State.VALID
    assert admission.inspected(job(State.SPOOLED), inspection(), [], ALL, NOW).state is State.VALID


def test_N15_all_sound_documents_go_on_together_a_repeated_one_counts_as_sound() -> None:
    waiting = ended(None, Outcome.DUPLICATE, None)
    steps = bundles.together(waiting, NOW)
    assert [(step.before, step.after.state) for step in steps] == [
        (waiting[0], State.VALID),
        (waiting[2], State.VALID),
    ]


@pytest.mark.parametrize(
    "bad", [Outcome.REJECTED_BEFORE_SENDING, Outcome.UNREADABLE, Outcome.HELD, Outcome.CANCELLED]
)
def test_N15_if_one_is_not_sound_none_goes_and_each_says_why(bad: Outcome) -> None:
    steps = bundles.together(ended(None, bad, None), NOW)
    assert [step.after.outcome for step in steps] == [Outcome.CANCELLED] * 2
    assert {step.after.problems[0].code for step in steps} == {"bundle-refused"}


def test_the_same_document_elsewhere_waits_to_hear_whether_that_bundle_goes_at_all() -> None:
    vetted = job(State.VETTED, "20261122-080000-0000000f-00001", parent="20261122-080000-0000000f")
    alone = admission.inspected(job(State.SPOOLED), inspection(), [vetted], ALL, NOW)
    assert (alone.state, alone.waits_for) == (State.SPOOLED, "bundle-twin")
    gone = replace(vetted, state=State.VALID)
    assert (
        admission.inspected(job(State.SPOOLED), inspection(), [gone], ALL, NOW).outcome is Outcome.DUPLICATE
    )
    refused = replace(vetted, state=State.DONE, outcome=Outcome.CANCELLED)
    assert admission.inspected(job(State.SPOOLED), inspection(), [refused], ALL, NOW).state is State.VALID


def test_two_bundles_never_wait_for_each_other() -> None:
    older, younger = "20261122-080000-0000000f", "20261122-090000-0000000f"

    def child(parent: str, state: State) -> Job:
        return job(state, names.child_id(parent, 0), parent=parent)

    meets = admission.inspected(
        child(younger, State.SPOOLED), inspection(), [child(older, State.VETTED)], ALL, NOW
    )
    assert meets.state is State.SPOOLED
    met = admission.inspected(
        child(older, State.SPOOLED), inspection(), [child(younger, State.VETTED)], ALL, NOW
    )
    assert met.outcome is Outcome.DUPLICATE
    own = names.child_id(younger, 7)
    repeats = admission.inspected(
        job(State.SPOOLED, own, parent=younger), inspection(), [child(younger, State.VETTED)], ALL, NOW
    )
    assert repeats.outcome is Outcome.DUPLICATE


# --------------------------------------------------------------------------- the end
@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ((Outcome.ACCEPTED, Outcome.ACCEPTED), Outcome.ACCEPTED),
        ((Outcome.ACCEPTED, Outcome.DUPLICATE), Outcome.ACCEPTED),
        ((Outcome.DUPLICATE,), Outcome.ACCEPTED),
        ((Outcome.ACCEPTED, Outcome.UNREADABLE), Outcome.UNREADABLE),
        ((Outcome.CANCELLED, Outcome.REJECTED_BEFORE_SENDING), Outcome.REJECTED_BEFORE_SENDING),
        ((Outcome.REJECTED_BEFORE_SENDING, Outcome.REJECTED_BY_PLATFORM), Outcome.REJECTED_BY_PLATFORM),
        ((Outcome.REJECTED_BY_PLATFORM, Outcome.HELD, Outcome.ACCEPTED), Outcome.HELD),
    ],
)
def test_N15_a_bundle_ends_as_its_worst_document(outcomes: tuple[Outcome, ...], told: Outcome) -> None:
    after = bundles.summed_up(bundles.unpacked(BUNDLE), ended(*outcomes), NOW)
    assert (after.state, after.outcome, after.sha256) == (State.CONCLUDED, told, SHA)
    assert after.waits_for is None


def test_every_outcome_of_a_document_has_its_place_in_the_order() -> None:
    for outcome in Outcome:
        assert bundles.summed_up(BUNDLE, ended(outcome), NOW).outcome in (outcome, Outcome.ACCEPTED)
