"""What an HTTP answer means before anybody reads a platform's own words: what all gateways share. Pure.

A deposit must not be called "not sent" unless that is certain, and not "refused" unless the platform meant
this document. What is left after these rules is read by the gateway's own module (`afnor_answers`,
`chorus_answers`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange, Trouble
from connector.model import NotSent, SubmitAnswer, Unknown

# The way is closed, whatever the document: credentials, rights, address, version (H06, H24).
_STOPS: Mapping[int, str] = {
    401: "unauthorized",
    403: "forbidden",
    404: "no-such-service",
    405: "no-such-service",
    407: "proxy",
    410: "no-such-service",
}
_ALREADY = re.compile(
    r"already[ _-]?(exist|been (sent|received|submitted|deposited)|(sent|received|submitted|deposited)\b)"
    r"|duplicate[ _-]?(flow|invoice|document|submission|deposit|tracking)"
    r"|exist\w* d[ée]j[àa]|d[ée]j[àa] (exist|re[çc]u|transmis|d[ée]pos|envoy|pr[ée]sent)"
    r"|\bdoublon\b|\"duplicated?\"",
    re.IGNORECASE,
)


def about_the_way(exchange: Exchange) -> SubmitAnswer | None:
    """What the answer to a deposit says without being about the document; None: the platform's words decide.

    An answer that did not come whole is in doubt (H02, H05), one that closes the way to everybody was not
    about this document (H06), and a redirect is never followed (H22).
    """
    status = exchange.status
    if status is None:
        return _no_answer(exchange)
    if status in _STOPS:
        return NotSent(reason=_STOPS[status], stops_account=True, trace=exchange.trace)
    if 300 <= status < 400:
        return NotSent(reason="redirect", stops_account=True, trace=exchange.trace)
    if status == 429:
        return NotSent(reason="rate", retry_after=exchange.retry_after, trace=exchange.trace)
    if exchange.trouble is not None:
        return Unknown(reason=exchange.trouble.value, trace=exchange.trace)
    return None


def in_doubt(exchange: Exchange) -> Unknown:
    """An answer that neither receives nor refuses: nobody knows what became of the document (H03)."""
    status = exchange.status or 0
    if status == 408:
        reason = "timeout"
    elif status == 409:
        reason = "already-exists"
    else:
        reason = "server-error" if status >= 500 else "unexpected-status"
    return Unknown(reason=reason, trace=exchange.trace)


def _no_answer(exchange: Exchange) -> SubmitAnswer:
    """Without a status, only a body that was never asked for proves that nothing was sent."""
    trouble = exchange.trouble or Trouble.READ
    if exchange.body_started:
        return Unknown(reason=trouble.value, trace=exchange.trace)
    reason = trouble if trouble is Trouble.SPOOL else Trouble.CONNECT
    return NotSent(reason=reason.value, trace=exchange.trace)


def says_already_there(words: str) -> bool:
    """Whether a refusal says that the platform has this document; it may be our own earlier attempt (H09)."""
    return _ALREADY.search(words) is not None


def read_failure(exchange: Exchange, what: str, said: str) -> ReadFailed | None:
    """Why the answer to a question cannot be used; None for a whole 200.

    Args:
        exchange: of a question, which changes nothing.
        what: what was asked, for the operator.
        said: the platform's first words, for the operator.
    """
    status = exchange.status
    if status is None or (exchange.trouble is not None and status < 300):
        reason = (exchange.trouble or Trouble.READ).value
        return ReadFailed(reason, f"{what}: no answer ({reason}: {exchange.detail})")
    if status == 200:
        return None
    words = f"{what}: HTTP {status} {said}".rstrip()
    match status:
        case 401:
            return ReadFailed("unauthorized", words, authentication=True, stops_account=True)
        case 403:
            return ReadFailed("forbidden", words, authentication=True)
        case 407:
            return ReadFailed("proxy", words, authentication=True)
        case 429:
            return ReadFailed("rate", words)
        case 404 | 405 | 410 | 501:
            return ReadFailed("no-such-service", words)
        case 400 | 422:
            return ReadFailed("bad-question", words)
        case 408 | 500 | 502 | 503 | 504:
            return ReadFailed("server-error", words)
        case _ if 300 <= status < 400:
            return ReadFailed("redirect", words)
        case _:
            return ReadFailed("unexpected-status", words)


def plain_words(exchange: Exchange, answer: Any) -> str | None:
    """A body that is just a sentence; None for a page of HTML or nothing (the trace has the bytes)."""
    words = answer if isinstance(answer, str) else exchange.trace.body
    words = words.strip()
    return None if not words or words.startswith(("<", "{", "[")) else words[:1000]
