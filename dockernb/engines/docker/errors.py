"""What the daemon and the Docker SDK say, as exceptions of dockernb.

Translation goes by type and by HTTP status. The daemon's words are only cleaned and shown; the one
exception is a full disk, for which the API has no status of its own.
"""

from __future__ import annotations

import json

import requests

from dockernb.errors import EngineError, EngineNotAvailableError, StorageFullError

__all__ = ["DaemonError", "clean", "from_answer", "from_message", "from_response", "not_available"]

# Prefixes of the chain of programs through which an error went before it reached us; what stands
# after the last of them is the cause.
_CHAIN = (
    "Error response from daemon: ",
    "unable to start container process: ",
    "failed to create shim task: ",
    "OCI runtime create failed: ",
)


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


def not_available(address: str, err: Exception) -> EngineNotAvailableError:
    """The exception for a daemon that cannot be reached, or whose connection broke."""
    return EngineNotAvailableError(
        f'the Docker daemon at "{address}" does not answer',
        rule=_root_cause(err),
        hint=start_hint(address),
    )


def start_hint(address: str) -> str:
    """How to get a daemon at `address` to run, and how to find out more."""
    if address.startswith("unix://"):
        start = "start Docker (`sudo systemctl start docker`, or Docker Desktop)"
    else:
        start = "check that the host is reachable and that Docker runs there"
    return f"{start}; `dockernb doctor` shows what was tried"


def _root_cause(err: BaseException) -> str:
    """The innermost system error, which is what one can act on."""
    text, seen = "", 0
    cause: BaseException | None = err
    while cause is not None and seen < 20:
        if isinstance(cause, OSError) and cause.strerror:
            text = cause.strerror
        cause, seen = cause.__cause__ or cause.__context__, seen + 1
    return text or str(err)
