"""Every kind of bad input in one inbox of the real program: each has its own end, and the good ones go on."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from connector.model import Job, Outcome
from connector.samples import broken
from connector.samples.facturx import Attachment, facturx_invoice, pdf
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import until
from tests.setup_tree import Ended, Tree, assert_at_rest, plant

LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"ha" if n == 0 else b"&l%d;" % (n - 1) * 10) for n in range(10)
)
UNREADABLE, REFUSED = Outcome.UNREADABLE, Outcome.REJECTED_BEFORE_SENDING


def with_doctype(declaration: bytes, entity: bytes) -> bytes:
    head, rest = ubl_invoice(number="FA-ENTITY", note="REMPLACER").split(b"\n", 1)
    return head + b"\n<!DOCTYPE Invoice [" + declaration + b"]>\n" + rest.replace(b"REMPLACER", entity)


def nested(depth: int) -> bytes:
    head, rest = ubl_invoice(number="FA-DEEP").split(b"<cbc:ProfileID>", 1)
    return head + b"<cbc:x>" * depth + b"</cbc:x>" * depth + b"<cbc:ProfileID>" + rest


BAD: dict[str | bytes, bytes] = {
    "empty.xml": b"",
    "pdf.xml": pdf(),
    "cut.pdf": facturx_invoice()[:-200],
    "bomb.pdf": pdf([Attachment(content=b"<a/>", packed=zlib.compress(bytes(200_000_000), 9))]),
    "text.xml": b"Bonjour, voici la facture.",
    "zeros.xml": bytes(5000),
    "doctype.xml": broken.invoice_with_doctype(),
    "laughs.xml": with_doctype(LAUGHS, b"&l9;"),
    "external.xml": with_doctype(b'<!ENTITY x SYSTEM "file:///etc/passwd">', b"&x;"),
    "encoding.xml": broken.invoice_in_wrong_encoding(),
    "deep.xml": nested(100_000),
    "cut.xml": broken.invoice_cut_off(),
    "broken.xml": broken.invoice_not_well_formed(),
    "no-date.xml": broken.invoice_without_date(),
    "amount.xml": broken.invoice_with_spaced_amount(),
    "report.xml": frr_report(),
    "unknown.xml": b'<?xml version="1.0"?><Commande xmlns="urn:x"><Id>1</Id></Commande>',
    b"nom_\xe9\xff.xml": broken.invoice_without_date(number="FA-KO-NAME"),
}  # fmt: skip
GOOD: dict[str | bytes, bytes] = {
    "FA1.xml": ubl_invoice(number="FA1"),
    "FX1.pdf": facturx_invoice(number="FX1"),
    "FA2.txt": ubl_invoice(number="FA2"),
    "sans extension": ubl_invoice(number="FA3"),
    "a\nb$(touch x).xml": ubl_invoice(number="FA4"),
    b"FA\xe95.xml": ubl_invoice(number="FA5"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a run over all of them made of each."""

    tree: Tree
    platform: Simulator
    run: Ended
    dropped: dict[str | bytes, str]  # name → SHA-256

    def of(self, name: str | bytes) -> tuple[Job, list[str]]:
        """A file's job, and the codes of its problems."""
        (job,) = [job for job in self.tree.jobs() if job.name == os.fsencode(name)]
        found = (*(job.verdict.problems if job.verdict else ()), *job.problems)
        return job, [problem.code for problem in found]

    def notice(self, name: str | bytes) -> str:
        """The text for the operator."""
        job, _ = self.of(name)
        return (self.tree.outbox / job.result[1].target).read_text("utf-8-sig")


@pytest.fixture(scope="module")
def fate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fate]:
    with Simulator() as platform:
        tree = plant(tmp_path_factory.mktemp("bad"), platform, route={"empty_wait": 0})
        dropped = {name: tree.drop(name, content) for name, content in {**BAD, **GOOD}.items()}
        yield Fate(tree=tree, platform=platform, run=tree.run_once(), dropped=dropped)


# --------------------------------------------------------------------------- all together
def test_all_come_to_an_end_and_exactly_the_good_ones_are_sent(fate: Fate) -> None:
    assert fate.run.code == 1, fate.run.err
    assert {flow.sha256 for flow in fate.platform.flows} == {fate.dropped[name] for name in GOOD}
    assert_at_rest(fate.tree, fate.platform, fate.dropped.values())


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_lies_in_the_errors_folder_with_a_text_and_a_result(fate: Fate, name: str | bytes) -> None:
    job, _ = fate.of(name)
    original, notice, result = (fate.tree.outbox / file.target for file in job.result)
    assert original.read_bytes() == BAD[name]
    assert notice.name == f"{original.name}.ERREUR.txt"
    text = notice.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.count(b"\n") == text.count(b"\r\n") > 5
    assert result.name == f"{original.name}.err.json"


def test_nothing_is_ever_called_trouble_of_a_share(fate: Fate) -> None:
    assert "share-trouble" not in fate.tree.log()


# --------------------------------------------------------------------------- one by one
@pytest.mark.parametrize("name", GOOD)
def test_N14_a_valid_invoice_is_accepted_whatever_its_name(fate: Fate, name: str | bytes) -> None:
    assert fate.of(name)[0].outcome is Outcome.ACCEPTED


def test_A12_a_file_of_0_bytes(fate: Fate) -> None:
    job, codes = fate.of("empty.xml")
    assert (job.outcome, codes) == (UNREADABLE, ["file-empty"])


def test_N14_an_xml_name_that_holds_a_pdf_is_told_as_one(fate: Fate) -> None:
    job, codes = fate.of("pdf.xml")
    assert job.outcome in (UNREADABLE, REFUSED)
    assert codes == ["facturx-no-invoice"]
    assert "PDF" in fate.notice("pdf.xml")


@pytest.mark.parametrize(
    ("name", "code"), [("cut.pdf", "pdf-incomplete"), ("bomb.pdf", "pdf-unpacks-too-large")]
)
def test_P05_a_pdf_that_is_cut_or_unpacks_to_too_much_is_told_as_such(
    fate: Fate, name: str, code: str
) -> None:
    job, codes = fate.of(name)
    assert (job.outcome, codes) == (UNREADABLE, [code])


@pytest.mark.parametrize("name", ["text.xml", "zeros.xml", "unknown.xml"])
def test_what_is_no_document_of_ours_is_unreadable(fate: Fate, name: str) -> None:
    assert fate.of(name)[0].outcome is UNREADABLE


@pytest.mark.parametrize("name", ["doctype.xml", "laughs.xml", "external.xml"])
def test_P05_a_doctype_is_refused_and_no_entity_is_followed(fate: Fate, name: str) -> None:
    job, codes = fate.of(name)
    assert job.outcome is UNREADABLE
    assert "doctype" in " ".join(codes), codes
    for path in fate.tree.outbox.rglob("*"):
        assert not path.is_file() or b"root:x:0" not in path.read_bytes()


def test_an_encoding_that_is_not_the_declared_one_is_the_documents_error(fate: Fate) -> None:
    job, codes = fate.of("encoding.xml")
    assert job.outcome is UNREADABLE
    assert "encoding" in " ".join(codes), codes


def test_P05_100000_nested_elements_are_refused_at_the_first_try(fate: Fate) -> None:
    job, codes = fate.of("deep.xml")
    assert job.outcome in (UNREADABLE, REFUSED)
    assert job.tries <= 1
    assert "inspection-lost" not in codes


def test_A01_a_file_that_stops_in_the_middle_is_told_after_its_grace(fate: Fate) -> None:
    job, codes = fate.of("cut.xml")
    assert job.outcome is UNREADABLE
    assert "incomplete" in " ".join(codes) or "end" in " ".join(codes), codes


@pytest.mark.parametrize("name", ["no-date.xml", "amount.xml", b"nom_\xe9\xff.xml"])
def test_a_document_that_breaks_its_schema_is_told_where(fate: Fate, name: str | bytes) -> None:
    job, _ = fate.of(name)
    assert job.outcome is REFUSED
    assert job.verdict is not None
    assert any(problem.where and problem.line for problem in job.verdict.problems)


def test_a_kind_that_the_route_does_not_accept(fate: Fate) -> None:
    job, codes = fate.of("report.xml")
    assert (job.outcome, codes[-1]) == (REFUSED, "kind-not-accepted")


def test_N01_a_name_that_is_no_text_has_a_safe_result_and_its_bytes_in_the_archive(fate: Fate) -> None:
    job, _ = fate.of(b"nom_\xe9\xff.xml")
    assert all(file.target.isascii() for file in job.result)
    archived = [path.name for path in fate.tree.root.joinpath("archive").rglob("*.xml")]
    assert any(name.endswith(os.fsdecode(b"nom_\xe9\xff.xml")) for name in archived)


# --------------------------------------------------------------------------- in the making
def test_A01_a_half_written_file_is_not_touched_until_it_is_whole(tmp_path: Path) -> None:
    with Simulator() as platform:
        tree = plant(tmp_path, platform)
        content = ubl_invoice(number="FA1", lines=50)
        path = tree.inbox / "FA1.xml"
        piece = len(content) // 8 + 1
        with tree.started("run") as process, path.open("wb", buffering=0) as writer:
            for number in range(8):
                writer.write(content[number * piece : (number + 1) * piece])
                # Another file goes all the way meanwhile: the program had every chance to take ours.
                tree.drop(f"FA0-{number}.xml", ubl_invoice(number=f"FA0-{number}"))
                until(partial(at_platform, platform, number + 1), 20)
                assert path.exists()
            writer.close()
            until(partial(at_platform, platform, 9), 20)
            until(lambda: tree.job("FA1.xml").state == "done", 20)
            assert tree.end(process) == 0
        assert tree.job("FA1.xml").size == len(content)
        assert tree.job("FA1.xml").outcome is Outcome.ACCEPTED


def at_platform(platform: Simulator, count: int) -> bool:
    return len(platform.flows) >= count
