"""Errors on their way from a worker to the engine."""

from __future__ import annotations

import os
from typing import Any

from dockernb import errors
from dockernb.errors import DockernbError, EngineError, InternalError

__all__ = ["failure_of", "raise_failure"]


def failure_of(error: BaseException) -> dict[str, Any]:
    """What a reply says of an error."""
    if isinstance(error, DockernbError):
        return {
            "error": error.name,
            "message": error.message,
            "rule": error.rule,
            "hint": error.hint,
            "state": error.state,
        }
    if isinstance(error, OSError):
        name = error.filename if isinstance(error.filename, str) else ""
        return {"error": "OSError", "errno": error.errno or 0, "name": name}
    return {"error": "InternalError", "message": f"{type(error).__name__}: {error}"}


def raise_failure(reply: dict[str, Any]) -> None:
    """Raises the error that the reply tells of, if it tells of one."""
    name = reply.get("error")
    if name is None:
        return
    if name == "OSError":
        number = int(reply["errno"])
        raise OSError(number, os.strerror(number), reply["name"])
    known = getattr(errors, str(name), EngineError)
    message = str(reply["message"])
    if known is InternalError:
        raise InternalError(message)
    raise known(message, rule=reply.get("rule"), hint=reply.get("hint"), state=reply.get("state"))
