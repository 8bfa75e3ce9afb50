"""What is counted of a document's lines while they go by, in a tree or in a stream."""

from __future__ import annotations

from lxml import etree


class Tally:
    """Counts lines. Kinds whose summary needs more of them count more."""

    def __init__(self) -> None:
        self.lines = 0

    def see(self, line: etree._Element) -> None:
        """Take one line in, whole and below its parent. It may hold anything: no schema has spoken yet."""
        self.lines += 1
