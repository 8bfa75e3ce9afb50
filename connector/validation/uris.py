"""Addresses that libxml2 takes for no URI: whether they are wrong, or merely unusual."""

from __future__ import annotations

LONGEST = 2000  # characters; of a longer one nothing is said


def refused_by_both(value: str) -> bool:
    """Whether a second engine, too, says that a value which libxml2 refused is no `xs:anyURI`.

    libxml2 refuses every relative address whose first step has a colon: `0238:1234`, which is how e-invoicing
    addresses are written. XSD 1.0 leaves nearly everything open. Both refuse `%zz` and `http://[bad`.
    """
    from elementpath.datatypes import AnyURI  # 0.1 s and 18 MB that hardly any document needs

    if len(value) > LONGEST:
        return False
    try:
        AnyURI.validate(value)
    except ValueError:
        return True
    return False
