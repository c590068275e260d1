"""A command whose environment holds a secret.

The daemon writes the environment of a container to its disk. So the container is started with a
waiting shell, and the command gets there through the shell's stdin (handover.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dockernb.engines.base import ContainerSpec
from dockernb.errors import EngineError, UnsupportedByEngineError

from .handover import SHELL, WAITING_ENV, command_script
from .standby import StandbyContainer

__all__ = ["hand_over"]


def hand_over(
    spec: ContainerSpec, make: Callable[[ContainerSpec], StandbyContainer]
) -> StandbyContainer:
    """The container of `spec`, whose `secret_env` goes no way but this one.

    Args:
        make: Creates a waiting container.

    Raises:
        UnsupportedByEngineError: the command is none of a shell, or the image has no `env`.
    """
    container = make(replace(spec, command=(SHELL,), env=WAITING_ENV, secret_env={}))
    try:
        whole = replace(spec, env={**spec.env, **spec.secret_env}, secret_env={})
        script = command_script(whole, container.mark)
        if script is None:
            raise _cannot("the command has no shell, or is too long")
        try:
            container.warm_up()
        except EngineError as err:
            raise _cannot("the image has no shell with `env`, or Docker is elsewhere") from err
    except BaseException:
        container.remove()
        raise
    container.use(container.parent, script)
    return container


def _cannot(reason: str) -> UnsupportedByEngineError:
    return UnsupportedByEngineError(
        "the Docker engine cannot give this command a secret as a variable",
        rule=f"The Engine API would write it to the daemon's disk, and {reason}.",
        state="The command was not started; no snapshot was committed",
        hint="Leave env= out and read the secret's file in the command, "
        "or use for this step: %engine embedded",
    )
