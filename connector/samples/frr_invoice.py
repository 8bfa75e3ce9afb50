"""One international invoice of an e-reporting transmission (10.1), from bare to complete."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from connector.samples.parties import cents, lines, totals, vat_number

_RATE = Decimal(20)
_COUNTRIES = ("DE", "ES", "IT", "BE")


def international_invoice(
    *, number: str, day: date, declarant: str, sells: bool = True, index: int = 0, full: bool = False
) -> str:
    """An `Invoice` element of a `TransactionsReport`.

    Args:
        number: TT-19.
        day: date of issue.
        declarant: SIREN of the French side.
        sells: the French side is the seller; otherwise it buys.
        index: varies amounts and the other side.
        full: with earlier invoice, delivery, periods, discounts, an exempt part and lines.
    """
    french = f"""<CompanyId schemeId="0002">{declarant}</CompanyId>
<TaxRegistrationId qualifyingId="VAT">{vat_number(declarant)}</TaxRegistrationId>
<PostalAddress><CountryId>FR</CountryId></PostalAddress>"""
    seller, buyer = (french, _foreign(index)) if sells else (_foreign(index), french)
    bought = totals(lines(2 + index % 5))
    exempt = Decimal("150.00") if full else Decimal(0)
    return f"""<Invoice><ID>{number}</ID><IssueDate>{day:%Y%m%d}</IssueDate>
<TypeCode>{"381" if full else "380"}</TypeCode><CurrencyCode>EUR</CurrencyCode>
{_dates_and_notes(day) if full else ""}<BusinessProcess><ID>B1</ID>
<TypeID>urn.cpro.gouv.fr:1p0:ereporting</TypeID></BusinessProcess>
{_earlier(day) if full else ""}<Seller>{seller}</Seller>
<Buyer>{buyer}</Buyer>
{_between(day) if full else ""}<MonetaryTotal><TaxExclusiveAmount>{bought.net + exempt}</TaxExclusiveAmount>
<TaxAmount CurrencyCode="EUR">{bought.vat}</TaxAmount></MonetaryTotal>
<TaxSubTotal><TaxableAmount>{bought.net}</TaxableAmount><TaxAmount>{bought.vat}</TaxAmount>
<TaxCategory><Code>S</Code><Percent>{_RATE}</Percent></TaxCategory></TaxSubTotal>
{_exempt(exempt) + _lines(index, day) if full else ""}</Invoice>
"""


def _foreign(index: int) -> str:
    country = _COUNTRIES[index % len(_COUNTRIES)]
    number = f"{country}{123_456_000 + index % 1000:09d}"
    return f"""<CompanyId schemeId="0223">{number}</CompanyId>
<TaxRegistrationId qualifyingId="VAT">{number}</TaxRegistrationId>
<PostalAddress><CountryId>{country}</CountryId></PostalAddress>"""


def _dates_and_notes(day: date) -> str:
    return f"""<DueDate>{day + timedelta(days=30):%Y%m%d}</DueDate><TaxDueDateTypeCode>72</TaxDueDateTypeCode>
<IncludedNote><Subject>AAB</Subject><Content>Pas d’escompte pour paiement anticipé.</Content></IncludedNote>
"""


def _earlier(day: date) -> str:
    return f"""<ReferencedDocument><ID>FX-2026-0001</ID>
<IssueDate>{day - timedelta(days=40):%Y%m%d}</IssueDate></ReferencedDocument>
"""


def _between(day: date) -> str:
    return f"""<SellerTaxRepresentative><TaxRegistrationId schemeId="VAT">FR40123456824</TaxRegistrationId>
</SellerTaxRepresentative>
<Delivery><Date>{day:%Y%m%d}</Date><Location><LineOne>Hafenstraße 12</LineOne><LineTwo>Halle 3</LineTwo>
<LineThree>Tor B</LineThree><CityName>Hamburg</CityName><PostalZone>20457</PostalZone>
<CountrySubentity>Hamburg</CountrySubentity><CountryId>DE</CountryId></Location></Delivery>
{_period(day)}<AllowanceCharge ChargeIndicator="false"><Amount>12.50</Amount>
<TaxCategoryCode>S</TaxCategoryCode><TaxPercent>{_RATE}</TaxPercent></AllowanceCharge>
"""


def _period(day: date) -> str:
    return f"""<InvoicePeriod><StartDate>{day - timedelta(days=30):%Y%m%d}</StartDate>
<EndDate>{day:%Y%m%d}</EndDate></InvoicePeriod>
"""


def _exempt(amount: Decimal) -> str:
    return f"""<TaxSubTotal><TaxableAmount>{amount}</TaxableAmount><TaxAmount>0.00</TaxAmount>
<TaxCategory><Code>E</Code><Percent>0</Percent><TaxExemptionReason>Exonération, art. 262 ter du CGI
</TaxExemptionReason><TaxExemptionReasonCode>VATEX-FR-CNWVAT</TaxExemptionReasonCode></TaxCategory></TaxSubTotal>
"""


def _lines(index: int, day: date) -> str:
    return "".join(
        f"""<Line><Note><Code>AAI</Code><Comment>Commande du mois</Comment></Note>
<BilledQuantity UnitCode="C62">{line.quantity}</BilledQuantity>
<ReferencedDocument><ID>FX-2026-0001</ID><IssueDate>{day - timedelta(days=40):%Y%m%d}</IssueDate>
</ReferencedDocument>
<Delivery><Name>Entrepôt nord</Name><Location><LineOne>Hafenstraße 12</LineOne><CityName>Hamburg</CityName>
<PostalZone>20457</PostalZone><CountrySubentity>Hamburg</CountrySubentity><CountryId>DE</CountryId>
</Location></Delivery>
{_period(day)}<AllowanceCharge ChargeIndicator="false"><Amount>1.00</Amount></AllowanceCharge>
<Price><PriceAmount>{line.unit_price}</PriceAmount><AllowanceChargeAmount>0.75</AllowanceChargeAmount>
<AllowanceChargeBaseAmount>{cents(line.unit_price + Decimal("0.75"))}</AllowanceChargeBaseAmount></Price>
<Product><Name>{line.name}</Name></Product></Line>
"""
        for line in lines(2 + index % 5)
    )
