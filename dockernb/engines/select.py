"""Choosing the engine."""

from __future__ import annotations

from dockernb.errors import EngineNotAvailableError

from .base import Engine

__all__ = ["ENGINES", "open_engine"]

ENGINES = ("docker",)


def open_engine(name: str | None = None) -> Engine:
    """The engine called `name`, or with nothing said the first one that works.

    Raises:
        EngineNotAvailableError: it does not answer, or there is no such engine.
    """
    if name not in {None, *ENGINES}:
        raise EngineNotAvailableError(
            f'there is no engine "{name}"', hint=f"engines: {', '.join(ENGINES)}"
        )
    # Here, not above: the SDK takes a tenth of a second to import.
    from .docker import connect  # noqa: PLC0415

    # With nothing said, the embedded engine comes next where no daemon answers (not there yet).
    return connect()
