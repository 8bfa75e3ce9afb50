"""Saxon, kept on a short lead. The only import of `saxonche`.

Facts of saxonche 13.1 that shape this module, most of them held by tests:
- its own XML parser reads files and addresses that a DOCTYPE names; so it is only ever given text that we
  have parsed, and written again without any DOCTYPE, and it may open nothing but local files;
- one processor for the life of a process: one for each document leaks some megabytes every time;
- it says what it thinks of a document on stderr, and dumps its memory there when it dies;
- it holds Python's lock while it works, and reserves 32 GB of address space that it never uses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

from connector.errors import ConfigurationError

_PROTOCOLS = "http://saxon.sf.net/feature/allowedProtocols"


@dataclass(frozen=True, slots=True)
class Source:
    """A document that the engine has read."""

    node: Any


class EngineFailed(Exception):
    """The engine gave up on a document. It says nothing about the document. Args: the engine's words."""


class Engine:
    """The Saxon of one process; stylesheets are compiled on first use and kept."""

    def __init__(self) -> None:
        self._processor = PySaxonProcessor(license=False)
        self._processor.set_configuration_property(_PROTOCOLS, "file")
        self._xslt = self._processor.new_xslt30_processor()
        self._compiled: dict[Path, Any] = {}

    def compile(self, stylesheet: Path) -> None:
        """Have a stylesheet ready; takes 0.1 to 1 s of CPU.

        Raises:
            ConfigurationError: it does not compile.
        """
        if stylesheet in self._compiled:
            return
        try:
            with _silent():
                self._compiled[stylesheet] = self._xslt.compile_stylesheet(stylesheet_file=str(stylesheet))
        except Exception as error:  # noqa: BLE001 - saxonche raises what it likes
            raise ConfigurationError(f"rules {stylesheet.name} do not compile: {error}") from None

    def read(self, root: etree._Element) -> Source:
        """Hand over a document that our own parser has read.

        Raises:
            EngineFailed: the engine cannot read it, e.g. because it is nested too deeply.
        """
        text = etree.tostring(root, encoding="unicode", with_tail=False)
        try:
            with _silent():
                return Source(self._processor.parse_xml(xml_text=text))
        except Exception as error:  # noqa: BLE001
            raise EngineFailed(str(error)) from None

    def apply(self, stylesheet: Path, source: Source) -> str:
        """What the rules say of a document, as SVRL.

        Raises:
            EngineFailed: a rule stumbled over the document.
            ConfigurationError: the stylesheet does not compile.
        """
        self.compile(stylesheet)
        try:
            with _silent():
                said: str | None = self._compiled[stylesheet].transform_to_string(xdm_node=source.node)
        except Exception as error:  # noqa: BLE001
            raise EngineFailed(str(error)) from None
        if not said:
            raise EngineFailed("no report")
        return said


@contextmanager
def _silent() -> Iterator[None]:
    """Without stderr, which is the service's log and no place for what stands in somebody's invoice."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
