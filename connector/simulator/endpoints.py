"""From an HTTP request to its answer: finds the endpoint, plays the faults in their moments, logs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from connector.simulator import control, ppf_endpoints, wire
from connector.simulator.answers import ALREADY_EXISTS, Answer, answer_json, refused, under
from connector.simulator.contract import FlowInfo, Refusal, read_deposit, read_search
from connector.simulator.exchanges import Exchange
from connector.simulator.faults import Moment
from connector.simulator.plan import (
    Delay,
    DuplicateRefusal,
    Endpoint,
    Hang,
    Redirect,
    Reset,
    ReturnCode,
    Status,
    Unauthorized,
    WireRule,
)
from connector.simulator.platform import SimulatedPlatform, examine
from connector.simulator.tokens import TokenRefused

PREFIX = "/flow-service"
CHORUS_PREFIX = "/cpro"
DIRECTORY_PREFIX = "/directory-service"
_FLOWS = f"{PREFIX}/v1/flows"
_HOOKS = f"{PREFIX}/v1/webhooks"
_CHORUS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/factures/v1/deposer/flux"): "submit",
    ("POST", "/factures/v1/rechercher/fournisseur"): "search",
    ("POST", "/factures/v1/consulter/historique"): "flow",
    ("POST", "/transverses/v1/consulterCRDetaille"): "flow",
    ("POST", "/structures/v1/rechercher"): "directory",
    ("POST", "/structures/v1/consulter"): "directory",
    ("POST", "/structures/v1/rechercher/services"): "directory",
    ("GET", "/transverses/v1/health-check"): "health",
}
_FORM_ALLOWANCE = 256 * 1024  # bytes of a form beside the file
_SMALL = 1024 * 1024  # a token form, a search, a control document
_HASHED_AT_ONCE = 1024 * 1024  # a bigger file is hashed in a thread, so that others are served
_NOWHERE = refused(Refusal(404, "MISSING_RESOURCE", "no such endpoint"))

Played = tuple[Answer | None, WireRule | None]


def locate(method: str, path: str) -> Endpoint | None:
    """The endpoint that a request is for; None when there is no such."""
    if path.startswith(CHORUS_PREFIX):
        return _CHORUS.get((method, path.removeprefix(CHORUS_PREFIX)))
    if path.startswith(f"{ppf_endpoints.PREFIX}/"):
        return ppf_endpoints.locate(method, path)
    match method, path:
        case "POST", "/token":
            return "token"
        case "POST", p if p == _FLOWS:
            return "submit"
        case "POST", p if p == f"{_FLOWS}/search":
            return "search"
        case "POST", p if p == f"{DIRECTORY_PREFIX}/v1/directory-line/search":
            return "directory"
        case "GET", p if p == f"{PREFIX}/v1/healthcheck":
            return "health"
        case "GET", p if p.startswith(f"{_FLOWS}/") and "/" not in p[len(_FLOWS) + 1 :]:
            return "flow"
        case _, p if p == _HOOKS or (p.startswith(f"{_HOOKS}/") and "/" not in p[len(_HOOKS) + 1 :]):
            return "webhook"
    return None


class Front:
    """Answers every request that comes in for one platform."""

    def __init__(self, platform: SimulatedPlatform) -> None:
        self._platform = platform

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(control.PREFIX):
            return await wire.deliver(request, await self._control(request), None)
        on = locate(request.method, request.path)
        answer, fault = await self._play(on, request) if on is not None else (_NOWHERE, None)
        name = "Request-Id" if self._platform.switches.api_version == "1.2" else "X-Request-Id"
        if answer is not None and (request_id := request.headers.get(name)):
            answer = replace(answer, headers=(*answer.headers, (name, request_id)))
        self._log(request, on, answer, fault)
        return await wire.deliver(request, answer, fault)

    async def _control(self, request: web.BaseRequest) -> Answer:
        try:
            body = await wire.receive(request, _SMALL)
            if (request.method, request.path) == ("POST", f"{control.PREFIX}call-webhooks"):
                return answer_json(await self._platform.call_webhooks(control.flow_named(body)))
            return control.answer(self._platform, request.method, request.path, body)
        except Refusal as refusal:
            return refused(refusal)

    def _log(
        self, request: web.BaseRequest, on: Endpoint | None, answer: Answer | None, fault: WireRule | None
    ) -> None:
        silent = isinstance(fault, wire.SILENT)
        self._platform.exchanges.add(
            Exchange(
                at=int(time.time() * 1000),
                method=request.method,
                path=request.path,
                on=on or "unknown",
                status=None if answer is None or silent else answer.status,
                fault=fault.do if fault is not None else None,
                request_id=request.headers.get("Request-Id") or request.headers.get("X-Request-Id"),
                flow_id=answer.flow_id if answer is not None else None,
            )
        )

    async def _play(self, on: Endpoint, request: web.BaseRequest) -> Played:
        """The answer to a request and the fault in whose manner it is to be sent."""
        early = self._platform.faults.take(on, Moment.ARRIVAL)
        try:
            if early is not None and not isinstance(early, Delay):
                await wire.receive_for(request, early, self._form_size)
                return self._before(early, request), early
            if early is not None:
                await asyncio.sleep(early.seconds)
            answer, fault = await self._process(on, request)
        except Refusal as refusal:
            return refused(refusal), early
        except TokenRefused as refusal:
            return Answer(status=refusal.status, body=refusal.body), early
        except ConnectionError:  # the caller left before its request was whole
            return None, early
        return answer, fault or early

    def _before(self, fault: WireRule, request: web.BaseRequest) -> Answer | None:
        """What is answered when a fault comes before anything is processed."""
        if isinstance(fault, Unauthorized):
            self._platform.tokens.revoke()
            return refused(Refusal(401, "INVALID_TOKEN", "The token is unknown, expired or revoked"))
        return under(fault, None, request.path)

    async def _process(self, on: Endpoint, request: web.BaseRequest) -> Played:
        if on == "submit":
            return await self._submit(request)
        answer = await self._ask(on, request)
        fault = self._platform.faults.take(on, Moment.CHECKED)
        return (under(fault, answer, request.path) if fault else answer), fault

    async def _ask(self, on: Endpoint, request: web.BaseRequest) -> Answer:
        platform = self._platform
        if request.path.startswith(CHORUS_PREFIX):
            return await self._ask_chorus(on, request)
        if request.path.startswith(f"{ppf_endpoints.PREFIX}/"):
            return await self._ask_portal(on, request)
        if on == "health":  # the specification declares no 401 for it
            return Answer(status=200, content_type="text/plain")
        authorization = request.headers.get("Authorization", "")
        if on == "token":
            form = await wire.receive(request, _SMALL)
            switches = platform.switches
            return Answer(
                status=200,
                body=platform.tokens.issue(
                    authorization, form, switches.token_seconds, switches.invalid_client_status
                ),
                headers=(("Cache-Control", "no-store"),),
            )
        platform.tokens.check(authorization)
        if on == "directory":
            return platform.directory.search(await wire.receive(request, _SMALL))
        company = platform.company(request.headers.get("Organization-Id"))
        if on == "webhook":
            webhook_id = request.path[len(_HOOKS) + 1 :] or None
            return platform.webhook(request.method, webhook_id, await wire.receive(request, _SMALL))
        if on == "search":
            asked = read_search(await wire.receive(request, _SMALL))
            return platform.search(replace(asked, company=company))
        flow_id = request.path[len(_FLOWS) + 1 :]
        return platform.flow(flow_id, request.query.get("docType", "Metadata"), company)

    async def _ask_chorus(self, on: Endpoint, request: web.BaseRequest) -> Answer:
        self._let_into_chorus(request)
        if on == "health":
            return Answer(status=200, content_type="text/plain")
        body, chorus = await wire.receive(request, _SMALL), self._platform.chorus
        match request.path.rpartition("/")[2]:
            case "fournisseur":
                return chorus.search(body)
            case "historique":
                return chorus.history(body)
            case "consulterCRDetaille":
                return chorus.report(body)
            case "consulter":
                return chorus.show_structure(body)
            case "services":
                return chorus.list_services(body)
            case _:
                return chorus.find_structure(body)

    def _let_into_chorus(self, request: web.BaseRequest) -> None:
        authorization = request.headers.get("Authorization", "")
        if not authorization:  # the gateway before Chorus Pro answers so, by what integrators measured
            challenge = 'Bearer realm="DefaultRealm" error="invalid_request"'
            raise Refusal(400, "invalid_request", challenge=challenge)
        self._platform.tokens.check(authorization)
        self._platform.chorus.let_in(request.headers.get("cpro-account", ""))

    async def _submit(self, request: web.BaseRequest) -> Played:
        if request.path.startswith(CHORUS_PREFIX):
            return await self._submit_to_chorus(request)
        if request.path.startswith(f"{ppf_endpoints.PREFIX}/"):
            return await self._submit_to_portal(request)
        platform = self._platform
        platform.tokens.check(request.headers.get("Authorization", ""))
        company = platform.company(request.headers.get("Organization-Id"))
        body = await wire.receive(request, self._form_size)
        deposit = read_deposit(
            request.headers.get("Content-Type", ""), body, platform.switches.max_file_bytes
        )
        deposit = replace(deposit, info=replace(deposit.info, company=company))

        async def accept() -> Answer:
            if len(deposit.content) < _HASHED_AT_ONCE:
                return platform.accept(examine(deposit))
            return platform.accept(await asyncio.to_thread(examine, deposit))

        return await self._take(deposit.info, request, accept)

    async def _submit_to_chorus(self, request: web.BaseRequest) -> Played:
        self._let_into_chorus(request)
        chorus = self._platform.chorus
        # In base64 a file is a third longer.
        info, content = chorus.read_deposit(await wire.receive(request, self._form_size * 4 // 3))

        async def accept() -> Answer:
            return chorus.deposit(info, content)

        return await self._take(info, request, accept)

    async def _ask_portal(self, on: Endpoint, request: web.BaseRequest) -> Answer:
        call = _call(request)
        ppf_endpoints.let_in(self._platform, call)
        return ppf_endpoints.ask(self._platform, on, replace(call, body=await wire.receive(request, _SMALL)))

    async def _submit_to_portal(self, request: web.BaseRequest) -> Played:
        call = _call(request)
        ppf_endpoints.let_in(self._platform, call)
        call = replace(call, body=await wire.receive(request, self._form_size))
        info, envelope = ppf_endpoints.read_deposit(call, self._platform.switches.max_file_bytes)

        async def accept() -> Answer:
            return ppf_endpoints.deposit(self._platform, call, envelope)

        return await self._take(info, request, accept)

    async def _take(
        self, info: FlowInfo, request: web.BaseRequest, accept: Callable[[], Awaitable[Answer]]
    ) -> Played:
        """Play the fault that a deposit meets, before, after or instead of accepting it."""
        fault = self._platform.faults.take("submit", Moment.CHECKED, info)
        match fault:
            case DuplicateRefusal():
                return refused(ALREADY_EXISTS), fault
            case Status() | ReturnCode() | Hang() | Redirect() | Unauthorized() | Reset(at="after-body"):
                return self._before(fault, request), fault
            case Delay(when="before"):
                await asyncio.sleep(fault.seconds)
        answer = await accept()
        return (under(fault, answer, request.path) if fault else answer), fault

    @property
    def _form_size(self) -> int:
        return self._platform.switches.max_file_bytes + _FORM_ALLOWANCE


def _call(request: web.BaseRequest) -> ppf_endpoints.Call:
    return ppf_endpoints.Call(
        method=request.method,
        path=request.path,
        query=request.query_string,
        headers=request.headers,
    )
