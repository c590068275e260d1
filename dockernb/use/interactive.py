"""Which shell a reader gets on a terminal, and how it tells what was typed."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import replace

from ..engines.base import ContainerSpec, Engine
from ..errors import EngineError
from ..oci.config import RuntimeConfig
from .throwaway import shell_spec
from .typed import MARK

__all__ = ["interactive_spec"]

_SH = "/bin/sh"


def interactive_spec(engine: Engine, image_id: str, token: str) -> ContainerSpec:
    """The working container of a shell on a terminal.

    Args:
        token: What the shell says before each command that it tells (`TypedCommands`).

    Raises:
        EngineError: the image is gone.
    """
    image = engine.image(image_id)
    if image is None:
        raise EngineError(
            f'the image "{image_id}" is gone from the engine', hint="Run the cells above again."
        )
    spec = shell_spec(image.config.runtime, "")
    env = {**spec.env, "TERM": "xterm-256color", "HISTFILE": "/dev/null"}
    command = (_SH, "-c", _script(image.config.runtime, token))
    return replace(spec, command=command, env=env, has_terminal=True)


def _script(config: RuntimeConfig, token: str) -> str:
    """Becomes the shell of the image's SHELL if that is one for readers, else bash, ash or sh.

    bash and BusyBox's ash are asked for their newest history entries before each prompt; others,
    such as dash, have none. The answer is an escape sequence (OSC) that terminals pass over.
    """
    tell = f"printf '\\033]{MARK};{token};%s;%s\\007'"
    bash = (
        f'__dockernb=$?; {tell} "$__dockernb" "$(HISTTIMEFORMAT= history 1)"; '
        "export -n PROMPT_COMMAND; (exit $__dockernb)"
    )
    twice = "'s/\\\\/&&/g'"  # in a prompt, a backslash begins something
    newest = f"$(history | tail -n 20 | sed {twice})"
    # Between \[ and \]: it takes no room in the line.
    ash = f'\\[$(__dockernb=$?; {tell} "$__dockernb" "{newest}")\\]\\w # '
    cases = (
        f'*/bash|bash) PROMPT_COMMAND={shlex.quote(bash)} exec "$shell" -i;; '
        f'*/ash|ash) PS1={shlex.quote(ash)} exec "$shell" -i;; '
        '*) exec "$shell" -i;; '
    )
    own = (config.shell or (_SH,))[0]
    wanted = [] if posixpath.basename(own) in {"sh", "dash"} else [shlex.quote(own)]
    words = " ".join([*wanted, "bash", "ash", _SH])
    return (
        f'for shell in {words}; do command -v "$shell" >/dev/null 2>&1 || continue; '
        f'case "$shell" in {cases}esac; done'
    )
