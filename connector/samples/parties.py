"""Made-up French companies with identifiers that pass their checks, and made-up things they sell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


def siren(stem: int) -> str:
    """A SIREN from its first eight digits: the ninth is Luhn's check digit.

    Args:
        stem: 0 to 99,999,999.
    """
    digits = f"{stem:08d}"
    total = 0
    for place, digit in enumerate(digits):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def vat_number(siren: str) -> str:
    """The French VAT number of a SIREN; its two-digit key is (12 + 3 × (SIREN mod 97)) mod 97."""
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def iban(siren: str) -> str:
    """A French IBAN at a bank that does not exist; both of its keys are right.

    The national key is 97 − (89 × bank + 15 × branch + 3 × account) mod 97; that of the IBAN is ISO 7064's.
    """
    bank, branch, account = "99999", "00001", f"00{siren}"
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
    number = f"{bank}{branch}{account}{key:02d}"
    return f"FR{98 - int(number + '152700') % 97:02d}{number}"  # F is 15, R is 27


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One side of an invoice."""

    siren: str
    name: str
    street: str
    post_code: str
    city: str
    siret: str | None = None
    address: str | None = None  # electronic; None: the SIREN

    @property
    def vat(self) -> str:
        return vat_number(self.siren)

    @property
    def iban(self) -> str:
        return iban(self.siren)


def company(siren: str, name: str | None = None) -> Company:
    """A company with this SIREN; its address follows from the SIREN."""
    pick = int(siren)
    post_code, city = _CITIES[pick % len(_CITIES)]
    return Company(
        siren=siren,
        name=name or f"{_NAMES[pick % len(_NAMES)]} SAS",
        street=f"{1 + pick % 180} {_STREETS[pick % len(_STREETS)]}",
        post_code=post_code,
        city=city,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One invoice line, at 20 % VAT."""

    number: int
    name: str
    quantity: Decimal
    unit_price: Decimal

    @property
    def net(self) -> Decimal:
        return cents(self.quantity * self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the lines add up to."""

    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


RATE = Decimal(20)

# What a French invoice has to say of late payment, by the subject code of the note (BT-21): BR-FR-05.
LEGAL_NOTES = (
    ("PMT", "Indemnité forfaitaire de recouvrement en cas de retard : 40 €"),
    ("PMD", "Pénalités de retard : trois fois le taux de l'intérêt légal"),
    ("AAB", "Pas d'escompte pour paiement anticipé"),
)


def lines(count: int) -> list[Line]:
    """This many lines, the same each time."""
    return [
        Line(
            number=index + 1,
            name=_ITEMS[index % len(_ITEMS)],
            quantity=Decimal(1 + index % 7),
            unit_price=Decimal(1250 + 735 * (index % 11)) / 100,
        )
        for index in range(count)
    ]


def totals(lines: list[Line]) -> Totals:
    """Sums of the lines, VAT rounded once (BR-CO-17 of EN 16931)."""
    net = sum((line.net for line in lines), Decimal(0))
    return Totals(net=cents(net), vat=cents(net * RATE / 100))


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to two decimals."""
    return amount.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


SELLER = siren(99_912_345)
BUYER = siren(99_954_321)
PLATFORM = "9999"  # registration number of an approved platform; made up

_NAMES = (
    "Ateliers du Vercors",
    "Papeterie des Écoles",
    "Maison Lefèvre & Fils",
    "Transports Océane",
    "Menuiserie Saint-Éloi",
    "Conserverie de Cornouaille",
    "Imprimerie du Cèdre",
)
_STREETS = ("rue de la République", "avenue Jean-Jaurès", "quai des Tanneurs", "allée des Érables")
_CITIES = (
    ("38000", "Grenoble"),
    ("44000", "Nantes"),
    ("69003", "Lyon"),
    ("35000", "Rennes"),
    ("13002", "Marseille"),
)
_ITEMS = (
    "Étagère en chêne, 120 cm",
    "Ramette de papier A4 80 g",
    "Prestation de maintenance, heure",
    "Câble réseau catégorie 6, 10 m",
    "Lampe de bureau « Clarté »",
    "Livraison express",
)
