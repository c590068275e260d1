"""All containers that a notebook runs: several at a time, none longer than its kernel."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..engines.base import Engine
from ..errors import RunError
from .run import Run, RunFacts
from .run_options import RunOptions

__all__ = ["Runs"]

_MOST_ENDED = 50  # kept for their logs
_PATIENCE = 10.0
_CLOSE_SECONDS = 3.0


class Runs:
    """Knows them by name. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._removed: list[Run] = []

    def launch(self, engine: Engine, image_id: str, options: RunOptions, default_name: str) -> Run:
        """Starts an image; the caller calls `begin` of what it gets.

        Args:
            default_name: Its name when the options give none; numbered when it is in use.

        Raises:
            RunError: the name is in use.
            EngineError: it cannot be started.
        """
        self._wait_for_removed()
        name = self._free_name(options.name, default_name)
        container = engine.launch(image_id, options.spec)
        facts = RunFacts(name, image_id, container.ports, options.spec.arguments, container.notes)
        run = Run(facts, container)
        with self._lock:
            self._runs.pop(name, None)
            self._runs[name] = run
            ended = [each for each in self._runs.values() if each.state.is_over]
            for old in ended[: max(0, len(ended) - _MOST_ENDED)]:
                del self._runs[old.facts.name]
        return run

    def find(self, name: str = "", *, running: bool = False) -> Run:
        """The one with this name; with none, the newest, or the only one that runs.

        Args:
            running: One that has ended is not meant.

        Raises:
            RunError: there is none, or it is not clear which one is meant.
        """
        runs = [run for run in self.all() if not (running and run.state.is_over)]
        found = [run for run in runs if not name or run.facts.name == name]
        if not found:
            what = f'no container "{name}"' if name else "no container"
            raise RunError(
                f"there is {what}" + (" that runs" if running else ""),
                rule=f"There are: {_names(runs)}." if runs else None,
                hint="To start one: %run",
            )
        if running and len(found) > 1:
            raise RunError("several containers run", hint=f"Name one of them: {_names(found)}")
        return found[-1]

    def all(self) -> list[Run]:
        """All that were started, the newest last."""
        with self._lock:
            return list(self._runs.values())

    def close(self) -> None:
        """Ends all of them; waits a moment for that."""
        running = [run for run in self.all() if not run.state.is_over]
        threads = [threading.Thread(target=run.remove, daemon=True) for run in running]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_CLOSE_SECONDS)
        with self._lock:
            self._runs.clear()

    def discard(self, run: Run) -> None:
        """Ends one, and forgets it: nobody will ask for its log."""
        with self._lock:
            if self._runs.get(run.facts.name) is run:
                del self._runs[run.facts.name]
            self._removed = [*(old for old in self._removed if not old.wait(0)), run]
        threading.Thread(target=run.remove, name="dockernb-remove", daemon=True).start()

    def _wait_for_removed(self) -> None:
        """Their ports are wanted again: a cell that runs once more gives up its container."""
        with self._lock:
            removed = self._removed
        for run in removed:
            run.wait(_PATIENCE)

    def _free_name(self, asked: str, default: str) -> str:
        used = {run.facts.name for run in self.all() if not run.state.is_over}
        if asked:
            if asked in used:
                raise RunError(
                    f'a container "{asked}" runs already',
                    state="Nothing was started.",
                    hint=f"%stop {asked}, or another --name",
                )
            return asked
        numbered = (default if number == 1 else f"{default}-{number}" for number in range(1, 10**6))
        return next(name for name in numbered if name not in used)


def _names(runs: Sequence[Run]) -> str:
    return ", ".join(run.facts.name for run in runs)
