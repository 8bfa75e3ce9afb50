"""What somebody must be able to find out, from the folder alone, about each file that `playing` has dropped.

The words are those that a person looks for, parts of what is written; white space does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.acceptance.playing import ODD_NAME

SAME = "Le MÊME numéro de facture peut être utilisé"
SAME_REPORT = "Le MÊME identifiant de transmission peut être utilisé"
NOT_THE_SAME = "Le MÊME numéro de facture ne peut PAS être"
DROP_AGAIN = "déposer le nouveau fichier dans le dossier « inbox »"
NOT_SENT = "n'a PAS été envoyée à la plateforme"
NOTHING_SENT = "Rien n'a été envoyé à la plateforme"
ASK_ADMIN = "Transmettre ce message à la personne qui administre le connecteur"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A file that somebody has to see to. Its text answers five questions, its JSON says the same.

    Args:
        file: as it was dropped; of a document in an archive, behind the archive's name.
        which, what, where, todo, number: what the text says: about which document, what is wrong with it and
            what that means, at which place, what to do, and whether the same number may be used again.
        outcome, action, same_number, who: `outcome`, and members of `next`, of the JSON.
        motive, short: what the board says of it: what is wrong, and what to do.
        name: of its files in the folder of errors, where that is not its own.
        original: whether the file itself lies there too.
        deadline: `next.deadline` of the JSON.
        on_board: whether somebody is asked to see to it; not to what was called off by a wish.
    """

    file: str
    which: str
    what: tuple[str, ...]
    where: str
    todo: tuple[str, ...]
    number: str
    outcome: str
    action: str
    same_number: bool | None
    who: str
    motive: str
    short: str
    route: str = "ventes"
    name: str | None = None
    original: bool = True
    deadline: str | None = None
    on_board: bool = True

    @property
    def shown(self) -> str:
        return self.name or self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file that waits for something, which is nobody's error.

    Args:
        said: what the board says about why.
        note: what stands at its top, where somebody has to act; None: it goes on by itself.
    """

    route: str
    file: str
    said: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A file with which nothing is left to do.

    Args:
        result: its JSON, below the outbox; "*" stands for the day. None: it was told of before, and settled.
    """

    file: str
    outcome: str | None = None
    result: str | None = None


def _unreadable(
    file: str, *, what: str, todo: str, original: bool = True, name: str | None = None
) -> Stopped:
    """A file that nobody could read, so that all that is known of it is its name."""
    return Stopped(
        file=file,
        which=f"FICHIER {file}",
        what=(NOTHING_SENT, what),
        where=f"Fichier reçu : {file}, le 08/12/2026 à",
        todo=(todo, DROP_AGAIN),
        number=SAME,
        outcome="unreadable",
        action="fix_and_drop_again",
        same_number=True,
        who="accounting",
        motive=what,
        short=todo,
        original=original,
        name=name,
    )


def _refused(
    file: str, *, what: str, where: str, todo: str, number: str | None = None, name: str | None = None
) -> Stopped:
    """An invoice that our own checks refused."""
    number = number or file.removesuffix(".xml")
    return Stopped(
        file=file,
        which=f"FACTURE {number} : NON TRANSMISE",
        what=(NOT_SENT, what),
        where=where,
        todo=(todo, DROP_AGAIN),
        number=SAME,
        outcome="rejected_before_sending",
        action="fix_and_drop_again",
        same_number=True,
        who="accounting",
        motive=what,
        short=todo,
        name=name,
    )


STOPPED: Mapping[str, Stopped] = {
    "a total that does not add up": _refused(
        "FA-TOTAL.xml",
        what="Le total TTC ne correspond pas à la somme du total HT et de la TVA",
        where="Où : Montant total TTC (BT-112) Valeur trouvée : 99,00 Valeur attendue : 15,00",
        todo="Corriger le total TTC (ou l'arrondi de la TVA) dans le logiciel d'origine",
    ),
    "a customer without SIREN": _refused(
        "FA-SIREN.xml",
        what="Le SIREN du client manque ou n'a pas 9 chiffres.",
        where="Où : Identifiant légal du client (SIREN) (BT-47)",
        todo="Compléter le SIREN dans la fiche du client, puis exporter de nouveau.",
    ),
    "a VAT number that cannot exist": _refused(
        "FA-TVA.xml",
        what="Ce numéro de TVA français n'est pas valable.",
        where="Où : Numéro de TVA du vendeur (BT-31) Valeur trouvée : FR00",
        todo="Corriger le numéro de TVA dans la fiche de la société.",
    ),
    "an odd file name, and an amount with a space": _refused(
        ODD_NAME,
        number="FA-ETE",
        name="Facture_n_7_ete_1_(100_).xml",
        what="Une valeur n'est pas écrite sous la forme demandée.",
        where="Où : Net à payer (BT-115) Valeur trouvée : 1 000.00",
        todo="Corriger la valeur dans le logiciel d'origine",
    ),
    "one bad invoice in an archive": _refused(
        "lot.zip/FA-LOT-2.xml",
        number="FA-LOT-2",
        name="lot.zip__FA-LOT-2.xml",
        what="une autre manque juste avant elle",
        where="Valeur attendue : Date d'émission (BT-2)",
        todo="Vérifier que l'information attendue est bien remplie dans le logiciel d'origine",
    ),
    "not XML at all": _unreadable(
        "lettre.xml",
        what="Le type de document n'est pas reconnu.",
        todo="Vérifier que le bon fichier a été déposé",
    ),
    "a file that was cut": _unreadable(
        "FA-COUPEE.xml",
        what="Le fichier s'arrête au milieu : il est incomplet.",
        todo="Exporter de nouveau le fichier et attendre la fin de la copie.",
    ),
    "an empty file": _unreadable(
        "FA-VIDE.xml",
        what="Le fichier est vide.",
        todo="Exporter de nouveau le fichier et vérifier que la taille du fichier n'est pas nulle.",
    ),
    "a PDF with a password": _unreadable(
        "FA-PROTEGEE.pdf",
        what="Le PDF est protégé par un mot de passe.",
        todo="Retirer la protection dans le logiciel d'origine, puis exporter de nouveau.",
    ),
    "a PDF that holds no invoice": _unreadable(
        "FA-SIMPLE.pdf",
        what="Ce PDF est un simple PDF : il ne contient pas de facture électronique.",
        todo="Régler l'export du logiciel d'origine sur Factur-X (ou UBL, ou CII)",
    ),
    "an archive that is a bomb": _unreadable(
        "gonflee.zip/FA-GONFLEE.xml",
        what="Ce document est démesuré une fois décompressé.",
        todo="Déposer le document seul, non compressé",
        original=False,  # nobody takes it out
        name="gonflee.zip__FA-GONFLEE.xml",
    ),
    "the wrong folder": Stopped(
        file="declaration.xml",
        which="DÉCLARATION E-REPORTING ER-EGAREE : NON TRANSMISE",
        what=(NOT_SENT, "Ce dossier n'est pas prévu pour ce type de document."),
        where="Valeur trouvée : déclarations e-reporting Valeur attendue : factures et avoirs",
        todo=("Ne pas modifier le fichier : le déposer dans le dossier prévu pour ce type de document.",),
        number=SAME_REPORT,
        outcome="rejected_before_sending",
        action="resend_unchanged",
        same_number=True,
        who="accounting",
        motive="Ce dossier n'est pas prévu pour ce type de document.",
        short="le déposer dans le dossier prévu pour ce type de document",
        deadline="2026-11-30",
    ),
    "rejected by the platform (213)": Stopped(
        file="FA-REJETEE.xml",
        which="FACTURE FA-REJETEE : REJETÉE PAR LA PLATEFORME",
        what=("l'a contrôlée et l'a rejetée", "Une erreur de calcul a été relevée."),
        where="Où : le document entier Message reçu : « Somme des lignes differente »",
        todo=(
            "Vérifier les montants",
            "Annuler la facture dans la comptabilité par un avoir interne, qui ne se transmet pas",
            "une nouvelle facture, avec un nouveau numéro",
        ),
        number=NOT_THE_SAME,
        outcome="rejected_by_platform",
        action="new_invoice_new_number",
        same_number=False,
        who="accounting",
        motive="Une erreur de calcul a été relevée.",
        short="avec un nouveau numéro",
    ),
    "inadmissible for a technical reason (501)": Stopped(
        file="FA-SCHEMA.xml",
        which="FACTURE FA-SCHEMA : IRRECEVABLE",
        what=(
            "La facture n'a pas été traitée : elle n'est pas émise",
            "ne respecte pas la structure du format",
        ),
        where="Où : le document entier Message reçu : « cvc-complex-type.2.4.a »",
        todo=("Transmettre ce message à l'éditeur du logiciel d'origine", DROP_AGAIN),
        number=SAME,
        outcome="inadmissible",
        action="fix_and_drop_again",
        same_number=True,
        who="it",
        motive="ne respecte pas la structure du format",
        short="Transmettre ce message à l'éditeur du logiciel d'origine",
    ),
    "refused as a repeat (DOUBLON)": Stopped(
        file="FA-DOUBLON.xml",
        which="FACTURE FA-DOUBLON : REJETÉE PAR LA PLATEFORME",
        what=("La facture est signalée comme un doublon.",),
        where="Où : le document entier Message reçu : « Facture deja recue »",
        todo=("Ne rien renvoyer.", "le premier envoi est bien la facture voulue"),
        number=NOT_THE_SAME,
        outcome="rejected_by_platform",
        action="none",
        same_number=False,
        who="accounting",
        motive="La facture est signalée comme un doublon.",
        short="Ne rien renvoyer.",
    ),
    "too large for the platform": Stopped(
        file="FA-LOURDE.xml",
        which="FACTURE FA-LOURDE : REJETÉE PAR LA PLATEFORME",
        what=("La facture n'a pas été traitée : elle n'est pas émise", "trop volumineux pour la plateforme"),
        where="Fichier reçu : FA-LOURDE.xml",
        todo=("Alléger le document (pièces jointes)", DROP_AGAIN),
        number=SAME,
        outcome="rejected_by_platform",
        action="fix_and_drop_again",
        same_number=True,
        who="it",
        motive="Le fichier est trop volumineux pour la plateforme.",
        short="Alléger le document (pièces jointes)",
    ),
    "held in doubt": Stopped(
        file="FA-DOUTE.xml",
        which="FACTURE FA-DOUTE : BLOQUÉE – une décision est nécessaire",
        what=("La plateforme répond qu'elle a déjà cette facture, mais elle ne retrouve aucun dépôt",),
        where="Un envoi a peut-être été fait par un autre moyen (portail, autre logiciel).",
        todo=(ASK_ADMIN, "En attendant, ne pas redéposer la facture."),
        number="Ne PAS réutiliser ce numéro de facture pour l'instant",
        outcome="held",
        action="contact_admin",
        same_number=None,
        who="it",
        motive="La plateforme dit avoir déjà cette facture",
        short=ASK_ADMIN,
    ),
    "the same number again": Stopped(
        file="FA-MEME-NUMERO.xml",
        which="FACTURE FA-ACCEPTEE : BLOQUÉE – une décision est nécessaire",
        what=(
            "Un autre fichier, au contenu différent, porte déjà ce numéro de facture.",
            "n'a PAS été envoyé",
        ),
        where="L'autre fichier : FA-ACCEPTEE.xml, le 08/12/2026 à",
        todo=("Comparer les deux documents.", "Si le numéro est une erreur : le corriger"),
        number=NOT_THE_SAME,
        outcome="held",
        action="fix_and_drop_again",
        same_number=False,
        who="accounting",
        motive="porte déjà ce numéro de facture",
        short="Comparer les deux documents.",
    ),
    "cancelled by a file": Stopped(
        file="FA-ANNULEE.xml",
        which="FICHIER FA-ANNULEE.xml : ANNULÉ",
        what=("Le traitement du fichier a été annulé sur demande.", NOTHING_SENT),
        where="Fichier reçu : FA-ANNULEE.xml",
        todo=("Rien à faire, si l'annulation était voulue.", "il sera traité de nouveau"),
        number=SAME,
        outcome="cancelled",
        action="none",
        same_number=True,
        who="nobody",
        motive="Le traitement du fichier a été annulé sur demande.",
        short="Rien à faire, si l'annulation était voulue.",
        on_board=False,
    ),
    "a correction that would take most of a period away": Stopped(
        route="declarations",
        file="rectificative.xml",
        which="DÉCLARATION E-REPORTING ER-3 : BLOQUÉE – une décision est nécessaire",
        what=("Cette rectificative (RE) contient moins que ce qui a déjà été déclaré pour la période.",),
        where="Où : nombre de transactions Valeur trouvée : 3 Valeur attendue : 30",
        todo=("Vérifier que la rectificative contient toute la période, et pas seulement les corrections.",),
        number=SAME_REPORT,
        outcome="held",
        action="fix_and_drop_again",
        same_number=True,
        who="accounting",
        motive="Cette rectificative contient moins que ce qui a été déclaré pour la période",
        short="Vérifier que la rectificative contient toute la période",
        deadline="2026-11-30",
    ),
    "a report that comes late, and is wrong": Stopped(
        route="retard",
        file="tardive.xml",
        which="DÉCLARATION E-REPORTING ER-2 : NON TRANSMISE",
        what=(NOT_SENT, "Le type de transmission doit être IN (initiale) ou RE (rectificative)."),
        where="Où : Type de transmission (IN ou RE) (TT-4) Valeur trouvée : XX",
        todo=("Corriger le type", DROP_AGAIN, "Date limite de transmission pour cette période : 30/11/2026."),
        number=SAME_REPORT,
        outcome="rejected_before_sending",
        action="fix_and_drop_again",
        same_number=True,
        who="accounting",
        motive="Le type de transmission doit être IN (initiale) ou RE (rectificative).",
        short="Corriger le type dans le logiciel d'origine",
        deadline="2026-11-30",
    ),
}

WAITING: Mapping[str, Waiting] = {
    "the platform cannot be reached": Waiting(
        route="panne",
        file="FA-PANNE.xml",
        said="La plateforme ne répond pas (connexion impossible) ; nouvel essai automatique.",
    ),
    "the secret of the account is wrong": Waiting(
        route="acces",
        file="FA-ACCES.xml",
        said="refuse l'identifiant ou le secret du compte ; l'administrateur doit intervenir",
        note="Des documents ne partiront pas tout seuls : prévenir la personne qui administre le connecteur.",
    ),
    "somebody has paused the route": Waiting(
        route="suspendue",
        file="FA-PAUSE.xml",
        said="1 dans le dossier de dépôt, 0 en cours de traitement.",
        note="Pour reprendre, supprimer le fichier PAUSE.txt du dossier « inbox ».",
    ),
}

OVER: Mapping[str, Over] = {
    "sent": Over(file="FA-ACCEPTEE.xml", outcome="accepted", result="ok/*/FA-ACCEPTEE.xml.ok.json"),
    "approved by the client later (205)": Over(
        file="FA-APPROUVEE.xml", outcome="accepted", result="ok/*/FA-APPROUVEE.xml.ok.json"
    ),
    "the same file twice": Over(
        file="FA-ACCEPTEE (copie).xml",
        outcome="duplicate",
        result="doublons/*/FA-ACCEPTEE_(copie).xml.doublon.json",
    ),
    "sent again by moving it back": Over(
        file="FA-RENVOYEE.xml", outcome="accepted", result="ok/*/FA-RENVOYEE.xml.ok.json"
    ),
    "corrected and dropped again": Over(
        file="FA-CORRIGEE.xml", outcome="accepted", result="ok/*/FA-CORRIGEE.xml.ok.json"
    ),
    "settled by moving its message": Over(file="FA-CLASSEE.xml"),
}
