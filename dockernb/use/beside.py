"""All that a notebook has running beside its cells; it ends with the engine's connection."""

from __future__ import annotations

import threading

from .failed import FailedStates
from .runs import Runs
from .terminals import Terminals

__all__ = ["Beside"]


class Beside:
    """The containers of one session that no step waits for.

    Attributes:
        runs: Those that run its images.
        terminals: Shells that a reader types into.
        failed: What failed steps left.
    """

    def __init__(self) -> None:
        self.runs = Runs()
        self.terminals = Terminals()
        self.failed = FailedStates(self.terminals)

    def close(self) -> None:
        """Ends all, at a time; waits a moment for that."""
        running = threading.Thread(target=self.runs.close, daemon=True)
        running.start()
        self.terminals.close()
        self.failed.close()
        running.join()
