"""Compiled schemas: made on first use, kept warm, and never shared between threads.

A libxml2 schema object keeps one error log. Two threads that validate with the same object read each other's
errors, which would show one sender's data to another; so each worker has a `Schemas` of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from connector.errors import ConfigurationError
from connector.validation.catalogue import Catalogue, load_catalogue

if TYPE_CHECKING:
    from connector.validation.second_opinion import SecondOpinion


class Schemas:
    """The compiled schemas of one thread.

    Args:
        catalogue: default: the one we ship.
    """

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or load_catalogue()
        self.kinds_by_root = self.catalogue.kinds_by_root()
        self._compiled: dict[str, etree.XMLSchema] = {}
        self._second: SecondOpinion | None = None
        self._thread = threading.get_ident()

    def schema(self, kind: str) -> etree.XMLSchema:
        """The compiled schema of a kind.

        Raises:
            ConfigurationError: its files are not the ones we know, or do not compile.
            RuntimeError: called from another thread than the one that made this object.
        """
        if threading.get_ident() != self._thread:
            raise RuntimeError("compiled schemas belong to the thread that made them")
        if kind not in self._compiled:
            self._compiled[kind] = compile_schema(self.catalogue.locate(kind))
        return self._compiled[kind]

    def second_opinion(self) -> SecondOpinion:
        """What may be asked about a refused document; most workers never need it."""
        if self._second is None:
            from connector.validation.second_opinion import SecondOpinion

            self._second = SecondOpinion(self.catalogue)
        return self._second


def compile_schema(xsd: Path) -> etree.XMLSchema:
    """Compile an XSD file and what it includes, from the disk only.

    Raises:
        ConfigurationError: it is not a schema that libxml2 can compile.
    """
    reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.XMLSchema(etree.parse(str(xsd), reader))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError) as error:
        raise ConfigurationError(f"schema {xsd}: {error}") from None
    except MemoryError:
        raise ConfigurationError(f"schema {xsd}: not enough memory; raise workers.memory_limit") from None


def check_all(overrides: Mapping[str, Path] | None = None) -> None:
    """Check and compile every schema of the catalogue: for start-up and `doctor`. Takes about 0.3 s.

    Raises:
        ConfigurationError: one finding for each fault.
    """
    schemas = Schemas(load_catalogue(overrides=overrides))
    findings: list[str] = []
    for kind in schemas.catalogue.entries:
        try:
            schemas.schema(kind)
        except ConfigurationError as error:
            findings.extend(error.findings)
    if findings:
        raise ConfigurationError(*dict.fromkeys(findings))
