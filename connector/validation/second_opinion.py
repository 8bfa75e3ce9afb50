"""What xmlschema has to add to a refusal of libxml2. The verdict stays libxml2's.

libxml2 stops looking at the children of an element at the first one that does not belong there. A UBL invoice
is one such element: with its date missing, every wrong amount behind it goes unsaid, and the sender corrects
one fault a day. xmlschema reads on.

That is all it is good for. Its words and places are no better than those of libxml2, it takes forty times as
long, it accepts `1 000.00` and digits of other scripts as numbers, and it breaks off at an unknown
`xsi:type`. So it is asked only about documents that are refused already, never about large ones, and whatever
goes wrong in it is as if nobody had asked. Importing this module takes 0.15 s and 22 MB: import it late.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAtomicBuiltin, XsdAttributeGroup, XsdEnumerationFacets, XsdFacet
from xmlschema.validators.facets import XsdPatternFacets

from connector.model import Problem
from connector.validation.catalogue import Catalogue
from connector.validation.xsd import HIDING, LONGEST_MESSAGE, MOST_PROBLEMS, cut, place, without_positions
from connector.validation.xsd_words import local

LARGEST = 256 * 1024  # bytes; such a document takes a third of a second
_QUOTED = re.compile(r"'([^']*)'")
_OF_ATTRIBUTE = re.compile(r"attribute ([^=]*)=")


class SecondOpinion:
    """xmlschema's compiled schemas of one worker: each made when it is first asked for (0.1 to 0.3 s).

    Args:
        catalogue: where the XSD files are.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._compiled: dict[str, xmlschema.XMLSchema10 | None] = {}

    def completed(self, kind: str, root: etree._Element, problems: Sequence[Problem]) -> Sequence[Problem]:
        """The problems of a refused document with those that libxml2 did not come to, in order of lines.

        Args:
            kind: entry of the catalogue.
            root: the tree that libxml2 refused.
            problems: what it said.
        """
        if len(problems) >= MOST_PROBLEMS or len(etree.tostring(root)) > LARGEST:
            return problems
        known = _Known(problems)
        hidden = [problem for problem in self._read(kind, root) if known.lacks(problem)]
        room = MOST_PROBLEMS - len(problems)
        return sorted([*problems, *hidden[:room]], key=lambda problem: problem.line or 0)

    def _read(self, kind: str, root: etree._Element) -> list[Problem]:
        found: list[Problem] = []
        try:
            if kind not in self._compiled:
                self._compiled[kind] = None  # if compiling fails, it is not tried again
                # libxml2 has compiled the same files, and their hashes are known: no need to judge them, too.
                self._compiled[kind] = xmlschema.XMLSchema10(
                    str(self._catalogue.locate(kind)), validation="skip", allow="local"
                )
            if (schema := self._compiled[kind]) is not None:
                errors = schema.iter_errors(root, use_location_hints=False, allow_empty=True)
                found.extend(filter(None, map(_problem, islice(errors, MOST_PROBLEMS))))
        except Exception:  # noqa: BLE001, S110 - an opinion nobody depends on; what was found so far is sound
            pass
        return found


class _Known:
    """What libxml2 said, so that nothing is said twice."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        places = [problem.where or "" for problem in problems]
        self._places = set(places)
        self._values = {
            (without_positions(where), problem.found) for where, problem in zip(places, problems, strict=True)
        }
        self._parents = {
            where.rpartition("/")[0]
            for where, problem in zip(places, problems, strict=True)
            if problem.code in HIDING
        }

    def lacks(self, problem: Problem) -> bool:
        """Whether this is news, and no mere consequence of a child that libxml2 has named."""
        where = problem.where or ""
        if problem.code == "xsd-unexpected-element" and where.rpartition("/")[0] in self._parents:
            return False
        if problem.code == "xsd-missing-element" and where in self._parents:
            return False
        seen = where in self._places or (without_positions(where), problem.found) in self._values
        self._places.add(where)
        return not seen


def _problem(error: xmlschema.XMLSchemaValidationError) -> Problem | None:
    """The problem that an error of xmlschema stands for; None for one that has no place."""
    node, words = error.elem, error.reason or ""
    code, found, expected = _facts(error)
    if code == "xsd-unexpected-element":
        node = error.invalid_child
    if not isinstance(node, etree._Element):
        return None
    attribute = found or expected if "attribute" in code else None
    if of := _OF_ATTRIBUTE.match(words):
        attribute = local(of[1])
    return Problem(
        code=code,
        source="xsd",
        where=place(node) + (f"/@{attribute}" if attribute else ""),
        line=node.sourceline,
        found=cut(found),
        expected=cut(expected),
        message=cut(words, LONGEST_MESSAGE),
    )


def _facts(error: xmlschema.XMLSchemaValidationError) -> tuple[str, str | None, str | None]:
    """Code, what was found and what was expected: as `xsd_words` takes them from libxml2's sentences."""
    rule, words = error.validator, error.reason or ""
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        names = [local(particle.name) for particle in error.expected or () if particle.name]
        expected = ", ".join(names) or None
        if error.invalid_tag is None:
            return "xsd-missing-element", None, expected
        return "xsd-unexpected-element", local(error.invalid_tag), expected
    if isinstance(rule, XsdAttributeGroup) and (named := _QUOTED.search(words)):
        if words.startswith("missing"):
            return "xsd-missing-attribute", None, local(named[1])
        return "xsd-unexpected-attribute", local(named[1]), None
    if isinstance(rule, XsdFacet):
        return "xsd-wrong-value", str(error.obj), _allowed(rule)
    if isinstance(rule, XsdAtomicBuiltin):
        return "xsd-wrong-type", str(error.obj), rule.prefixed_name
    if words.startswith("character data"):
        return "xsd-text-not-allowed", None, None
    return "xsd-other", None, None


def _allowed(rule: XsdFacet) -> str:
    """What a facet allows, in the words that libxml2's are taken apart into."""
    if isinstance(rule, XsdEnumerationFacets):
        return ", ".join(str(value) for value in rule.enumeration)
    if isinstance(rule, XsdPatternFacets):
        return f"pattern {rule.regexps[0]}"
    return f"{local(rule.elem.tag)} {rule.value!s}"
