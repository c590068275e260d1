"""A name that is neither a stage above nor an image that can be had.

`--from=NAME`, `from=NAME` and `FROM NAME` take a stage or an image. A builder reads the whole file
and knows the stages below; a notebook knows those above, so the error speaks of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ImageNotFoundError, RegistryError, StageNotFoundError
from .state import BuildState

__all__ = ["stage_or_image"]

_MAY_BE_A_STAGE = re.compile(r"[a-z][a-z0-9\-_.]*|[0-9]+", re.IGNORECASE | re.ASCII)


@contextmanager
def stage_or_image(name: str, state: BuildState) -> Iterator[None]:
    """Lets an image `name` be looked for in the block, which is no stage of `state`.

    Raises:
        StageNotFoundError: Instead of `ImageNotFoundError`, where `name` may be meant for a stage.
        RegistryError: The registry does not answer: nobody knows whether there is an image.
    """
    try:
        yield
    except (ImageNotFoundError, RegistryError) as error:
        if not state.stages or _MAY_BE_A_STAGE.fullmatch(name) is None:
            raise
        hint = f'If "{name}" is a stage further down, move it above this cell.'
        if state.find_stage(name) is not None:
            hint = f"FROM wants the name of a stage in lower case: FROM {name.lower()}"
        elif isinstance(error, RegistryError):
            error.hint = "\n".join(filter(None, [error.hint, hint]))
            raise
        else:
            hint = f"{hint} If it is an image, check its name: `docker pull {name}`."
        stages = ", ".join(f'"{stage.label}"' for stage in state.stages)
        raise StageNotFoundError(
            f'no stage "{name}" stands above, and no image of that name was found',
            rule="\n".join([f"stages above: {stages}", error.message, *filter(None, [error.rule])]),
            hint=hint,
        ) from error
