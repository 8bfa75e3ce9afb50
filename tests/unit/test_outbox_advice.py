"""May the same number be used again, and what is to be done: the accountant's question, row by row."""

from __future__ import annotations

import pytest

from connector.crosscheck import TECHNICAL_REASONS
from connector.model import Family, Outcome
from connector.outbox.advice import Action, Who, advice

ASK = Action.CONTACT_RECIPIENT
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


STATUSES: list[tuple[str, list[str], Action, bool | None, Who]] = [
    # the platform or the customer turned it down, after it was accepted technically
    ("213", ["CALCUL_ERR"], NEW, False, Who.ACCOUNTING),
    ("213", [], NEW, False, Who.ACCOUNTING),
    ("210", ["TX_TVA_ERR"], NEW, False, Who.ACCOUNTING),
    ("210", ["a-reason-we-do-not-know"], NEW, False, Who.ACCOUNTING),
    # … and a new invoice without a word to the customer would be turned down as well
    ("210", ["TRANSAC_INC"], ASK, False, Who.ACCOUNTING),
    ("210", ["DOUBLE_FACT"], ASK, False, Who.ACCOUNTING),
    ("210", ["DOUBLON", "TX_TVA_ERR"], ASK, False, Who.ACCOUNTING),
    ("210", ["SUPPR_COMP_AVOIR"], Action.NONE, False, Who.ACCOUNTING),
    # a late "repeat" never undoes the first deposit
    ("213", ["DOUBLON"], Action.NONE, False, Who.ACCOUNTING),
    ("213", ["REJ_UNI", "CALCUL_ERR"], Action.NONE, False, Who.ACCOUNTING),
    ("501", ["IRR_UNCITE"], Action.NONE, False, Who.ACCOUNTING),
    # valid, and waiting for somebody
    ("206", ["PU_ERR"], ASK, False, Who.ACCOUNTING),
    ("207", ["QTE_ERR"], ASK, False, Who.ACCOUNTING),
    ("208", ["JUSTIF_ABS"], Action.SEND_DOCUMENTS, False, Who.ACCOUNTING),
    ("221", ["ROUTAGE_ERR"], RESEND, True, Who.ACCOUNTING),
    ("221", [], RESEND, True, Who.ACCOUNTING),
    ("200", ["NON_TRANSMISE"], ASK, False, Who.ACCOUNTING),
    ("251", ["REJ_COH"], Action.CONTACT_ADMIN, False, Who.IT),
    # nothing was treated
    ("501", ["IRR_VID_F"], FIX, True, Who.IT),
    ("501", ["IRR_ANTIVIRUS"], Action.CONTACT_ADMIN, True, Who.IT),
    ("301", ["REJ_PER"], FIX, False, Who.ACCOUNTING),
    ("401", ["REJ_VAL_INC"], FIX, None, Who.ACCOUNTING),
    ("601", ["REJ_INC"], FIX, None, Who.ACCOUNTING),
    # nothing to do
    *(
        (code, [], Action.NONE, None, Who.NOBODY)
        for code in ("200", "202", "205", "212", "250", "300", "500")
    ),
    # nobody knows it: without a reason it asks for nothing, as no known status does
    ("299", [], Action.NONE, None, Who.NOBODY),
    ("299", ["ZZZ"], Action.CONTACT_ADMIN, None, Who.IT),
]


@pytest.mark.parametrize(("status", "codes", "action", "same_number", "who"), [*ROWS, *STATUSES])
def test_each_outcome_or_status_and_reason_has_its_answer(
    status: Outcome | str, codes: list[str], action: Action, same_number: bool | None, who: Who
) -> None:
    given = advice(status, codes, family=Family.INVOICE)
    assert (given.action, given.same_number_allowed, given.who) == (action, same_number, who)


def test_what_counts_as_technical_is_the_same_for_the_outcome_and_for_the_advice() -> None:
    for code in TECHNICAL_REASONS - {"VirusFound"}:
        assert advice(REJECTED, [code]).same_number_allowed is True, code


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
