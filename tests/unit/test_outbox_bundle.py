"""What is told of an archive as a whole, and of a document that stayed behind because of another one."""

from __future__ import annotations

import json
from dataclasses import replace

from connector.model import Job, Outcome, Problem, State
from connector.outbox.advice import Action
from tests.setup_tree import result_schema
from tests.unit.outbox_situations import INVOICE, job, scribe, sent

BUNDLE = replace(job(Outcome.REJECTED_BEFORE_SENDING, document=None, name=b"lot.zip"), documents=4)
TEXT = """\
FICHIER lot.zip : 2 DOCUMENTS À REPRENDRE SUR 4
==============================================================================
Fichier reçu    : lot.zip, le 22/11/2026 à 06:02

CE QUI S'EST PASSÉ
  L'archive contient 4 documents : 1 reçu et accepté techniquement par la
  plateforme ; 1 non transmis, à corriger ; 1 déjà déposé, non renvoyé ; 1
  illisible. Chaque document a été traité séparément et a son propre compte
  rendu.

  - KO.xml (FA2026-00125) : non transmise, à corriger
  - ventes/note.txt : fichier illisible

ENSUITE
  Traiter chaque document cité d'après son propre message, dans le dossier
  « erreurs ». Les autres documents de l'archive n'ont pas à être redéposés.
  Une fois le point réglé, ces fichiers peuvent être supprimés du dossier
  « erreurs ».

Besoin d'aide : transmettre ce message au support.
Référence       : 20261122-050211-1a2b3c4d
"""


def document(outcome: Outcome, member: str, position: int = 1, **more: object) -> Job:
    """A document of the archive at its end."""
    ended = job(outcome, name=f"lot.zip/{member}".encode())
    facts = {"id": f"{BUNDLE.id}-{position:05d}", "parent": BUNDLE.id, "member": member, **more}
    return replace(ended, state=State.DONE, **facts)  # type: ignore[arg-type]


MIXED = [
    sent(document(Outcome.ACCEPTED, "FA1.xml", 1)),
    document(Outcome.REJECTED_BEFORE_SENDING, "KO.xml", 2),
    document(Outcome.DUPLICATE, "FA1bis.xml", 3),
    document(Outcome.UNREADABLE, "ventes/note.txt", 4, document=None),
]


def files(bundle: Job, documents: list[Job]) -> dict[str, bytes | None]:
    return {suffix: content for _, suffix, content in scribe().compose(bundle, None, documents)}


def result(bundle: Job, documents: list[Job]) -> dict[str, object]:
    content = next(
        content for suffix, content in files(bundle, documents).items() if suffix.endswith(".json")
    )
    assert content is not None
    told: dict[str, object] = json.loads(content)
    result_schema().validate(told)
    return told


def test_N15_an_accountant_reads_which_documents_of_an_archive_to_look_at() -> None:
    told = files(BUNDLE, MIXED)[".ERREUR.txt"]
    assert told is not None
    assert told.decode("utf-8-sig").replace("\r\n", "\n").replace("\u00a0", " ") == TEXT


def test_the_archive_itself_is_not_put_beside_what_is_told_of_it() -> None:
    assert list(files(BUNDLE, MIXED)) == [".ERREUR.txt", ".err.json"]
    unopened = replace(BUNDLE, outcome=Outcome.UNREADABLE, documents=0)
    assert list(files(unopened, [])) == ["", ".ERREUR.txt", ".err.json"]


def test_N15_a_program_reads_how_each_document_ended() -> None:
    told = result(BUNDLE, MIXED)
    assert told["documents"] == [
        {
            "id": f"{BUNDLE.id}-0000{n}",
            "name": each.member,
            "outcome": each.outcome,
            "final": True,
            "number": INVOICE.number if each.document else None,
            "flow_id": each.flow_id,
        }
        for n, each in enumerate(MIXED, 1)
    ]
    assert told["bundle"] is None


def test_a_document_names_the_archive_it_came_in() -> None:
    told = result(MIXED[1], [])
    assert told["bundle"] == {"id": BUNDLE.id, "name": "lot.zip", "member": "KO.xml"}
    assert told["documents"] is None


def test_an_archive_all_of_whose_documents_are_fine_asks_for_nothing() -> None:
    fine = [MIXED[0], MIXED[2]]
    accepted = replace(BUNDLE, outcome=Outcome.ACCEPTED, documents=2)
    told = result(accepted, fine)
    assert told["next"]["action"] == Action.NONE  # type: ignore[index]
    assert told["status"]["code"] == "technically_accepted"  # type: ignore[index]


def test_an_archive_with_a_held_document_is_not_final() -> None:
    held = replace(BUNDLE, outcome=Outcome.HELD, documents=2)
    told = result(held, [MIXED[0], document(Outcome.HELD, "FA2.xml", 2)])
    assert told["final"] is False
    assert [each["final"] for each in told["documents"]] == [True, False]  # type: ignore[attr-defined]


def test_a_long_list_is_cut_in_the_text_and_whole_in_the_result() -> None:
    many = [document(Outcome.UNREADABLE, f"{n}.xml", n) for n in range(1, 201)]
    bundle = replace(BUNDLE, documents=200)
    text = files(bundle, many)[".ERREUR.txt"]
    assert text is not None
    assert "… et 180 autres" in text.decode("utf-8-sig").replace("\u00a0", " ")
    assert len(result(bundle, many)["documents"]) == 200  # type: ignore[arg-type]


def test_N15_a_sound_document_that_stayed_behind_may_come_again_under_its_number() -> None:
    refused = Problem(code="bundle-refused", found=BUNDLE.id)
    ended = replace(document(Outcome.CANCELLED, "FA1.xml"), problems=(refused,))
    told = result(ended, [])
    assert told["next"]["same_number_allowed"] is True  # type: ignore[index]
    text = files(ended, [])[".ERREUR.txt"]
    assert text is not None
    said = " ".join(text.decode("utf-8-sig").split())
    assert "NON TRANSMISE" in said
    assert "un autre document de la même archive est refusé" in said
    assert "redéposer l'archive entière" in said
    assert "opérateur" not in said


def test_N02_names_in_an_archive_cannot_act_on_a_reader() -> None:
    odd = document(Outcome.UNREADABLE, "a\x1b[2J\u202egnp.xml\r\nFAUX : accepté", 1)
    text = files(replace(BUNDLE, documents=1), [odd])[".ERREUR.txt"]
    assert text is not None
    assert "\x1b" not in text.decode()
    assert "\u202e" not in text.decode()
    assert not any(line.startswith("FAUX") for line in text.decode().splitlines())
