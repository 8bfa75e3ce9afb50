"""What a check of a document is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lxml import etree

from connector.model import Document, Problem
from connector.validation.flux10.report import ReportRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A document that its schema accepts, as the checks see it.

    Args:
        root: of the XML; of a PDF, that of the XML inside.
        whole: False when the lines streamed by and are not below `root` any more.
        name: of the file as it was dropped; empty when nobody knows.
        rules: how business rules count: "off", "warn" or "error".
        watched: the rules of e-reporting when they were shown the lines that streamed by.
    """

    document: Document
    root: etree._Element
    whole: bool
    name: str
    rules: str
    watched: ReportRules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """What one check found, and the names and versions of the rule sets that it evaluated."""

    problems: Sequence[Problem] = ()
    rules: Sequence[str] = ()


NOTHING = Further()
Check = Callable[[Look], Further]
