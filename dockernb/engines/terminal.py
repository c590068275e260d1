"""Part of the Engine protocol: a command on a terminal, and files that outlive a container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .launch import OnOutput

if TYPE_CHECKING:
    from .base import Image

__all__ = ["KeptFiles", "Terminal", "TerminalSize"]

_MOST = 1000


@dataclass(frozen=True)
class TerminalSize:
    """How much a terminal shows, in characters."""

    rows: int = 24
    columns: int = 80

    @classmethod
    def bounded(cls, rows: object, columns: object) -> TerminalSize:
        """From what somebody says; what makes no sense becomes the usual size."""
        usual = cls()
        return cls(_within(rows, usual.rows), _within(columns, usual.columns))


def _within(number: object, usual: int) -> int:
    return min(max(number, 1), _MOST) if type(number) is int else usual


class Terminal(Protocol):
    """The command of a working container, on a terminal of its own. It has been started.

    All methods may be called from any thread; `send` by one at a time.
    """

    def follow(self, on_output: OnOutput) -> int:
        """Passes on what the terminal shows (raw bytes) and returns the command's exit code.

        To be called once; it returns when no process of the command is left. 137 after `close`.

        Raises:
            EngineError: the command could not be started, or the container was lost.
        """

    def send(self, data: bytes) -> None:
        """Types `data`; waits while nobody reads it. After the end nothing happens."""

    def resize(self, size: TerminalSize) -> None:
        """The programs are told of another size. After the end nothing happens."""

    def close(self) -> None:
        """Kills the command and all that it started; `follow` returns. Idempotent."""


class KeptFiles(Protocol):
    """The files of a container whose command failed; they are in no chain of snapshots."""

    def image(self) -> Image:
        """An image of the files, without a name; made when it is first asked for.

        Raises:
            EngineError: the files are gone.
        """

    def remove(self) -> None:
        """Gives the files up. Never raises; idempotent; may finish in the background."""
