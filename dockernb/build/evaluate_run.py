"""RUN: which command is run, and in what.

Source: `dispatchRun` in BuildKit's `dockerfile2llb/convert.go` and `convert_runmount.go`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Literal, cast

from ..dockerfile.instructions import CommandLine, Heredoc, RunInstruction
from ..engines.base import ContainerSpec, Mount
from ..errors import UnsupportedByEngineError
from ..oci.config import RuntimeConfig
from . import history
from .build_flags import BuildFlags
from .evaluate_mounts import evaluate_mounts
from .outcome import Frame, Outcome, RunCommand
from .variables import DEFAULT_PATH, proxy_environment

__all__ = ["evaluate_run", "with_shell"]

DEFAULT_SHELL = ("/bin/sh", "-c")

# Where a heredoc that begins with "#!" is put for the time of the command.
_SCRIPT_FOLDER = "/dev/pipes/"

_ONE_HEREDOC = re.compile(r"\s*\d*<<-?[\"']?[^\s<>\"']+[\"']?\s*")


def with_shell(args: Sequence[str], runtime: RuntimeConfig) -> tuple[str, ...]:
    """The shell form: SHELL in force (or the default) and the text as one argument."""
    return (*(runtime.shell or DEFAULT_SHELL), " ".join(args))


def evaluate_run(instruction: RunInstruction, frame: Frame) -> Outcome:
    """RUN: the command with the stage's environment, user and working directory."""
    runtime = frame.stage.config.runtime
    args, script = _command(instruction.command)
    if instruction.command.shell_form:
        args = with_shell(args, runtime)
    found = evaluate_mounts(instruction.mounts, frame)
    environment = _environment(frame)
    if found.ssh_socket:
        environment.setdefault("SSH_AUTH_SOCK", found.ssh_socket)
    _check_devices(instruction)
    flags = frame.options.flags
    spec = ContainerSpec(
        command=args,
        env=environment,
        secret_env=found.secret_env,
        user=runtime.user,
        working_dir=runtime.working_dir or "/",
        network=cast("Literal['default', 'none', 'host']", instruction.network or "default"),
        mounts=tuple([*found.mounts, script] if script else found.mounts),
        extra_hosts=flags.extra_hosts,
        ulimits=flags.ulimits,
        shm_size=flags.shm_size,
        security=cast("Literal['sandbox', 'insecure']", instruction.security or "sandbox"),
        platform=frame.stage.config.platform,
    )
    text = history.run_text(args, frame.stage.args, frame.stage.variables)
    # The command may use any ARG in scope, so all of them count.
    used = frame.stage.arg_values
    action = RunCommand(spec, found.contexts)
    return Outcome(frame.stage, action, text, layer=True, used_args=used, settings=_settings(flags))


def _settings(flags: BuildFlags) -> dict[str, str]:
    """What of the build's options a command may see."""
    settings = {f"--add-host {name}": address for name, address in flags.extra_hosts.items()}
    for name, (soft, hard) in flags.ulimits.items():
        settings[f"--ulimit {name}"] = f"{soft}:{hard}"
    if flags.shm_size:
        settings["--shm-size"] = str(flags.shm_size)
    return settings


def _check_devices(instruction: RunInstruction) -> None:
    if instruction.devices:
        raise UnsupportedByEngineError(
            f"RUN --device={instruction.devices[0]} is not possible in a notebook",
            rule="CDI devices are given by BuildKit 0.20 and newer alone.",
            state="The command was not started; no snapshot was committed",
            hint="Export the notebook and build it there: docker buildx build .",
        )


def _environment(frame: Frame) -> dict[str, str]:
    environment = dict(frame.stage.variables)
    environment.setdefault("PATH", DEFAULT_PATH)
    environment.update(proxy_environment(frame.options.build_args))
    return environment


def _command(command: CommandLine) -> tuple[tuple[str, ...], Mount | None]:
    """The words of the command with its heredocs put in, and the script file if there is one."""
    if not command.heredocs:
        return command.args, None
    first = command.heredocs[0]
    if len(command.heredocs) == 1 and _ONE_HEREDOC.fullmatch(command.args[0]):
        if first.content.startswith("#!"):
            return _script(first)
        return (first.content,), None
    text = command.args[0]
    for heredoc in command.heredocs:
        text += f"\n{heredoc.raw}{heredoc.name}"
    return (text,), None


def _script(heredoc: Heredoc) -> tuple[tuple[str, ...], Mount]:
    path = posixpath.join(_SCRIPT_FOLDER, heredoc.name)
    data = heredoc.content.encode("utf-8", "surrogateescape")
    return (path,), Mount("file", path, content=data, read_only=True, mode=0o755)
