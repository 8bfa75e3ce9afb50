"""`connector validate` and `explain`: what an operator would read, and the same for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector.resources import has_rules_engine, shipped
from connector.samples import broken
from connector.samples.ubl import ubl_invoice

PROBLEM: dict[str, Any] = json.loads(shipped("schemas", "results", "result.schema.json").read_text("utf-8"))[
    "properties"
]["problems"]["items"]


def connector(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder without any configuration."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return subprocess.run(
        [sys.executable, "-m", "connector", *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wrong_total() -> bytes:
    total = re.compile(rb"(<cbc:TaxInclusiveAmount[^>]*>)[^<]*")
    return total.sub(rb"\g<1>9999.00", ubl_invoice(number="FA3"))


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def one_line(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


# --------------------------------------------------------------------------- validate
def test_people_read_the_whole_text_that_the_operator_would_get(tmp_path: Path) -> None:
    (tmp_path / "FA1.xml").write_bytes(ubl_invoice(number="FA1"))
    (tmp_path / "FA2.xml").write_bytes(broken.invoice_without_date(number="FA2"))
    done = connector(tmp_path, "--lang", "fr", "validate", "FA1.xml", "FA2.xml", "--rules", "off")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[0] == "FA1.xml : valide (Facture UBL FA1)".replace(" :", "\u00a0:")
    told = one_line(done.stdout)
    assert "FACTURE FA2 : NON TRANSMISE – 1 point à corriger" in told
    assert "Valeur attendue : Date d'émission (BT-2)" in told
    assert "À FAIRE" in told
    assert "Le MÊME numéro de facture peut être utilisé" in told
    assert "Fichier : FA2.xml" in told
    assert "Référence :" not in told, "there is no job to refer to"
    assert "erreurs" not in told, "nothing lies in any folder"
    assert max(map(len, done.stdout.splitlines())) <= 78


@pytest.mark.skipif(not has_rules_engine(), reason="the extra `rules` is not installed")
def test_rules_are_told_in_business_words_with_the_values(tmp_path: Path) -> None:
    (tmp_path / "FA3.xml").write_bytes(wrong_total())
    done = connector(tmp_path, "--lang", "fr", "validate", "FA3.xml", "--rules", "error")
    assert done.returncode == 1, done.stderr
    told = one_line(done.stdout)
    assert "Le total TTC ne correspond pas à la somme du total HT et de la TVA." in told
    assert "Où : Montant total TTC (BT-112)" in told
    assert "Valeur trouvée : 9 999,00" in told
    assert "shall" not in told, "the rule's own English is not needed"
    warned = connector(tmp_path, "--lang", "fr", "validate", "FA3.xml")
    assert warned.returncode == 0, warned.stderr
    assert "– Le total TTC ne correspond pas" in one_line(warned.stdout)


def test_programs_get_one_line_a_document_as_in_the_result_file(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(broken.invoice_without_date(number="FA2"))
    (tmp_path / "b.xml").write_bytes(broken.invoice_cut_off())
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7\nnothing\n%%EOF\n")
    done = connector(tmp_path, "--lang", "fr", "validate", tmp_path, "--json")
    assert done.returncode == 65, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["invalid", "unreadable", "unreadable"]
    for line in lines:
        for problem in line["problems"]:
            Draft202012Validator(PROBLEM).validate(problem)
            assert problem["message"] != problem["message_en"]
    assert lines[0]["problems"][0]["where"].endswith("(BT-9)")


def test_a_bundle_is_opened_and_each_of_its_documents_judged(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "lot.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bon.xml", ubl_invoice(number="FA1"))
        archive.writestr("sous/faux.xml", broken.invoice_without_date(number="FA2"))
        archive.writestr("brut.xml", ubl_invoice(number="FA3"), zipfile.ZIP_STORED)
        archive.writestr("../dehors.xml", ubl_invoice(number="FA4"))
    done = connector(tmp_path, "validate", "lot.zip", "--json", "--rules", "off")
    assert done.returncode == 65, done.stderr
    lines = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert {name: line["verdict"] for name, line in lines.items()} == {
        "lot.zip/bon.xml": "valid",
        "lot.zip/sous/faux.xml": "invalid",
        "lot.zip/brut.xml": "valid",
        "lot.zip/../dehors.xml": "unreadable",
    }
    assert (lines["lot.zip/bon.xml"]["number"], lines["lot.zip/brut.xml"]["number"]) == ("FA1", "FA3")
    assert visible(tmp_path) == ["lot.zip"]


def test_N01_any_folder_ends_with_verdicts_and_never_a_traceback(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"FA\xe9\n1.xml")).write_bytes(ubl_invoice(number="FA1"))
    (tmp_path / "lien.xml").symlink_to(tmp_path / "nowhere.xml")
    (tmp_path / "boucle").symlink_to(tmp_path)
    (tmp_path / "vide.xml").touch()
    os.mkfifo(tmp_path / "tube")
    (tmp_path / "dossier.xml").mkdir()
    done = connector(tmp_path, "validate", tmp_path, "--json", "--rules", "off")
    assert done.returncode == 65
    assert done.stderr == ""
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["valid", "unreadable"]


def test_thousands_of_files_stream_through_in_bounded_memory(tmp_path: Path) -> None:
    good, bad = ubl_invoice(number="FA1"), broken.invoice_without_date(number="FA2")
    for number in range(2000):
        (tmp_path / f"{number:05}.xml").write_bytes(bad if number % 10 == 0 else good)
    program = (
        "import re, sys; from connector.cli import main\n"
        "try: main()\n"
        # Not getrusage: the kernel counts in it what the process was before it became this program.
        "finally:\n"
        "    status = open('/proc/self/status').read()\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+)', status)[1], file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "validate", str(tmp_path), "--json", "--rules", "off"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert len(done.stdout.splitlines()) == 2000
    assert int(done.stderr.split()[-1]) < 150 * 1024, "KiB of the process that prints"


# --------------------------------------------------------------------------- explain
def test_a_code_is_explained_however_it_is_written(tmp_path: Path) -> None:
    done = connector(tmp_path, "--lang", "fr", "explain", "br-co-15", "irr uncite", "HTTP-413", "G1.9")
    assert done.returncode == 0, done.stderr
    told = one_line(done.stdout)
    for words in ("Le total TTC ne correspond pas", "Un flux du même nom", "trop volumineux", "AAAAMMJJ"):
        assert words in told
    assert "Rubrique : Montant total TTC (BT-112)" in told
    assert "règle de la norme européenne EN 16931" in told


def test_an_explanation_for_programs(tmp_path: Path) -> None:
    done = connector(tmp_path, "--lang", "en", "explain", "BR-FR-12_BT-49", "401", "BT-112", "--json")
    assert done.returncode == 0, done.stderr
    rule, status, term = map(json.loads, done.stdout.splitlines())
    assert (rule["term"], rule["term_label"]) == ("BT-49", "Customer electronic address")
    assert rule["action"].startswith("Ask the customer")
    assert status["see_also"] == ["http-401"]
    assert term["title"] == "Total including VAT"


def test_an_unknown_code_brings_a_suggestion_and_exit_2(tmp_path: Path) -> None:
    done = connector(tmp_path, "--lang", "fr", "explain", "REJ_SEMANT")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "REJ_SEMAN" in done.stderr
    silent = connector(tmp_path, "--lang", "fr", "explain", "Bonjour")
    assert (silent.returncode, silent.stdout) == (2, "")
    told = json.loads(connector(tmp_path, "explain", "REJ_SEMANT", "--json").stdout)
    assert told["title"] is None
    assert "REJ_SEMAN" in told["similar"]


def test_explaining_starts_fast_and_loads_no_engine(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom connector.cli import main\nheavy = {'lxml', 'httpx', 'saxonche', 'pypdf'}\n"
        "try: main()\n"
        "finally: print(sorted(heavy.intersection(sys.modules)), file=sys.stderr)\n"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, "explain", "BR-CO-15"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr.strip() == "[]"
    assert time.monotonic() - started < 10
