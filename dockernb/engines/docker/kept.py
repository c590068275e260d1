"""The files of a container whose command failed: the container itself, later an image of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from dockernb.engines.base import Image
from dockernb.errors import DockernbError, EngineError
from dockernb.oci.config import ImageConfig

from .images import TEMPORARY_LABEL
from .owner import this_process

__all__ = ["DockerKept", "kept_config"]

_log = logging.getLogger(__name__)


def kept_config(config: ImageConfig) -> ImageConfig:
    """The config with the label: what a killed process leaves is found (leftovers.py)."""
    labels = {**config.runtime.labels, TEMPORARY_LABEL: this_process().mark}
    return replace(config, runtime=replace(config.runtime, labels=labels))


class DockerKept:
    """See `KeptFiles`. Most failures are never looked into: the commit waits until one is.

    Args:
        commit: Makes the image.
        end: Removes the container.
        forget: Removes an image.
    """

    def __init__(
        self,
        commit: Callable[[], Image],
        end: Callable[[], None],
        forget: Callable[[str], None],
    ) -> None:
        self._commit = commit
        self._end = end
        self._forget = forget
        self._lock = threading.Lock()
        self._image: Image | None = None
        self._removed = False

    def image(self) -> Image:
        with self._lock:
            if self._removed:
                raise EngineError(
                    "the failed state is gone", hint="Run the cell again: it is kept anew."
                )
            if self._image is None:
                self._image = self._commit()
                self._end()
            return self._image

    def remove(self) -> None:
        with self._lock:
            if self._removed:
                return
            self._removed = True
            image = self._image
        try:
            if image is None:
                self._end()
            else:
                self._forget(image.id)
        except (DockernbError, RuntimeError) as error:  # RuntimeError: the engine has been closed
            _log.debug("a failed state is left to later processes: %s", error)
