"""Commands in a container that is thrown away: to try something without building it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..engines.base import ContainerSpec, Engine, OnOutput
from ..errors import EngineError
from ..oci.config import RuntimeConfig
from ..oci.diff import FilesystemDiff

__all__ = ["Tried", "shell_spec", "try_commands"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True)
class Tried:
    """What the commands did, and what they would have left behind."""

    exit_code: int
    diff: FilesystemDiff


def try_commands(
    engine: Engine, image_id: str, script: str, on_output: OnOutput, cancel: threading.Event
) -> Tried:
    """Runs `script` by the image's shell, as its user, in its folder, with its environment.

    Raises:
        EngineError: the image is gone, or the container cannot be made.
        BuildInterruptedError: `cancel` was set; the container is gone.
    """
    image = engine.image(image_id)
    if image is None:
        raise EngineError(
            f'the image "{image_id}" is gone from the engine', hint="run the cells above again"
        )
    with engine.create(image_id, shell_spec(image.config.runtime, script)) as container:
        code = container.run(on_output, cancel)
        return Tried(code, container.diff())


def shell_spec(config: RuntimeConfig, script: str) -> ContainerSpec:
    """The working container for a script."""
    return ContainerSpec(
        command=(*(config.shell or _SHELL), script),
        env={"PATH": _PATH, **config.environment},
        user=config.user,
        working_dir=config.working_dir or "/",
    )
