"""Answering a registry's 401: Basic, or a token of its token server.

Follows "Token Authentication Specification" and "OAuth2 Token Authentication" of the distribution
project. Credentials go to the token server that the registry names, and only over TLS, unless the
registry itself is spoken to in the clear.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from dockernb.errors import RegistryError

from .address import check_not_inward, may_be_plain
from .attempts import retry_after
from .challenge import Challenge, parse_challenges
from .credentials import Credential, Credentials
from .failures import RegistryWords, TransientError, clean, is_transient
from .interruptible import acquired, interruptible
from .settings import RegistrySettings
from .transport import Answer, Request, Transport

__all__ = ["Authorizer", "Scope"]

_CLIENT_ID = "dockernb"
_LARGEST_ANSWER = 1 << 20
# "expires_in ... If omitted, this defaults to 60 seconds" (token.md of distribution).
_DEFAULT_SECONDS = 60
_LONGEST_SECONDS = 24 * 3600
# A token is given up before its time: the request that carries it takes time too.
_USABLE_PART = 0.8


@dataclass(frozen=True)
class Scope:
    """What we want to do with which repository, and another one to read from at the same time."""

    repository: str
    actions: str = "pull"
    source: str | None = None

    def __str__(self) -> str:
        also = f" repository:{self.source}:pull" if self.source is not None else ""
        return f"repository:{self.repository}:{self.actions}{also}"


@dataclass(frozen=True)
class _Held:
    header: str
    until: float

    def __repr__(self) -> str:
        return "_Held(...)"


class Authorizer:
    """Authorization headers for one registry, kept per scope. Safe in several threads.

    Args:
        host: The registry, as the credentials know it.
        base_url: Its URL; plain HTTP allows a token server without TLS.
    """

    def __init__(
        self,
        host: str,
        base_url: str,
        transport: Transport,
        credentials: Credentials,
        settings: RegistrySettings,
    ) -> None:
        self._host = host
        self._base_url = base_url
        self._is_plain = base_url.startswith("http:")
        self._transport = transport
        self._credentials = credentials
        self._settings = settings
        self._held: dict[Scope, _Held] = {}
        self._lock = threading.Lock()

    def header(self, scope: Scope) -> str | None:
        """The header for `scope`, if there is one that is still good."""
        held = self._held.get(scope)
        return held.header if held is not None and held.until > time.monotonic() else None

    def renew(
        self, challenge: str, scope: Scope, refused: str | None, cancel: threading.Event
    ) -> str | None:
        """A header that answers the registry's `challenge`, or None if we have nothing to say.

        Args:
            challenge: The WWW-Authenticate header.
            refused: The header that was not good enough.

        Raises:
            RegistryError: the credentials are refused, or the token server cannot be used.
            TransientError: the token server does not answer.
        """
        with acquired(self._lock, cancel):
            newer = self.header(scope)
            if newer is not None and newer != refused:
                return newer  # another thread was quicker
            self._held.pop(scope, None)
            held = self._ask(parse_challenges(challenge), scope, cancel)
            if held is None or held.header == refused:
                return None
            self._held[scope] = held
            return held.header

    def _ask(
        self, challenges: list[Challenge], scope: Scope, cancel: threading.Event
    ) -> _Held | None:
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        bearer = by_scheme.get("bearer")
        if bearer is None and "basic" not in by_scheme:
            return None
        credential = interruptible(lambda: self._credentials.find(self._host), cancel)
        if bearer is not None:
            return self._token(bearer, scope, credential, cancel)
        if credential is None or credential.identity_token:
            return None
        return _Held(credential.basic(), time.monotonic() + _LONGEST_SECONDS)

    def _token(
        self,
        challenge: Challenge,
        scope: Scope,
        credential: Credential | None,
        cancel: threading.Event,
    ) -> _Held | None:
        realm = self._checked_realm(challenge.parameters.get("realm", ""))
        query = {"scope": challenge.parameters.get("scope") or str(scope)}
        if service := challenge.parameters.get("service"):
            query["service"] = service
        asked_at = time.monotonic()
        with self._transport.send(_token_request(realm, query, credential), cancel) as answer:
            if answer.status in {400, 401, 403}:
                if credential is None:
                    return None
                raise self._refused(credential, answer)
            if is_transient(answer.status):
                reason = f"the token server answered {answer.status}"
                raise TransientError(reason, retry_after(answer.headers.get("Retry-After")))
            if answer.status != 200:
                raise self._unusable(realm, f"It answered with status {answer.status}.")
            data = answer.read(_LARGEST_ANSWER, "the token server's answer")
        return self._parse(data, realm, asked_at)

    def _checked_realm(self, realm: str) -> str:
        try:
            parts = urlsplit(realm)
            is_good = bool(parts.hostname) and "@" not in parts.netloc
            is_plain = self._is_plain and may_be_plain(realm, self._settings)
        except ValueError:
            raise self._unusable("", "Its address is none.") from None
        if not is_good or parts.scheme not in {"http", "https"}:
            raise self._unusable("", "Its address is none.")
        if parts.scheme == "http" and not is_plain:
            raise self._unusable(realm, "It must be reached over TLS (https).")
        check_not_inward(self._base_url, realm)
        return realm

    def _parse(self, data: bytes, realm: str, asked_at: float) -> _Held:
        try:
            answer: Any = json.loads(data)
        except (ValueError, RecursionError):
            answer = None
        fields = answer if isinstance(answer, dict) else {}
        token = fields.get("token") or fields.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise self._unusable(realm, "Its answer holds no token.")
        seconds = fields.get("expires_in")
        if not isinstance(seconds, int) or seconds <= 0:
            seconds = _DEFAULT_SECONDS
        good_for = min(seconds, _LONGEST_SECONDS) * _USABLE_PART
        return _Held(f"Bearer {token}", asked_at + good_for)

    def _refused(self, credential: Credential, answer: Answer) -> RegistryError:
        who = f'"{clean(credential.username)}"' if credential.username else "the login"
        return RegistryError(
            f'the registry "{self._host}" refuses the credentials of {who}',
            rule=str(RegistryWords(answer.read_some(_LARGEST_ANSWER))) or None,
            hint=f"Use `docker login {self._host}` again, or `docker logout {self._host}`.",
        )

    def _unusable(self, realm: str, rule: str) -> RegistryError:
        where = f' at "{clean(urlsplit(realm).netloc)}"' if realm else ""
        return RegistryError(
            f'the token server{where} of the registry "{self._host}" cannot be used',
            rule=rule,
            hint="Check the image's name and the registry's address.",
        )


def _token_request(realm: str, query: dict[str, str], credential: Credential | None) -> Request:
    if credential is not None and credential.identity_token:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credential.identity_token,
            "client_id": _CLIENT_ID,
            **query,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", realm, kind, urlencode(form).encode())
    headers = {}
    if credential is not None:
        headers["Authorization"] = credential.basic()
        query = {**query, "account": credential.username}
    sign = "&" if urlsplit(realm).query else "?"
    return Request("GET", f"{realm}{sign}{urlencode(query)}", headers)
