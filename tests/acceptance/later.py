"""What somebody must be able to find out about a file that was accepted first; `situations` has the others.

The words are parts of what is written; white space does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.acceptance.situations import NOT_THE_SAME

_NO_MORE = (
    "Ne pas redéposer ce fichier. Annuler la facture dans la comptabilité par un avoir interne",
    "Établir ensuite une nouvelle facture, avec un nouveau numéro",
)
STAYS = "Le numéro de facture ne change pas."


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A file that was accepted, and of which the platform says later what somebody has to see to.

    Args:
        number: of the document.
        code: of the status.
        which, what, todo, same: what the text says: about which document, what has happened and why, what to
            do, and whether the same number may be used again.
        motive, short: what the board says of it: what is wrong, and what to do.
        effect: of the status, in its JSON.
        current: code of the status that the document has now; None: none.
    """

    number: str
    code: str
    which: str
    what: tuple[str, ...]
    todo: tuple[str, ...]
    same: str
    motive: str
    short: str
    current: str | None
    effect: str = "current"

    @property
    def file(self) -> str:
        return f"{self.number}.xml"

    @property
    def stem(self) -> str:
        """The name of its files without what tells them apart."""
        return f"{self.number}_CDV_{self.code}_001"


LATE: Mapping[str, Late] = {
    "refused by the client later (210)": Late(
        number="FA-REFUSEE",
        code="210",
        which="FACTURE FA-REFUSEE : REFUSÉE PAR LE CLIENT – 1 motif",
        what=("le client l'a refusée. Ce refus est définitif", "Un taux de TVA est inexact."),
        todo=("Vérifier le taux de TVA de chaque ligne.", *_NO_MORE),
        same=NOT_THE_SAME,
        motive="REFUSÉE PAR LE CLIENT Un taux de TVA est inexact.",
        short="avec un nouveau numéro",
        current="210",
    ),
    "rejected by a platform later (213)": Late(
        number="FA-TARD",
        code="213",
        which="FACTURE FA-TARD : REJETÉE PAR UNE PLATEFORME – 1 motif",
        what=("une plateforme, la vôtre ou celle du client, l'a ensuite rejetée", "Une erreur de calcul"),
        todo=("Vérifier les montants", *_NO_MORE),
        same=NOT_THE_SAME,
        motive="REJETÉE PAR UNE PLATEFORME Une erreur de calcul a été relevée.",
        short="avec un nouveau numéro",
        current="213",
    ),
    "called a repeat later (213, DOUBLON)": Late(
        number="FA-BIS",
        code="213",
        which="FACTURE FA-BIS : DOUBLON SIGNALÉ, RIEN À RENVOYER – 1 motif",
        what=("C'est le premier envoi qui compte : ce statut ne l'annule pas.",),
        todo=("Ne rien renvoyer.", "le premier envoi est bien la facture voulue"),
        same=NOT_THE_SAME,
        motive="DOUBLON SIGNALÉ, RIEN À RENVOYER La facture est signalée comme un doublon.",
        short="Ne rien renvoyer.",
        effect="first-stands",
        current=None,
    ),
    "disputed (207)": Late(
        number="FA-LITIGE",
        code="207",
        which="FACTURE FA-LITIGE : EN LITIGE – 1 motif",
        what=("conteste ce qui lui est facturé", "Une quantité facturée n'est pas celle"),
        todo=(
            "Comparer avec le bon de livraison",
            "Prendre contact avec le client",
            "La facture reste valable.",
        ),
        same=STAYS,
        motive="EN LITIGE Une quantité facturée n'est pas celle que le client attendait.",
        short="Prendre contact avec le client pour régler le désaccord.",
        current="207",
    ),
    "suspended until documents come (208)": Late(
        number="FA-SUSPENDUE",
        code="208",
        which="FACTURE FA-SUSPENDUE : SUSPENDUE PAR LE CLIENT – 1 motif",
        what=("attend une pièce ou une précision pour continuer", "Un justificatif manque ou ne suffit pas."),
        todo=("Voir avec le client quelles pièces il attend", "Envoyer au client les pièces"),
        same=STAYS,
        motive="SUSPENDUE PAR LE CLIENT Un justificatif manque ou ne suffit pas.",
        short="Envoyer au client les pièces ou les précisions qu'il demande",
        current="208",
    ),
}
