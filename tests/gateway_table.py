"""The table of troubles: what each gateway is put through, and how each journey has to end.

One `Row` is one trouble; it is played at every gateway and version at once, each with a platform of its own.
Platforms of the table take duplicates unless the row says otherwise: nobody shields us from sending twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AFNOR = ("afnor 1.1", "afnor 1.2")
CHORUS = ("chorus-pro",)
PPF = ("ppf v1", "ppf v2")  # the first answers in XML
GATEWAYS = AFNOR + CHORUS + PPF
BY_KEY = AFNOR + PPF  # those whose search knows what we called a deposit
# Each number contains the first, as a search may compare or contain; FA1 is dropped last.
FILES = ("FA11", "FA12", "FA13", "FA1")
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trouble.

    Args:
        rules: of the simulator, in force until the trouble is over.
        switches: of the simulator, likewise.
        ends: invoice → its outcome, of those that do not end as accepted.
        one_held: where one of the files, whichever it is, ends as held.
        gateways: to whom it can happen.
        account: settings of the accounts beside the quick ones.
        check: `recipient_check` of the routes, where the platform has a directory.
        files: numbers of the invoices dropped.
        secret, password: what the client and the technical account say until the trouble is over.
        known: somebody else has deposited the first of the files already.
        lasting: it does not end by itself; while it lasts no file may be called refused, or held.
        asked: an endpoint → how many questions it must have got at least, to be sure that the row is played.
    """

    rules: tuple[Rule, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    one_held: tuple[str, ...] = ()
    gateways: tuple[str, ...] = GATEWAYS
    account: Mapping[str, Any] = field(default_factory=dict)
    check: str = "off"
    files: tuple[str, ...] = FILES
    secret: str | None = None
    password: str | None = None
    known: bool = False
    lasting: bool = False
    asked: Mapping[str, int] = field(default_factory=dict)


def on(endpoint: str, do: str, times: int | str = 1, **more: Any) -> Rule:
    return {"on": endpoint, "do": do, "times": times, **more}


def at_submit(do: str, **more: Any) -> tuple[Rule, ...]:
    return (on("submit", do, **more),)


def named(number: str) -> Mapping[str, str]:
    """The deposit of one invoice: what is sent is called FA1__<eight digits>.xml."""
    return {"name_contains": f"{number}__"}


def always(endpoint: str, code: int) -> tuple[Rule, ...]:
    return (on(endpoint, "status", "unlimited", code=code),)


LOST = at_submit("store-then-status", code=502, match=named("FA1"))  # it arrived, and its answer says nothing

GOOD = {"nothing at all": Row()}

TOKENS = {
    "H07 no token at first": Row(rules=(on("token", "status", 2, code=503),), asked={"token": 3}),
    "H07 a token endpoint that answers HTML": Row(rules=(on("token", "garbage", what="html"),)),
    "H06 a token that dies in the middle": Row(rules=at_submit("unauthorized", match={"after": 1})),
    "H06 tokens of half a second": Row(switches={"token_seconds": 0.5, "ack_delay": 0.7}, asked={"token": 2}),
    "H06 a client secret that is wrong": Row(secret="wrong", lasting=True),
    "H06 a client secret that is wrong, said with 401": Row(
        secret="wrong", lasting=True, switches={"invalid_client_status": 401}
    ),
    "H06 a technical account that is wrong": Row(password="wrong", lasting=True, gateways=CHORUS + PPF),
}

RIGHTS = {
    "H06 401 at the deposit, whatever the token": Row(rules=always("submit", 401), lasting=True),
    "H06 403 at the deposit": Row(rules=always("submit", 403), lasting=True),
    "H24 404 at the deposit": Row(rules=always("submit", 404), lasting=True),
    "H22 a redirect at the deposit, for good": Row(
        rules=(on("submit", "redirect", "unlimited"),), lasting=True
    ),
    # A look-up that is not let in counts as movement: seldom enough for the run to come to rest between two.
    "H06 403 at the search": Row(rules=(*LOST, *always("search", 403)), lasting=True),
    "H06 401 at the search": Row(rules=(*LOST, *always("search", 401)), lasting=True),
    "H06 403 when a flow is asked for": Row(rules=always("flow", 403), lasting=True, gateways=CHORUS),
    "H06 401 when a flow is asked for": Row(rules=always("flow", 401), lasting=True, gateways=CHORUS),
}

REFUSALS = {
    "H10 413 for one file": Row(
        rules=at_submit("status", code=413, match=named("FA1")), ends={"FA1": "rejected_by_platform"}
    ),
    "H10 a file that is too large for the platform": Row(
        switches={"max_file_bytes": 20_000}, ends={"FA12": "rejected_by_platform"}
    ),
    "H08 422 for one file": Row(
        rules=at_submit("status", code=422, error_code="InvalidFlow", message="non", match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
    ),
    "H08 a processing rule is not understood": Row(switches={"refuse_processing_rule": True}, gateways=AFNOR),
    "H08 an acknowledgement of error": Row(
        rules=at_submit("ack-error", reason_code="BR-FR-12", match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
    ),
    "H08 each reason of a technical fault": Row(
        rules=tuple(
            on("submit", "ack-error", reason_code=reason, match=named(f"R{place}"))
            for place, reason in enumerate(
                ("EmptyAttachement", "AttachmentTypeError", "InvalidSchema", "FileSizeExceeded", "VirusFound")
            )
        ),
        files=tuple(f"R{place}" for place in range(5)),
        ends=dict.fromkeys((f"R{place}" for place in range(5)), "inadmissible"),
        gateways=AFNOR,
    ),
    "H05 codeRetour in a 200 refuses one file": Row(
        rules=at_submit("return-code", message="GCU_MSG_01_001 : champ", match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
        gateways=CHORUS,
    ),
    "H08 codeRetour in a 400 refuses one file": Row(
        rules=at_submit("return-code", status=400, match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
        gateways=CHORUS,
    ),
}

PORTAL_REASONS = ("IRR_TAILLE_F", "IRR_SYNTAX", "IRR_ANTIVIRUS", "IRR_VID_F", "IRR_UNCITE")
PORTAL_REJECTIONS = ("REJ_SEMAN", "REJ_UNI", "REJ_COH")
REFUSALS_OF_THE_PORTAL = {
    "H08 501 for one file": Row(
        rules=at_submit("status", code=501, match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
        gateways=PPF,
    ),
    "H08 a problem in the words of the portal": Row(
        rules=at_submit("status", code=422, body="problem", message="Flux refusé", match=named("FA1")),
        ends={"FA1": "rejected_by_platform"},
        gateways=PPF,
    ),
    "H08 each reason that makes a flow inadmissible, in both spellings": Row(
        rules=tuple(
            on("submit", "ack-error", reason_code=reason, match=named(f"I{place}"))
            for place, reason in enumerate(PORTAL_REASONS)
        ),
        files=tuple(f"I{place}" for place in range(len(PORTAL_REASONS))),
        ends=dict.fromkeys((f"I{place}" for place in range(len(PORTAL_REASONS))), "inadmissible"),
        gateways=PPF,
    ),
    "H08 each reason that rejects an invoice": Row(
        rules=tuple(
            on("submit", "ack-error", reason_code=reason, match=named(f"J{place}"))
            for place, reason in enumerate(PORTAL_REJECTIONS)
        ),
        files=tuple(f"J{place}" for place in range(len(PORTAL_REJECTIONS))),
        ends=dict.fromkeys((f"J{place}" for place in range(len(PORTAL_REJECTIONS))), "rejected_by_platform"),
        gateways=PPF,
    ),
}

DUPLICATES = {
    "H09 somebody else's deposit, refused at once": Row(
        known=True, switches={"duplicates": "refuse-at-post"}, ends={"FA11": "held"}, gateways=AFNOR
    ),
    "H09 somebody else's deposit, refused when acknowledged": Row(
        known=True, switches={"duplicates": "ack-error"}, ends={"FA11": "rejected_by_platform"}
    ),
    "H09 the platform says that it has it, and has nothing": Row(
        rules=at_submit("duplicate-refusal", match=named("FA1")), ends={"FA1": "held"}, gateways=BY_KEY
    ),
    "H09 409, and it was stored": Row(
        rules=at_submit("store-then-status", code=409, match=named("FA1")), asked={"search": 1}
    ),
    "H09 409, and it was not stored": Row(
        rules=at_submit("status", code=409, match=named("FA1")), ends={"FA1": "held"}
    ),
}

STORED: Mapping[str, tuple[Rule, ...]] = {
    "H02 reset after storing": at_submit("reset", times=2),
    "H03 500 after storing": at_submit("store-then-status", code=500, times=2),
    "H03 502 with a page of HTML after storing": at_submit("store-then-status", body="html", times=2),
    "H03 503 with Retry-After after storing": at_submit("store-then-status", code=503, retry_after=1),
    "H03 408 after storing": at_submit("store-then-status", code=408),
    "H05 half an answer": at_submit("half-answer", times=2),
    "H05 a page of HTML": at_submit("garbage", what="html", times=2),
    "H05 the wrong JSON": at_submit("garbage", what="wrong-json", times=2),
    "H05 broken JSON": at_submit("garbage", what="broken-json", times=2),
    "H05 an empty receipt": at_submit("garbage", what="empty", times=2),
    "H05 a receipt without a number": at_submit("garbage", what="no-flow-id", times=2),
    "H20 no answer, stored": at_submit("store-then-hang", times=2),
    "H20 an answer in drops": at_submit("drip", seconds_per_byte=0.3),
}

NOT_TAKEN: Mapping[str, tuple[Rule, ...]] = {
    "H04 429 with seconds": at_submit("status", code=429, retry_after=1),
    "H04 429 with a date": at_submit("status", code=429, retry_after="http-date:1"),
    "H04 429 without a word": at_submit("status", code=429, body="empty"),
    "H22 a redirect": at_submit("redirect"),
}

# At Chorus Pro absence proves nothing: a deposit that may not have arrived ends as held.
IN_DOUBT: Mapping[str, tuple[Rule, ...]] = {
    "H02 reset before the body": at_submit("reset", at="before-body"),
    "H02 reset in the middle of the upload": at_submit("reset", at="mid-body"),
    "H02 reset before storing": at_submit("reset", at="after-body"),
    "H03 503 with a page of HTML, not stored": at_submit("status", code=503, body="html"),
    "H20 no answer, not stored": at_submit("hang"),
}

BREAKS = (
    {name: Row(rules=rules, asked={"search": 1}) for name, rules in STORED.items()}
    | {name: Row(rules=rules) for name, rules in NOT_TAKEN.items()}
    | {name: Row(rules=rules, one_held=CHORUS) for name, rules in IN_DOUBT.items()}
    | {
        "H21 connections closed after each answer": Row(
            rules=(on("submit", "close-after-answer", "unlimited"), on("search", "close-after-answer", 3))
        ),
        "H14 who allows it has a lost deposit sent again": Row(
            rules=at_submit("status", code=503), gateways=CHORUS, account={"resend_after_absence": True}
        ),
    }
)

SEARCHES = {
    "H16 late acknowledgements": Row(switches={"ack_delay": 0.8}),
    "H16 one acknowledgement later than the others": Row(
        rules=at_submit("ack-delay", seconds=0.8, match=named("FA1"))
    ),
    "H15 flows in no order": Row(rules=LOST, switches={"order": "shuffled"}, gateways=BY_KEY),
    "H15 flows in no order, in small pages": Row(
        rules=LOST, switches={"order": "shuffled", "page_limit": 3}, gateways=BY_KEY
    ),
    "H15 no list of flows, for good": Row(
        rules=always("search", 500), account={"ask_after": 0.1}, asked={"flow": 4}, gateways=AFNOR
    ),
    "H15 last changed first": Row(rules=LOST, switches={"order": "descending"}, gateways=BY_KEY),
    "H15 all changed at the same time": Row(
        rules=LOST, switches={"coarse_clock": 5.0, "ack_delay": 0.3}, gateways=BY_KEY
    ),
    "H13 the search ignores our key": Row(
        rules=LOST, switches={"ignore_tracking_filter": True}, gateways=BY_KEY
    ),
    "H13 the search misses it at first": Row(rules=LOST, switches={"index_lag_searches": 1}, gateways=BY_KEY),
    "H13 a search in trouble": Row(
        rules=(*LOST, on("search", "status", 2, code=503, body="html")), asked={"search": 3}
    ),
    "H13 a search that answers nonsense": Row(
        rules=(*LOST, on("search", "garbage", 2, what="broken-json")), asked={"search": 3}
    ),
    "H13 not shown before it is integrated": Row(
        rules=LOST, switches={"ack_delay": 0.8}, gateways=CHORUS, account={"visibility": 60.0}
    ),
    "H15 ten in a page, or one": Row(
        rules=LOST, switches={"page_limit": 1}, gateways=CHORUS, asked={"search": 4}
    ),
    "H05 codeRetour in the 200 of a search": Row(
        rules=(*LOST, on("search", "return-code", 2)), gateways=CHORUS, asked={"search": 3}
    ),
}

SEARCHES_OF_THE_PORTAL = {
    "H05 every receipt is a code alone, which is no trouble of the portal's": Row(
        switches={"ppf_answers": "bare"},
        files=tuple(f"N{place}" for place in range(8)),
        account={"breaker_failures": 2, "breaker_pause": 60.0},
        gateways=PPF,
        asked={"search": 8},
    ),
    "H15 two flows in a page, the rest told by 206": Row(
        switches={"page_limit": 2, "ack_delay": 0.3}, gateways=PPF
    ),
    "H13 a search that the portal does not implement at first": Row(
        rules=(*LOST, on("search", "status", 2, code=501)), gateways=PPF, asked={"search": 3}
    ),
    "H16 408 for a search": Row(rules=(*LOST, on("search", "status", 2, code=408)), gateways=PPF),
}

PENDING_STATES = (
    "IN_RECU",
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP",
    "IN_TRAITE_SE_CPP",
    "IN_EN_ATTENTE_TRAITEMENT_CPP",
    "IN_EN_COURS_TRAITEMENT_CPP",
    "IN_EN_ATTENTE_RETRAITEMENT_CPP",
    "IN_ETAT_QUE_PERSONNE_N_A_DECRIT",
)
LAST_STATES: Mapping[str, str] = {
    "IN_INTEGRE": "accepted",
    "IN_INTEGRE_PARTIEL": "accepted",  # the report names no other invoice as rejected, so ours was taken
    "IN_REJETE": "rejected_by_platform",
    "IN_INCIDENTE": "inadmissible",
    "IN_A_RELANCER": "held",
    "IN_ERREUR_INTERNE": "held",
}

PORTAL_STATES: Mapping[str, str] = {
    "250": "accepted",
    "300": "accepted",
    "251": "rejected_by_platform",
    "301": "rejected_by_platform",
    "601": "rejected_by_platform",
    "501": "inadmissible",
}

STATES = {
    "H17 each status that ends a flow of the portal": Row(
        rules=tuple(
            on("submit", "ack-status", status=state, match=named(f"S{state}")) for state in PORTAL_STATES
        ),
        files=tuple(f"S{state}" for state in PORTAL_STATES),
        ends={f"S{state}": outcome for state, outcome in PORTAL_STATES.items() if outcome != "accepted"},
        gateways=PPF,
    ),
    "H17 admissible is not accepted": Row(
        rules=(on("submit", "ack-status", "unlimited", status="500"),), lasting=True, gateways=PPF
    ),
    "H17 each state that ends a flow": Row(
        rules=tuple(
            on("submit", "ack-status", status=state, match=named(f"E{place}"))
            for place, state in enumerate(LAST_STATES)
        ),
        files=tuple(f"E{place}" for place in range(len(LAST_STATES))),
        ends={
            f"E{place}": outcome
            for place, outcome in enumerate(LAST_STATES.values())
            if outcome != "accepted"
        },
        gateways=CHORUS,
    ),
    "H17 each state that ends nothing, and one that nobody knows": Row(
        rules=tuple(
            on("submit", "ack-status", status=state, match=named(f"P{place}"))
            for place, state in enumerate(PENDING_STATES)
        ),
        files=tuple(f"P{place}" for place in range(len(PENDING_STATES))),
        lasting=True,
        gateways=CHORUS,
    ),
    "H17 taken in part, and the report names the invoice": Row(
        rules=(
            on("submit", "ack-error", message="Le service est obligatoire", match=named("FA1")),
            on("submit", "ack-status", status="IN_INTEGRE_PARTIEL", match=named("FA1")),
        ),
        ends={"FA1": "rejected_by_platform"},
        gateways=CHORUS,
    ),
    "H17 an acknowledgement that nobody knows": Row(
        rules=(on("submit", "ack-status", "unlimited", status="Integrated"),), lasting=True, gateways=BY_KEY
    ),
    "H17 unknown in the first reports": Row(switches={"unknown_polls": 3}, gateways=CHORUS),
    "H17 a report in trouble": Row(
        rules=(on("flow", "status", code=500),), gateways=CHORUS, asked={"flow": 5}
    ),
    "H17 a report that is a page of HTML": Row(
        rules=(on("flow", "garbage", what="html"),), gateways=CHORUS, asked={"flow": 5}
    ),
    "H05 codeRetour in the 200 of a report": Row(
        rules=(on("flow", "return-code"),), gateways=CHORUS, asked={"flow": 5}
    ),
}

OF_THE_PORTAL = REFUSALS_OF_THE_PORTAL | SEARCHES_OF_THE_PORTAL
DIRECTORIES = {
    "H06 403 at the directory, which may only warn": Row(
        rules=always("directory", 403), check="warn", asked={"directory": 1}
    ),
    "H12 429 at the directory, which may only warn": Row(
        rules=(on("directory", "status", "unlimited", code=429, retry_after=600),),
        check="warn",
        asked={"directory": 1},
    ),
    "H04 a directory that never answers, which may only warn": Row(
        rules=(on("directory", "hang", "unlimited"),), check="warn", asked={"directory": 1}
    ),
    "H17 500 at the directory at first, which may hold": Row(
        rules=(on("directory", "status", code=500),),
        check="hold",
        gateways=AFNOR + PPF,
        asked={"directory": 1},
    ),
    "H17 503 at the directory, which may hold": Row(
        rules=always("directory", 503), check="hold", gateways=AFNOR + PPF, lasting=True
    ),
}

TABLE: Mapping[str, Row] = (
    GOOD | TOKENS | RIGHTS | REFUSALS | DUPLICATES | BREAKS | SEARCHES | STATES | OF_THE_PORTAL | DIRECTORIES
)
CELLS = [(name, gateway) for name, row in TABLE.items() for gateway in row.gateways]
