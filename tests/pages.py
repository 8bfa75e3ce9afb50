"""What a reader finds on one of our pages: text by element, rows of tables, and where links lead."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

_VOID = {"meta", "link", "br", "hr", "img", "input", "rect", "line"}


@dataclass
class Element:
    """One element with what is in it."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that can be read in it, blanks as one space."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    def all(self, name: str) -> list[Element]:
        """Every element of this name below, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] * (child.name == name) + child.all(name)
        return found

    def of_id(self, wanted: str) -> Element | None:
        for child in self.children:
            if isinstance(child, Element):
                found = child if child.attributes.get("id") == wanted else child.of_id(wanted)
                if found is not None:
                    return found
        return None

    def the(self, wanted: str) -> Element:
        """The element with this id."""
        found = self.of_id(wanted)
        assert found is not None, f"nothing has the id {wanted}"
        return found

    @property
    def rows(self) -> list[list[str]]:
        """Of a table: the text of each cell, without the head."""
        return [
            [cell.text for cell in row.children if isinstance(cell, Element)]
            for body in self.all("tbody")
            for row in body.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"</{tag}> ends <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(content: bytes) -> Element:
    """A whole page; every element in it must be closed in its turn."""
    reader = _Reader()
    reader.feed(content.decode("utf-8"))
    reader.close()
    assert reader._open == [reader.root]
    return reader.root


def leads_to(href: str, page: Path) -> Path:
    """The file that a browser opens for a link on a page that it has opened from a folder."""
    parts = urlsplit(href)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    return page.parent / os.fsdecode(unquote_to_bytes(parts.path))
