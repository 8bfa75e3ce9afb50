"""What libxml2's schema messages say, as codes and facts. Pure.

libxml2 gives one English sentence for each fault. The sentence is kept verbatim in the problem's message;
what is in it (element, value, what was expected) is taken out here, so that it can be said in other words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = re.compile(
    r"Element '(?P<element>[^']*)'(?:, attribute '(?P<attribute>[^']*)')?: "
    r"(?:\[facet '(?P<facet>[^']*)'\] )?(?P<rest>.*)",
    re.DOTALL,
)
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.", re.DOTALL)
_VALUE = re.compile(
    r"'(.*)' is not a valid value of the (?:(?:local )?[a-z]+ type)(?: '([^']*)')?", re.DOTALL
)
_FACET_VALUE = re.compile(
    r"The (?:value|QName value) '(.*?)' (?:is not|has|is less|is greater|must)", re.DOTALL
)
_SET = re.compile(r"of the set \{(.*)\}\.", re.DOTALL)
_PATTERN = re.compile(r"by the pattern '(.*)'\.", re.DOTALL)
_LIMIT = re.compile(r"'([^']*)'\)?\.?$")
_ATTRIBUTE = re.compile(r"The attribute '([^']*)'")
_NAMESPACE = re.compile(r"\{[^}]*\}")

# libxml2's xmlParserErrors, as seen in the messages
_FACETS = range(1829, 1842)
_UNEXPECTED_ATTRIBUTE = (1827, 1866, 1867)
_MISSING_ATTRIBUTE = 1868
_STRAY_TEXT = "Character content"
_STRAY_CHILD = "Element content is not allowed"
# xsi:nil and xsi:type change what an element is; the schemas of invoices leave no room for either.
_SCHEMA_INSTANCE = {1847: "nil", 1851: "type", 1852: "type"}

# UBL and CII name an element by its representation term, which tells the type when libxml2 does not.
_TERMS = (
    (("Amount", "Quantity", "Measure", "Numeric", "Percent", "Rate", "Price"), "xs:decimal"),
    (("Indicator",), "xs:boolean"),
    (("Date",), "xs:date"),
    (("Time",), "xs:time"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One schema message taken apart. Names are local names."""

    code: str
    element: str
    attribute: str | None = None
    found: str | None = None
    expected: str | None = None
    facet: bool = False  # the value broke a facet of its type

    @property
    def is_uri(self) -> bool:
        """libxml2 refuses addresses such as 0238:1234 as xs:anyURI; XSD 1.0 does not."""
        return self.code == "xsd-wrong-type" and self.expected == "xs:anyURI"


def local(name: str) -> str:
    """A name, or a list of names, without `{namespace}`."""
    return _NAMESPACE.sub("", name)


def read(number: int, message: str) -> Finding:
    """Take one entry of a schema's error log apart.

    Args:
        number: libxml2's error number.
        message: its sentence.
    """
    head = _HEAD.match(message)
    if head is None:
        return Finding(code="xsd-other", element="")
    element, rest = head["element"], head["rest"]
    name = local(element)
    if instruction := _SCHEMA_INSTANCE.get(number):
        return Finding(
            code="xsd-unexpected-attribute", element=name, attribute=instruction, found=f"xsi:{instruction}"
        )
    if number in _UNEXPECTED_ATTRIBUTE or number == _MISSING_ATTRIBUTE:
        return _attribute(number, name, head["attribute"], rest)
    attribute = local(head["attribute"]) if head["attribute"] else None
    if head["facet"] or number in _FACETS:
        return _facet(name, attribute, head["facet"] or "", rest)
    if found := _VALUE.match(rest):
        return Finding(
            code="xsd-wrong-type",
            element=name,
            attribute=attribute,
            found=found[1],
            expected=found[2] or _by_name(name),
        )
    if rest.startswith("This element is not expected"):
        return _unexpected(element, _names(rest))
    if rest.startswith("Missing child element"):
        return Finding(code="xsd-missing-element", element=name, expected=local(_names(rest)) or None)
    if rest.startswith(_STRAY_TEXT):
        return Finding(code="xsd-text-not-allowed", element=name)
    if rest.startswith(_STRAY_CHILD):
        return Finding(code="xsd-child-not-allowed", element=name)
    if "No matching global declaration" in rest:
        return Finding(code="xsd-wrong-namespace", element=name, found=element)
    return Finding(code="xsd-other", element=name, attribute=attribute)


def _unexpected(element: str, expected: str) -> Finding:
    name = local(element)
    namesakes = [other for other in expected.split(", ") if local(other) == name]
    if namesakes and element not in namesakes:
        return Finding(
            code="xsd-wrong-namespace",
            element=name,
            found=_namespace(element),
            expected=_namespace(namesakes[0]),
        )
    return Finding(code="xsd-unexpected-element", element=name, found=name, expected=local(expected) or None)


def _attribute(number: int, element: str, attribute: str | None, rest: str) -> Finding:
    named = _ATTRIBUTE.search(rest)
    name = local(named[1]) if named else local(attribute or "")
    if number == _MISSING_ATTRIBUTE:
        return Finding(code="xsd-missing-attribute", element=element, attribute=name, expected=name)
    return Finding(code="xsd-unexpected-attribute", element=element, attribute=name, found=name)


def _facet(element: str, attribute: str | None, facet: str, rest: str) -> Finding:
    value = _FACET_VALUE.match(rest)
    choice, pattern, limit = _SET.search(rest), _PATTERN.search(rest), _LIMIT.search(rest)
    if choice:
        expected: str | None = choice[1].replace("'", "")
    elif pattern:
        expected = f"pattern {pattern[1]}"
    else:
        expected = f"{facet} {limit[1]}" if limit else facet
    return Finding(
        code="xsd-wrong-value",
        element=element,
        attribute=attribute,
        found=value[1] if value else None,
        expected=expected,
        facet=True,
    )


def _names(rest: str) -> str:
    found = _EXPECTED.search(rest)
    return found[1] if found else ""


def _namespace(name: str) -> str:
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def _by_name(element: str) -> str | None:
    for endings, kind in _TERMS:
        if element.endswith(endings):
            return kind
    return None
