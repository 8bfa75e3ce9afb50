"""Fetching what a platform holds of a flow: over the channel into a draft, kept only when it is good.

What an answer means is decided by pure functions; the file is touched by `draft` alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from email.message import Message

from connector.gateways import answers
from connector.gateways.channel import Channel
from connector.gateways.draft import AnswerTooLong, Draft
from connector.gateways.exchange import Exchange, Request, Trouble
from connector.model import Fetched, FetchFailed, FetchKind

_ERROR_BYTES = 64 * 1024  # of an answer that is not good
_CLOSES_THE_WAY = frozenset({401, 407, 429})
_OPTIONAL = frozenset({FetchKind.CONVERTED, FetchKind.READABLE_VIEW})
_NO_SUCH_KIND = frozenset({400, 405, 406, 415, 422, 501})


async def fetch(
    channel: Channel,
    request: Request,
    kind: FetchKind,
    draft: Draft,
    is_about: Callable[[object], bool],
) -> Fetched | FetchFailed:
    """Send the request and keep what comes.

    Args:
        request: for what is wanted, without a sink.
        kind: what was asked for.
        draft: where it goes; nothing is left of it when it fails.
        is_about: whether metadata, as JSON, are those that were asked for.
    Raises:
        ReadFailed: the platform cannot be asked now, or does not let us in.
        OSError: it cannot be written down here.
    """
    wanted = "application/json" if kind is FetchKind.METADATA else "application/octet-stream, */*;q=0.9"
    headers = {**request.headers, "Accept": wanted}
    try:
        exchange = await channel.ask(replace(request, headers=headers, limit=_ERROR_BYTES, sink=draft))
        if exchange.trouble is Trouble.SPOOL:
            raise draft.failure or OSError(exchange.detail)
        if (failed := failure_of(exchange, kind)) is not None:
            return failed
        media_type = exchange.headers.get("content-type", "").partition(";")[0].strip().lower() or None
        if not _looks_right(kind, media_type, draft, is_about):
            words = f"not the {kind}, but {media_type or 'something'}: {_first_words(draft)}"
            return FetchFailed(reason="not-a-document", final=False, words=words)
        name = named_in(exchange.headers.get("content-disposition", ""))
        return _kept(draft, media_type, name)
    finally:
        draft.drop()


def kept(content: bytes, media_type: str, draft: Draft) -> Fetched | FetchFailed:
    """Keep what came in another way. Raises OSError: it cannot be written down here."""
    try:
        draft.begin()
        draft.write(content)
        return _kept(draft, media_type, None)
    except AnswerTooLong as error:
        return FetchFailed(reason="too-large", final=True, words=str(error))
    finally:
        draft.drop()


def _kept(draft: Draft, media_type: str | None, name: str | None) -> Fetched:
    return Fetched(path=draft.keep(), size=draft.size, sha256=draft.sha256, media_type=media_type, name=name)


def failure_of(exchange: Exchange, kind: FetchKind) -> FetchFailed | None:
    """Why an answer brings nothing; None for one that came whole. Pure.

    Only what is about this flow is told so. A 404 is no proof of absence: gateways before platforms answer so
    for a while on paths that work.

    Raises:
        ReadFailed: it says that no flow can be had now.
    """
    status, said = exchange.status, " ".join(exchange.trace.body.split())[:300]
    words = f"HTTP {status} {said}".rstrip()
    if status is None or status in _CLOSES_THE_WAY or (status == 503 and exchange.retry_after is not None):
        failure = answers.read_failure(exchange, kind, said)
        assert failure is not None
        raise failure
    if status == 200:
        return _broken_off(exchange)
    if status in (404, 410):
        return FetchFailed(reason="not-found", final=False, words=words)
    if status in _NO_SUCH_KIND:
        # Many platforms convert nothing unless it was agreed with them; but every flow has an original.
        return FetchFailed(reason="no-such-kind", final=kind in _OPTIONAL, words=words)
    if status == 403:
        return FetchFailed(reason="forbidden", final=False, words=words)
    if 300 <= status < 400:
        return FetchFailed(reason="redirect", final=False, words=words)
    reason = "server-error" if status >= 500 or status == 408 else "unexpected-status"
    return FetchFailed(reason=reason, final=False, words=words)


def _broken_off(exchange: Exchange) -> FetchFailed | None:
    match exchange.trouble:
        case None:
            return None
        case Trouble.TOO_LONG:
            return FetchFailed(reason="too-large", final=True, words=exchange.detail)
        case trouble:
            return FetchFailed(reason=trouble.value, final=False, words=exchange.detail)


def _looks_right(
    kind: FetchKind, media_type: str | None, draft: Draft, is_about: Callable[[object], bool]
) -> bool:
    """Whether it can be what was asked for; a page of a proxy, an error in a 200 or nothing cannot (H22)."""
    if kind is FetchKind.METADATA:
        try:
            return is_about(json.loads(draft.content()))
        except (ValueError, RecursionError):
            return False
    if media_type == "application/json" or not draft.size:
        return False
    if kind is FetchKind.READABLE_VIEW:  # it may well be a page, if it was sent as a file
        return media_type != "text/html"
    return media_type != "text/html" and not is_page(draft.head)


def is_page(head: bytes) -> bool:
    """Whether bytes begin as HTML does."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def named_in(disposition: str) -> str | None:
    """The file name in a `Content-Disposition` header, without any path; None without one."""
    message = Message()
    try:
        message["Content-Disposition"] = disposition
        name = message.get_filename("") or ""
    except (ValueError, LookupError):
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable()).strip()[:255] or None


def _first_words(draft: Draft) -> str:
    return " ".join(draft.head.decode("utf-8", "replace").split())[:200]
