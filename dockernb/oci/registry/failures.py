"""What goes wrong with a registry, as exceptions of dockernb.

It is decided by types of exceptions, by HTTP status and by the registry's error code (distribution
specification, "Error Codes"); a registry's words are only cleaned and shown.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from dockernb.errors import RegistryError

from .settings import INSECURE

__all__ = ["RegistryWords", "TransientError", "clean", "is_transient", "transport_failure"]

_LONGEST_WORDS = 300
_REQUEST_TIMEOUT, _TOO_MANY, _NOT_IMPLEMENTED = 408, 429, 501


class TransientError(Exception):
    """An attempt failed in a way that another one may not.

    Args:
        reason: What happened, in a few words.
        wait: Seconds that the registry asks us to wait, if it does.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class RegistryWords:
    """The first error of an answer's body: `{"errors": [{"code": ..., "message": ...}]}`.

    Args:
        body: Not trusted; anything else than this JSON says nothing.
    """

    def __init__(self, body: bytes) -> None:
        error = _first_error(body)
        self.code = clean(error.get("code"))
        self.message = clean(error.get("message"))

    def __str__(self) -> str:
        return ": ".join(word for word in (self.code, self.message) if word)


def is_transient(status: int) -> bool:
    """Whether the same request may be answered otherwise a little later."""
    is_server_error = 500 <= status < 600 and status != _NOT_IMPLEMENTED
    return is_server_error or status in {_REQUEST_TIMEOUT, _TOO_MANY}


def clean(value: object) -> str:
    """Text of a stranger in a form that can be shown: printable, one line, not long."""
    text = value if isinstance(value, str) else ""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: 2 * _LONGEST_WORDS])
    return " ".join(shown.split())[:_LONGEST_WORDS]


def transport_failure(err: Exception, url: str) -> RegistryError | TransientError:
    """What an exception of requests or urllib3 means."""
    host = urlsplit(url).netloc
    if isinstance(err, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return RegistryError(
            f'the registry at "{host}" cannot be asked',
            rule="It led to an address or a header that is none.",
            hint="Check the registry's address, and its credentials with `docker login`.",
        )
    for cause in _causes(err):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RegistryError(
                f'the certificate of "{host}" is not trusted',
                rule=clean(cause.verify_message),
                hint="Put the authority's certificate in "
                f"~/.docker/certs.d/{host}/ca.crt, or name it in SSL_CERT_FILE.",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return RegistryError(
                f'"{host}" does not speak TLS',
                rule=f"Only registries on loopback addresses and in {INSECURE} may go without.",
                hint=f"If you trust the network: `export {INSECURE}={host}`.",
            )
    return TransientError(_reason(err))


# Names of OpenSSL's reasons for "what came back is no TLS".
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_KINDS = (
    (requests.exceptions.ConnectTimeout, "no connection in time"),
    (requests.exceptions.ReadTimeout, "nothing arrived in time"),
    (urllib3.exceptions.ReadTimeoutError, "nothing arrived in time"),
    (urllib3.exceptions.IncompleteRead, "the answer was cut off"),
)


def _reason(err: Exception) -> str:
    # The exceptions' own texts hold URLs, which may be signed: they are not shown.
    if isinstance(err, requests.exceptions.ProxyError):
        return "the proxy does not answer"
    causes = list(_causes(err))
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return clean(cause.strerror)
    for cause in causes:
        for kind, words in _KINDS:
            if isinstance(cause, kind):
                return words
    return "the connection broke"


def _causes(err: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it, through the places where libraries keep it."""
    cause: BaseException | None = err
    for _ in range(20):
        if cause is None:
            return
        yield cause
        inner = [item for item in cause.args if isinstance(item, BaseException)]
        reason = getattr(cause, "reason", None)
        inner += [reason] if isinstance(reason, BaseException) else []
        cause = cause.__cause__ or cause.__context__ or next(iter(inner), None)


def _first_error(body: bytes) -> dict[str, Any]:
    try:
        errors = json.loads(body)["errors"]
        first = errors[0]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return {}
    return first if isinstance(first, dict) else {}
