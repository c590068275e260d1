"""What the daemon and the Docker SDK say, as exceptions of dockernb.

Translation goes by type and by HTTP status. The daemon's words are only cleaned and shown; the
exceptions are a full disk and too many layers, for which the API has no status of its own.
"""

from __future__ import annotations

import json
import re

import requests

from dockernb.errors import (
    EngineError,
    EngineNotAvailableError,
    StorageFullError,
    UnsupportedByEngineError,
)

from .connection import Endpoint
from .ssh import SshError, ssh_trial

__all__ = [
    "DaemonError",
    "clean",
    "from_answer",
    "from_message",
    "from_response",
    "not_available",
    "start_hint",
]

# Prefixes of the chain of programs through which an error went before it reached us; what stands
# after the last of them is the cause.
_CHAIN = (
    "Error response from daemon: ",
    "unable to start container process: ",
    "failed to create shim task: ",
    "OCI runtime create failed: ",
)
# What Python adds to the words of OpenSSL: "[SSL: NAME] words (_ssl.c:1006)".
_SSL_PLACES = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")


class DaemonError(EngineError):
    """The daemon refused a request.

    Args:
        words: What it said, cleaned.
        status: HTTP status of its answer; 200 where the error came inside a stream.
    """

    def __init__(self, words: str, status: int) -> None:
        super().__init__(f"the Docker daemon refused: {words}")
        self.words = words
        self.status = status


def clean(message: str) -> str:
    """The cause in the daemon's words, without the names of the programs it went through."""
    text = message.strip()
    for prefix in _CHAIN:
        _, found, rest = text.rpartition(prefix)
        text = rest if found else text
    return text.removesuffix(": unknown")


def from_message(message: str, status: int) -> EngineError:
    """The exception for the daemon's `message`, which came with this HTTP status."""
    if "no space left on device" in message:
        return StorageFullError(
            f"the engine's disk is full: {clean(message)}",
            hint="make room, for example with `docker system df` and `docker image prune`",
        )
    if "max depth exceeded" in message:  # moby, layer/layer.go: ErrMaxDepthExceeded
        return UnsupportedByEngineError(
            "the image has too many layers for this Docker",
            rule='It takes 125 in one image; with one more it says "max depth exceeded".',
            hint="Make fewer layers, for example one RUN of several; or use the embedded engine, "
            "which takes more: %engine embedded",
        )
    return DaemonError(clean(message), status)


def from_response(response: requests.Response) -> EngineError:
    """The exception for an answer with a status of 400 and more."""
    return from_answer(response.status_code, response.reason, response.content)


def from_answer(status: int, reason: str, content: bytes) -> EngineError:
    """As `from_response`."""
    try:
        message = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        message = content.decode("utf-8", "replace") or reason or "no reason given"
    return from_message(message, status)


def not_available(
    endpoint: Endpoint, err: Exception, reason: str | None = None
) -> EngineNotAvailableError:
    """The exception for a daemon that cannot be reached, or whose connection broke."""
    return EngineNotAvailableError(
        f'the Docker daemon at "{endpoint.address}" does not answer',
        rule=reason or _root_cause(err),
        hint=start_hint(endpoint),
    )


def start_hint(endpoint: Endpoint) -> str:
    """How to get to a daemon at this address, and how to find out more."""
    if endpoint.socket_path is not None:
        start = "start Docker (`sudo systemctl start docker`, or Docker Desktop)"
    elif endpoint.address.startswith("ssh://"):
        start = f"try `{ssh_trial(endpoint.address)}` in a terminal: it must not ask for anything"
    elif endpoint.tls is not None:
        files = ", ".join(f'"{path}"' for path in endpoint.tls.files) or "none was found"
        start = "check that Docker runs there with TLS, and the files in DOCKER_CERT_PATH or the "
        start += f"context, which are ca.pem, cert.pem and key.pem ({files})"
    else:
        start = "check that the host is reachable and that Docker runs there; for TLS set "
        start += "DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with its files"
    return f"{start}; `dockernb doctor` shows what was tried"


def _root_cause(err: BaseException) -> str:
    """The innermost system error, which is what one can act on; what ssh said, if it did."""
    text, seen = "", 0
    cause: BaseException | None = err
    while cause is not None and seen < 20:
        if isinstance(cause, SshError):
            return str(cause)
        if isinstance(cause, OSError) and cause.strerror:
            text = cause.strerror
        cause, seen = cause.__cause__ or cause.__context__ or _inner(cause), seen + 1
    return _SSL_PLACES.sub("", text) or str(err)


def _inner(err: BaseException) -> BaseException | None:
    """The exception that urllib3 puts into another one, without raising that from it."""
    return next((each for each in err.args if isinstance(each, BaseException)), None)
