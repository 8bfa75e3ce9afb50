"""How an answer goes over the connection, well or badly. Every effect on a socket is here.

Resets are real (SO_LINGER 0 makes the kernel send RST), half answers promise more bytes than they send.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from connector.simulator.answers import Answer
from connector.simulator.contract import Refusal
from connector.simulator.plan import (
    CloseAfterAnswer,
    Delay,
    Drip,
    HalfAnswer,
    Hang,
    Reset,
    StoreThenHang,
    WireRule,
)

SILENT = (Hang, StoreThenHang, Reset)  # the faults under which no byte of an answer is sent
_NO_LINGER = struct.pack("ii", 1, 0)
_PATIENCE = 0.05  # seconds between two looks whether a caller that we let hang has left


async def receive(request: web.BaseRequest, most: int) -> bytes:
    """The whole body.

    Raises:
        Refusal: 413, more than `most` bytes; what is left is drained by the server.
    """
    announced = request.content_length
    if announced is not None and announced > most:
        raise Refusal(413, "FILE_SIZE_EXCEEDED", "Provided file is too big")
    if "Expect" in request.headers and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunks: list[bytes] = []
    size = 0
    while chunk := await request.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise Refusal(413, "FILE_SIZE_EXCEEDED", "Provided file is too big")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def receive_for(request: web.BaseRequest, fault: WireRule, most: int) -> None:
    """Read as much of the body as a fault that was decided on arrival wants read before it happens."""
    match fault:
        case Reset(at="before-body"):
            return
        case Reset(at="mid-body"):
            wanted = (request.content_length or 0) // 2
            while wanted > 0 and (chunk := await request.content.readany()):
                wanted -= len(chunk)
        case _:
            await receive(request, most)


async def deliver(
    request: web.BaseRequest, answer: Answer | None, fault: WireRule | None
) -> web.StreamResponse:
    """Send an answer in the manner of a fault; without a fault, properly."""
    match fault:
        case Hang() | StoreThenHang():
            await _hang(request)
        case Reset():
            _reset(request)
        case HalfAnswer() if answer is not None:
            _write(request, _head(answer) + answer.body[: len(answer.body) // 2])
            _close(request)
        case Drip() if answer is not None:
            await _drip(request, _head(answer) + answer.body, fault.seconds_per_byte)
        case CloseAfterAnswer() if answer is not None:
            _write(request, _head(answer) + answer.body)
            _close(request)
        case Delay(when="after"):
            await asyncio.sleep(fault.seconds)
    # After a fault that has ended the connection the server finds it closed and drops this one.
    return _proper(answer or Answer(status=500))


def _proper(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    response.headers["Content-Type"] = answer.content_type
    return response


def _head(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _write(request: web.BaseRequest, data: bytes) -> None:
    if request.transport is not None:
        request.transport.write(data)


def _close(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _drip(request: web.BaseRequest, data: bytes, pause: float) -> None:
    for at in range(len(data)):
        if _gone(request):
            return
        _write(request, data[at : at + 1])
        await asyncio.sleep(pause)
    _close(request)


async def _hang(request: web.BaseRequest) -> None:
    while not _gone(request):
        await asyncio.sleep(_PATIENCE)


def _gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()
