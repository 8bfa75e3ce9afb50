"""Fetching what a platform holds: whole and under its name, or a reason and nothing at all."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from connector.errors import AuthenticationFailed, PlatformUnavailable
from connector.gateways import AccountDesk
from connector.gateways.fetch import named_in
from connector.model import Fetched, FetchFailed, FetchKind
from connector.ports import Platform
from connector.simulator import Simulator
from tests import gateway_models as models
from tests.integration.gateways_servers import Peer, account, raw_server
from tests.integration.gateways_servers import desk as desk_of
from tests.integration.test_simulator_contract_models import Listener, afnor
from tests.integration.test_simulator_contract_models import listener as listener
from tests.integration.test_simulator_contract_models import server as server
from tests.platform import Caller, form, invoice
from tests.platform import caller as caller
from tests.platform import platform as platform

MEGABYTE = 1024 * 1024


@contextmanager
def desk(platform: Simulator, **settings: Any) -> Iterator[AccountDesk]:
    """The front of an account of the simulated platform."""
    given = {"token_url": platform.token_url, "client_id": platform.client_id, **settings}
    with desk_of(account(platform.base_url, **given), secret=platform.client_secret) as opened:
        yield opened


@pytest.fixture
def flow_id(caller: Caller) -> str:
    """A flow that the platform holds."""
    return str(caller.deposit("FA1", "t-1").json["flowId"])


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_every_kind_comes_whole_with_its_digest(platform: Simulator, flow_id: str, tmp_path: Path) -> None:
    platform.switch(converts=True)
    with desk(platform) as opened:
        port: Platform = opened
        came = {kind: port.fetch(flow_id, kind, tmp_path / kind, MEGABYTE) for kind in FetchKind}
    for kind, fetched in came.items():
        assert isinstance(fetched, Fetched), (kind, fetched)
        content = fetched.path.read_bytes()
        assert (fetched.path, fetched.size) == (tmp_path / kind, len(content))
        assert fetched.sha256 == sha256(content).hexdigest()
    assert left_in(tmp_path) == sorted(FetchKind)
    assert (tmp_path / "Original").read_bytes() == invoice("FA1")
    assert (tmp_path / "Converted").read_bytes().startswith(invoice("FA1"))
    assert json.loads((tmp_path / "Metadata").read_bytes())["flowId"] == flow_id
    (page,) = PdfReader(BytesIO((tmp_path / "ReadableView").read_bytes())).pages
    assert flow_id in page.extract_text()
    original = came[FetchKind.ORIGINAL]
    assert isinstance(original, Fetched)
    assert (original.name, original.media_type) == (f"{flow_id}.xml", "application/octet-stream")


Trouble = tuple[dict[str, Any] | None, dict[str, Any]]


def failing(rule: dict[str, Any] | None = None, **switches: Any) -> Trouble:
    """A rule of the simulator for the question, and switches."""
    return ({"on": "flow", **rule} if rule else None), switches


@pytest.mark.parametrize(
    ("kind", "trouble", "reason", "final"),
    [
        ("Converted", failing(), "no-such-kind", True),
        ("ReadableView", failing(readable_view=False), "no-such-kind", True),
        ("Original", failing({"do": "status", "code": 404}), "not-found", False),
        ("Original", failing({"do": "status", "code": 400}), "no-such-kind", False),
        ("Original", failing({"do": "status", "code": 403}), "forbidden", False),
        ("Original", failing({"do": "status", "code": 500, "body": "html"}), "server-error", False),
        ("Original", failing({"do": "redirect"}), "redirect", False),
        ("Original", failing({"do": "garbage", "what": "html"}), "not-a-document", False),
        ("Original", failing({"do": "garbage", "what": "empty"}), "not-a-document", False),
        ("Original", failing({"do": "half-answer"}), "read", False),
        ("Metadata", failing({"do": "garbage", "what": "wrong-json"}), "not-a-document", False),
        ("Metadata", failing({"do": "garbage", "what": "broken-json"}), "not-a-document", False),
        ("Metadata", failing({"do": "garbage", "what": "no-flow-id"}), "not-a-document", False),
    ],
)
def test_H05_H22_what_is_wrong_with_one_flow_is_an_answer_and_leaves_no_file(
    platform: Simulator,
    flow_id: str,
    tmp_path: Path,
    kind: str,
    trouble: Trouble,
    reason: str,
    final: bool,
) -> None:
    rule, switches = trouble
    platform.switch(**switches)
    platform.faults(*([rule] if rule else []))
    with desk(platform) as opened:
        failed = opened.fetch(flow_id, FetchKind(kind), tmp_path / "it", MEGABYTE)
        assert isinstance(failed, FetchFailed)
        assert (failed.reason, failed.final) == (reason, final)
        assert left_in(tmp_path) == []
        assert opened.snapshot().way == "free"  # one bad flow blocks no other
        platform.faults()
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE), Fetched)


def test_H10_more_than_may_be_taken_is_broken_off(platform: Simulator, flow_id: str, tmp_path: Path) -> None:
    size = len(invoice("FA1"))
    with desk(platform) as opened:
        failed = opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", size - 1)
        assert isinstance(failed, FetchFailed)
        assert (failed.reason, failed.final) == ("too-large", True)
        assert left_in(tmp_path) == []
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", size), Fetched)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"do": "status", "code": 401}, AuthenticationFailed),
        ({"do": "status", "code": 429, "retry_after": 3}, PlatformUnavailable),
        ({"do": "status", "code": 503, "retry_after": 3}, PlatformUnavailable),
        ({"do": "reset", "at": "after-body"}, PlatformUnavailable),
        ({"do": "hang"}, PlatformUnavailable),
    ],
)
def test_trouble_of_the_platform_as_a_whole_is_raised(
    platform: Simulator, flow_id: str, tmp_path: Path, rule: dict[str, Any], error: type[Exception]
) -> None:
    platform.faults({"on": "flow", **rule})
    with desk(platform) as opened, pytest.raises(error):
        opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
    assert left_in(tmp_path) == []


def test_what_lay_there_stays_until_something_whole_comes(
    platform: Simulator, flow_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "it"
    target.write_bytes(b"of an earlier try")
    (tmp_path / "it.part").write_bytes(b"left by a crash" * 1000)
    platform.faults({"on": "flow", "do": "half-answer", "times": 1})
    with desk(platform) as opened:
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, target, MEGABYTE), FetchFailed)
        assert target.read_bytes() == b"of an earlier try"
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, target, MEGABYTE), Fetched)
    assert target.read_bytes() == invoice("FA1")
    assert left_in(tmp_path) == ["it"]


def test_a_folder_that_cannot_be_written_to_is_our_own_trouble(
    platform: Simulator, flow_id: str, tmp_path: Path
) -> None:
    with desk(platform) as opened, pytest.raises(FileNotFoundError):
        opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "nowhere" / "it", MEGABYTE)


def test_H06_a_token_that_dies_is_renewed_and_the_document_comes(
    platform: Simulator, flow_id: str, tmp_path: Path
) -> None:
    platform.faults({"on": "flow", "do": "unauthorized", "times": 1})
    with desk(platform) as opened:
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE), Fetched)
    assert platform.asked("token") == 2 + 1  # the plain client's, and ours twice


def answering(*answers: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """A server that gives a token, then these answers, one a connection."""
    left = iter(answers)

    def behave(peer: Peer) -> None:
        if b"/token" in peer.read_head():
            peer.read_request()
            peer.answer(b'{"access_token": "t"}', status="200 OK", headers="Connection: close\r\n")
        else:
            next(left)(peer)

    return behave


def test_lengths_that_lie_are_not_believed(tmp_path: Path) -> None:
    def more_than_it_says(peer: Peer) -> None:
        peer.answer(b"<Invoice/>", status="200 OK", length=10)

    def less_than_it_says(peer: Peer) -> None:
        peer.answer(b"<Invoice/>", status="200 OK", length=11)

    def says_a_lot(peer: Peer) -> None:
        peer.answer(b"<Invoice/>", status="200 OK", length=10**12)

    def half_a_chunk(peer: Peer) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.connection.sendall(head + b"20\r\n<Invoice>")

    behave = answering(less_than_it_says, says_a_lot, half_a_chunk, more_than_it_says)
    with raw_server(behave) as url, desk_of(account(url)) as opened:
        failed = [opened.fetch("F", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE) for _ in range(3)]
        assert left_in(tmp_path) == []
        came = opened.fetch("F", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
    assert {answer.reason for answer in failed if isinstance(answer, FetchFailed)} == {"read"}
    assert isinstance(came, Fetched)


def test_H20_a_document_in_drops_is_given_up_in_time(tmp_path: Path) -> None:
    def drip(peer: Peer) -> None:
        peer.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:  # until the client leaves
            peer.connection.sendall(b"<")
            time.sleep(0.05)

    with raw_server(answering(drip)) as url, desk_of(account(url)) as opened:
        started = time.monotonic()
        failed = opened.fetch("F", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
        assert time.monotonic() - started < 10  # though no single read took long
    assert isinstance(failed, FetchFailed)
    assert (failed.reason, failed.final) == ("timeout", False)
    assert left_in(tmp_path) == []


def test_what_is_small_on_the_way_and_large_here_is_broken_off(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * (64 * MEGABYTE))

    def behave(peer: Peer) -> None:
        peer.answer(bomb, status="200 OK", headers="Content-Encoding: gzip\r\nConnection: close\r\n")

    with raw_server(answering(behave)) as url, desk_of(account(url)) as opened:
        failed = opened.fetch("F", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
    assert isinstance(failed, FetchFailed)
    assert failed.reason == "too-large"
    assert left_in(tmp_path) == []


def test_each_company_of_a_concentrator_is_asked(platform: Simulator, tmp_path: Path) -> None:
    platform.switch(organization_header=True)
    caller = Caller(platform.base_url).authorize()
    sent = caller.deposit("FA1", "t-1")
    assert sent.status == 403
    second = "552100554"
    told = {"name": "FA1.xml", "flowSyntax": "UBL"}
    flow_id = caller.post_form(form(told, invoice("FA1")), **{"Organization-Id": second}).json["flowId"]
    companies = {"organizations": ["732829320", second], "organization_header": "Organization-Id"}
    with desk(platform, kind="concentrator", **companies) as opened:
        assert isinstance(opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE), Fetched)
        absent = opened.fetch("nowhere", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
    assert isinstance(absent, FetchFailed)
    assert absent.reason == "not-found"


def test_the_question_is_that_of_the_contract_and_so_are_its_answers(
    platform: Simulator, listener: Listener, tmp_path: Path
) -> None:
    platform.switch(converts=True)
    flow_id = Caller(platform.base_url).authorize().deposit("FA1", "t-1").json["flowId"]
    with afnor(platform, listener, "1.2") as opened:
        for kind in FetchKind:
            assert isinstance(opened.fetch(flow_id, kind, tmp_path / "it", MEGABYTE), Fetched)
    asked = [seen for seen in listener.seen if "/v1/flows/" in seen.path]
    assert [(seen.method, seen.path.partition("?")[2]) for seen in asked] == [
        ("GET", f"docType={kind}") for kind in ("Original", "Converted", "ReadableView", "Metadata")
    ]
    for seen in asked[:3]:
        assert seen.status == 200
        assert seen.headers["accept"].startswith("application/octet-stream")
    models.Flow12.model_validate_json(asked[3].answer)


def test_chorus_pro_gives_the_report_of_a_flow_and_says_that_it_has_no_document(
    platform: Simulator, tmp_path: Path
) -> None:
    chorus = account(
        platform.chorus_url,
        platform.token_url,
        gateway="chorus-pro",
        client_id=platform.client_id,
        technical_account=platform.technical_account,
    )
    secrets = {"secret": platform.client_secret, "password": platform.technical_password}
    with desk_of(chorus, **secrets) as opened:
        document = opened.fetch("CPP1", FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
        unknown = opened.fetch("CPP1", FetchKind.METADATA, tmp_path / "it", MEGABYTE)
    assert isinstance(document, FetchFailed)
    assert (document.reason, document.final) == ("no-such-kind", True)
    assert isinstance(unknown, FetchFailed)
    assert (unknown.reason, unknown.final) == ("not-found", False)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment;filename=FA1.xml", "FA1.xml"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\..\\\\FA1.xml"', "FA1.xml"),
        ("attachment; filename*=UTF-8''facture%20n%C2%B01.xml", "facture n°1.xml"),
        ("attachment; filename*=nonsense''%ff", "ÿ"),
        ('attachment; filename="a\x07\x00b.xml"', "ab.xml"),
        ("attachment", None),
        ("", None),
        ("=?;;filename", None),
        (f"attachment;filename={'x' * 999}", "x" * 255),
    ],
)
def test_the_platforms_name_is_never_a_path(header: str, name: str | None) -> None:
    assert named_in(header) == name


def test_S08_a_disk_that_is_full_is_our_own_trouble_and_leaves_nothing(
    platform: Simulator, flow_id: str, tmp_path: Path
) -> None:
    (tmp_path / "it.part").symlink_to("/dev/full")
    with desk(platform) as opened, pytest.raises(OSError, match="No space left"):
        opened.fetch(flow_id, FetchKind.ORIGINAL, tmp_path / "it", MEGABYTE)
    assert left_in(tmp_path) == []
