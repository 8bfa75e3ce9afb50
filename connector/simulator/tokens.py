"""OAuth2 client credentials (RFC 6749 §4.4): issues bearer tokens, checks them, forgets them."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, unquote_plus

from connector.simulator.contract import Refusal


class TokenRefused(Exception):
    """The token endpoint's error answer (RFC 6749 §5.2)."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = json.dumps({"error": error}).encode()


class Tokens:
    """The tokens in force. May be used from any thread.

    Args:
        client_id, client_secret: the one client that is known.
        clock: monotonic seconds; a test may own it.
    """

    def __init__(
        self, client_id: str, client_secret: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = (client_id, client_secret)
        self._clock = clock
        self._expiry: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self, authorization: str, form: bytes, seconds: float, wrong_client: int) -> bytes:
        """The JSON answer with a new token.

        Args:
            authorization: the `Authorization` header, "" without one; credentials may stand in the form.
            form: the body, `application/x-www-form-urlencoded`.
            seconds: for which the token will be valid.
            wrong_client: status of `invalid_client`: 400 as PISTE answers, or 401.
        Raises:
            TokenRefused: another grant, or not our client. A wrong id and a wrong secret are not told apart.
        """
        fields = {name: values[-1] for name, values in parse_qs(form.decode("latin-1")).items()}
        if fields.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type" if "grant_type" in fields else "invalid_request")
        given = _basic(authorization) or (fields.get("client_id", ""), fields.get("client_secret", ""))
        if not all(map(secrets.compare_digest, map(str.encode, given), map(str.encode, self._client))):
            raise TokenRefused("invalid_client", wrong_client)
        token, now = secrets.token_urlsafe(24), self._clock()
        with self._lock:
            self._expiry = {old: end for old, end in self._expiry.items() if end > now}
            self._expiry[token] = now + seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
        return json.dumps(answer | {"scope": fields.get("scope", "openid")}).encode()

    def check(self, authorization: str) -> None:
        """Let a call with this `Authorization` header pass.

        Raises:
            Refusal: 401; no token, or one that is unknown, expired or revoked.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, "MISSING_TOKEN")
        if self._expiry.get(token.strip(), 0.0) <= self._clock():
            raise Refusal(401, "INVALID_TOKEN", "The token is unknown, expired or revoked")

    def revoke(self) -> None:
        """Make every token issued so far worthless."""
        with self._lock:
            self._expiry = {}


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote_plus(name), unquote_plus(secret)) if colon else None
