"""Every text of the snapshots as a reader sees it: French typography, 78 columns, one language."""

from __future__ import annotations

import re

import pytest

from connector.messages import LANGUAGES, Language
from connector.outbox.layout import WIDTH, columns
from tests.unit.outbox_situations import snapshots

LABEL = re.compile(r"^ *[^:]{1,18}?\s*: ")  # a label, filled up to its column
FOREIGN = {
    "fr": r"the|and|invoice|file|please|error|must|should|with|from|upload|mail|deadline|feedback|batch",
    "en": r"le|la|les|des|une|du|et|facture|fichier|dossier|erreur|avec|pour|sur",
}
TEXTS = {
    language: {
        name: text.decode("utf-8-sig")
        for name, text in snapshots().items()
        if name.endswith(f".{language}.txt")
    }
    for language in LANGUAGES
}


def spoken(text: str) -> str:
    """Our own words as they run on: no label columns, and nothing that is quoted or comes from a document."""
    lines = []
    for line in text.replace("facture n°12.xml", "").split("\r\n")[2:]:
        if "Réf. technique" in line or "Technical ref." in line:
            line = ""
        lines.append(LABEL.sub(" ", line))
    whole = " ".join(" ".join(lines).split(" "))
    return re.sub('«\u00a0.*?\u00a0»|"[^"]*"', "", whole)


@pytest.mark.parametrize("name", sorted({**TEXTS["fr"], **TEXTS["en"]}))
def test_each_line_fits_and_ends_as_notepad_wants_it(name: str) -> None:
    written = snapshots()[name]
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.endswith(b"\r\n")
    assert written.count(b"\n") == written.count(b"\r\n") == written.count(b"\r")
    for line in written.decode("utf-8-sig").split("\r\n"):
        assert columns(line) <= WIDTH
        assert line == line.rstrip()


@pytest.mark.parametrize("name", sorted(TEXTS["fr"]))
def test_french_is_set_as_french_is(name: str) -> None:
    text = TEXTS["fr"][name]
    for line in text.split("\r\n"):
        words = LABEL.sub("", line)
        assert not re.search(r"[^ ] [;!?»]", words), line
        assert not re.search(r"[^\s\u00a0][;!?»]", words), line
        assert not re.search(r"«(?!\u00a0)", line), line
        assert not re.search(r"[a-zà-ÿ)] :", words), line
        assert not re.search(r'["\u2018\u2019\u201c\u201d]|\.\.\.', line), line
    assert text.count("«") == text.count("»")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_mixes_the_languages(language: Language) -> None:
    for name, text in TEXTS[language].items():
        strange = re.findall(rf"(?<![\w'-])(?:{FOREIGN[language]})(?![\w'-])", spoken(text), re.IGNORECASE)
        assert strange == [], name


def test_every_text_has_its_twin_in_the_other_language() -> None:
    assert {name.split(".")[0] for name in TEXTS["fr"]} == {name.split(".")[0] for name in TEXTS["en"]}
    assert len(TEXTS["fr"]) >= 50
