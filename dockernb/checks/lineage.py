"""From a snapshot back to its base image: the steps that made it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from dockernb.build.result import StepResult
from dockernb.engines.base import Engine
from dockernb.errors import EngineError

from .subject import Step, Subject

__all__ = ["subject_of"]


def subject_of(
    engine: Engine, image_id: str, results: Iterable[StepResult], cancel: threading.Event
) -> Subject:
    """A snapshot as the subject of a check.

    A stage may stand on another one (`FROM build`): then the steps of that one made it too, since
    its layers are in the image.

    Args:
        results: Of all steps that may have made it.

    Raises:
        EngineError: the engine does not have the snapshot.
    """
    made = {
        result.snapshot.id: (result.snapshot.parent, result.diff)
        for result in results
        if result.snapshot is not None and result.instruction != "FROM"
    }
    steps: list[Step] = []
    base: str | None = image_id
    while base is not None and base in made:
        parent, diff = made.pop(base)
        steps.append(Step(base, diff))
        base = parent
    image = engine.image(image_id)
    if image is None:
        raise EngineError(
            f'the snapshot "{image_id}" is not on the engine any more',
            hint="Run the cells again from the top.",
        )
    below = engine.image(base) if base is not None else None
    history = len(below.config.history) if below is not None else 0
    return Subject(engine, image, history, tuple(reversed(steps)), cancel)
