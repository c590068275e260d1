"""The RUN that may come next, told to the engine while the reader types."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..engines.base import ContainerSpec, Engine
from .evaluate_run import with_shell
from .state import BuildState, Stage

__all__ = ["NextRun", "next_run"]

# A reader who types takes longer; "Run all Cells" sends the next cell sooner.
_PAUSE_SECONDS = 0.15


def next_run(stage: Stage) -> ContainerSpec:
    """What can be known of a RUN behind `stage`: all but its text and flags."""
    runtime = stage.config.runtime
    return ContainerSpec(
        command=with_shell((), runtime)[:1],
        user=runtime.user,
        working_dir=runtime.working_dir or "/",
        platform=stage.config.platform,
    )


class NextRun:
    """Tells the engine of the next RUN, once no cell has run for a moment.

    Args:
        engine: The engine in use; None where there is none.
    """

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        self._engine = engine
        self._timer: threading.Timer | None = None

    def after(self, state: BuildState) -> None:
        """The notebook is at `state` and may stay there."""
        self.cancel()
        if state.stage is not None:
            self._timer = threading.Timer(_PAUSE_SECONDS, self._tell, (state.stage,))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """A cell runs, or the notebook is somewhere else."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self, stage: Stage) -> None:
        engine = self._engine()
        if engine is not None:
            engine.prepare(stage.image_id, next_run(stage))
