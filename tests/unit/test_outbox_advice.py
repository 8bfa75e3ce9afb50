"""May the same number be used again, and what is to be done: the accountant's question, row by row."""

from __future__ import annotations

import pytest

from connector.model import Family, Outcome
from connector.outbox.advice import Action, Who, advice

LOCAL, INADMISSIBLE = Outcome.REJECTED_BEFORE_SENDING, Outcome.INADMISSIBLE
REJECTED, REFUSED = Outcome.REJECTED_BY_PLATFORM, Outcome.REFUSED_BY_BUYER
FIX, NEW, RESEND = Action.FIX_AND_DROP_AGAIN, Action.NEW_INVOICE_NEW_NUMBER, Action.RESEND_UNCHANGED

ROWS: list[tuple[Outcome, list[str], Action, bool | None, Who]] = [
    # refused by our own checks: not an invoice yet
    (LOCAL, ["xsd-wrong-type"], FIX, True, Who.ACCOUNTING),
    (LOCAL, ["file-too-large"], FIX, True, Who.ACCOUNTING),
    (LOCAL, ["kind-not-accepted"], RESEND, True, Who.ACCOUNTING),
    (LOCAL, ["kind-not-accepted", "xsd-wrong-type"], FIX, True, Who.ACCOUNTING),
    (Outcome.UNREADABLE, ["xml-not-well-formed"], FIX, True, Who.ACCOUNTING),
    (Outcome.UNREADABLE, ["inspection-lost"], Action.CONTACT_ADMIN, True, Who.IT),
    # 501, irrecevable: the flow was not treated
    (INADMISSIBLE, ["InvalidSchema"], FIX, True, Who.IT),
    (INADMISSIBLE, ["IRR_SYNTAX"], FIX, True, Who.IT),
    (INADMISSIBLE, ["VirusFound"], Action.CONTACT_ADMIN, True, Who.IT),
    (INADMISSIBLE, ["IRR_ANTIVIRUS"], Action.CONTACT_ADMIN, True, Who.IT),
    (INADMISSIBLE, ["ChecksumMismatch"], RESEND, True, Who.IT),
    (REJECTED, ["InvalidSchema", "IRR_TAILLE_F"], FIX, True, Who.IT),
    # 221, the customer's platform was not found: the invoice stands, the directory is wrong
    (REJECTED, ["ROUTAGE_ERR"], RESEND, True, Who.ACCOUNTING),
    (REJECTED, ["221"], RESEND, True, Who.ACCOUNTING),
    # 213 and 210: issued, then void
    (REJECTED, ["REJ_SEMAN"], NEW, False, Who.ACCOUNTING),
    (REJECTED, ["CALCUL_ERR", "ROUTAGE_ERR"], NEW, False, Who.ACCOUNTING),
    (REJECTED, [], NEW, False, Who.ACCOUNTING),
    (REJECTED, ["a-reason-we-do-not-know"], NEW, False, Who.ACCOUNTING),
    (REFUSED, ["TX_TVA_ERR"], NEW, False, Who.ACCOUNTING),
    (REFUSED, [], NEW, False, Who.ACCOUNTING),
    # the first one stands
    (REJECTED, ["DOUBLON"], Action.NONE, False, Who.ACCOUNTING),
    (REJECTED, ["REJ_UNI"], Action.NONE, False, Who.ACCOUNTING),
    (INADMISSIBLE, ["IRR_UNICITE"], Action.NONE, False, Who.ACCOUNTING),
    (REJECTED, ["AlreadyExistingFlow", "REJ_SEMAN"], Action.NONE, False, Who.ACCOUNTING),
    (Outcome.DUPLICATE, ["same-content"], Action.NONE, False, Who.NOBODY),
    # valid, and waiting for somebody
    (Outcome.ACCEPTED, ["207"], Action.CONTACT_RECIPIENT, False, Who.ACCOUNTING),
    (Outcome.ACCEPTED, ["206"], Action.CONTACT_RECIPIENT, False, Who.ACCOUNTING),
    (Outcome.ACCEPTED, ["208"], Action.SEND_DOCUMENTS, False, Who.ACCOUNTING),
    (Outcome.ACCEPTED, [], Action.NONE, None, Who.NOBODY),
    # held: somebody must decide
    (Outcome.HELD, ["same-number"], FIX, False, Who.ACCOUNTING),
    (Outcome.HELD, ["same-content"], Action.CONTACT_ADMIN, False, Who.ACCOUNTING),
    (Outcome.HELD, ["number-void"], FIX, False, Who.ACCOUNTING),
    (Outcome.HELD, ["report-carries-less"], FIX, True, Who.ACCOUNTING),
    (Outcome.HELD, ["report-already-sent"], FIX, True, Who.ACCOUNTING),
    (Outcome.HELD, ["never-settles"], FIX, True, Who.ACCOUNTING),
    (Outcome.HELD, ["in-doubt"], Action.CONTACT_ADMIN, None, Who.IT),
    (Outcome.HELD, ["found-several"], Action.CONTACT_ADMIN, None, Who.IT),
    (Outcome.HELD, ["already-exists"], Action.CONTACT_ADMIN, None, Who.IT),
    (Outcome.HELD, ["source-changed"], Action.CONTACT_ADMIN, None, Who.IT),
    (Outcome.HELD, [], Action.CONTACT_ADMIN, None, Who.IT),
    (Outcome.CANCELLED, [], Action.NONE, True, Who.NOBODY),
]


@pytest.mark.parametrize(("outcome", "codes", "action", "same_number", "who"), ROWS)
def test_each_outcome_and_reason_has_its_answer(
    outcome: Outcome, codes: list[str], action: Action, same_number: bool | None, who: Who
) -> None:
    given = advice(outcome, codes, family=Family.INVOICE)
    assert (given.action, given.same_number_allowed, given.who) == (action, same_number, who)


def test_a_deposit_that_was_refused_outright_leaves_the_number_free() -> None:
    given = advice(REJECTED, ["UNPROCESSABLE_ENTITY"], family=Family.INVOICE, sent=True, taken=False)
    assert given.same_number_allowed is True
    assert given.action is FIX


def test_a_rejected_report_comes_again_under_a_new_identifier() -> None:
    given = advice(REJECTED, ["REJ_PER"], family=Family.EREPORTING, sent=True)
    assert given.same_number_allowed is False
    assert given.action is FIX


def test_a_cancelled_document_that_may_have_left_keeps_its_number_reserved() -> None:
    given = advice(Outcome.CANCELLED, [], family=Family.INVOICE, sent=True, taken=False)
    assert given.same_number_allowed is None
    assert given.who is Who.IT
