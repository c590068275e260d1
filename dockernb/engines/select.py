"""Choosing the engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dockernb.errors import EngineNotAvailableError
from dockernb.folders import store_folder

from .base import Engine

if TYPE_CHECKING:
    from .embedded.engine import EmbeddedEngine

__all__ = ["ENGINES", "open_embedded", "open_engine"]

ENGINES = ("docker", "embedded")


def open_engine(name: str | None = None) -> Engine:
    """The engine called `name`, else the one that DOCKERNB_ENGINE names, else one that works.

    With nothing said it is Docker if a daemon answers, and the embedded engine if none does.

    Raises:
        EngineNotAvailableError: it does not answer, or there is no such engine.
    """
    name = name or os.environ.get("DOCKERNB_ENGINE") or None
    if name not in {None, *ENGINES}:
        raise EngineNotAvailableError(
            f'there is no engine "{name}"', hint=f"engines: {', '.join(ENGINES)}"
        )
    if name == "embedded":
        return open_embedded()
    try:
        return _docker()
    except EngineNotAvailableError as no_docker:
        if name == "docker":
            raise
        try:
            return open_embedded()
        except EngineNotAvailableError as no_embedded:
            raise _neither(no_docker, no_embedded) from no_embedded


def open_embedded() -> EmbeddedEngine:
    """The embedded engine on the user's store.

    Raises:
        EngineNotAvailableError: nothing can run here, or the store cannot be written.
    """
    from .embedded.engine import EmbeddedEngine  # noqa: PLC0415 - see below

    engine = EmbeddedEngine(store_folder())
    try:
        engine.start()
    except BaseException:
        engine.close()
        raise
    return engine


def _docker() -> Engine:
    # Not above: the Docker SDK alone takes a tenth of a second to import.
    from .docker import connect  # noqa: PLC0415

    return connect()


def _neither(
    docker: EngineNotAvailableError, embedded: EngineNotAvailableError
) -> EngineNotAvailableError:
    facts = [f"{error.message}\n{error.rule or ''}".rstrip() for error in (docker, embedded)]
    return EngineNotAvailableError(
        "no engine works here",
        rule="\n".join(facts),
        hint="\n".join(error.hint for error in (docker, embedded) if error.hint),
    )
