"""What a check examines: a snapshot on its engine, and the steps that made it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from dockernb.engines.base import Engine, FileView, Image
from dockernb.errors import BuildInterruptedError
from dockernb.oci.diff import FilesystemDiff

__all__ = ["Finding", "Rule", "Step", "Subject"]


@dataclass(frozen=True)
class Step:
    """A step of the stage that was examined: the snapshot that it made, and what it changed."""

    image_id: str
    diff: FilesystemDiff


@dataclass(frozen=True)
class Subject:
    """A snapshot being examined.

    Args:
        base_history: How many lines of the history are the base image's.
        steps: The steps since FROM, in order.
        cancel: Set when the reader interrupts.
    """

    engine: Engine
    image: Image
    base_history: int = 0
    steps: tuple[Step, ...] = ()
    cancel: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def files(self) -> Iterator[FileView]:
        """The files of the snapshot."""
        with self.engine.open_image(self.image.id) as view:
            yield view

    def check_interrupt(self) -> None:
        """Raises BuildInterruptedError if the reader has interrupted."""
        if self.cancel.is_set():
            raise BuildInterruptedError(
                "interrupted", state="The check was not finished; the snapshot is as it was."
            )


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    Args:
        found: What is there now, for the reader: never what should be there.
        output: The last lines that a command printed.
    """

    ok: bool
    found: str = ""
    output: str = ""


class Rule(Protocol):
    """What an expectation examines."""

    def examine(self, subject: Subject) -> Finding:
        """Whether it is as it has to be.

        Raises:
            BuildInterruptedError: the reader interrupted.
            EngineError: the engine failed.
        """
