"""Documents with one fault each, of the kinds that real senders make."""

from __future__ import annotations

from connector.samples.ubl import ubl_invoice


def invoice_without_date(*, number: str = "FA-KO-0001", lines: int = 1) -> bytes:
    """A UBL invoice that breaks its schema: the issue date is missing."""
    whole = ubl_invoice(number=number, lines=lines)
    start = whole.index(b"<cbc:IssueDate>")
    end = whole.index(b"</cbc:IssueDate>") + len(b"</cbc:IssueDate>\n")
    return whole[:start] + whole[end:]


def invoice_with_spaced_amount(*, number: str = "FA-KO-0002") -> bytes:
    """A UBL invoice that breaks its schema: an amount written the French way, `1 000.00`."""
    whole = ubl_invoice(number=number)
    start = whole.index(b"<cbc:PayableAmount")
    value = whole.index(b">", start) + 1
    return whole[:value] + b"1 000.00" + whole[whole.index(b"<", value) :]


def invoice_not_well_formed(*, number: str = "FA-KO-0003") -> bytes:
    """A UBL invoice with an end tag that fits no start tag."""
    return ubl_invoice(number=number).replace(b"</cac:PartyName>", b"</cac:PartyNom>", 1)


def invoice_cut_off(*, number: str = "FA-KO-0004") -> bytes:
    """The first two thirds of a UBL invoice, as an interrupted copy leaves them."""
    whole = ubl_invoice(number=number, lines=3)
    return whole[: len(whole) * 2 // 3]


def invoice_with_doctype(*, number: str = "FA-KO-0005") -> bytes:
    """A UBL invoice with a DOCTYPE that declares an entity and uses it."""
    whole = ubl_invoice(number=number, note="REMPLACER")
    declaration, rest = whole.split(b"\n", 1)
    doctype = b'<!DOCTYPE Invoice [<!ENTITY nom "valeur">]>\n'
    return declaration + b"\n" + doctype + rest.replace(b"REMPLACER", b"&nom;", 1)


def invoice_in_latin1(*, number: str = "FA-KO-0006") -> bytes:
    """A UBL invoice in ISO-8859-1 and saying so: the schema accepts it, French platforms do not."""
    return (
        ubl_invoice(number=number)
        .decode()
        .replace('encoding="UTF-8"', 'encoding="ISO-8859-1"', 1)
        .encode("latin-1", "xmlcharrefreplace")
    )


def invoice_in_wrong_encoding(*, number: str = "FA-KO-0007") -> bytes:
    """A UBL invoice whose bytes are ISO-8859-1 and whose declaration says UTF-8."""
    return (
        ubl_invoice(number=number, seller_name="Société Générique")
        .decode()
        .encode("latin-1", "xmlcharrefreplace")
    )
