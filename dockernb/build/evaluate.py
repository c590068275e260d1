"""Instruction + state -> what is to be done. Pure: nothing is run, read or written here.

One function per instruction, as `dispatch*` in BuildKit's `dockerfile2llb/convert.go`. FROM is not
here: it starts a stage and needs the engine (see `base_image`).
"""

from __future__ import annotations

import posixpath
import re
import signal
from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from ..dockerfile.instructions import (
    AddInstruction,
    Arg,
    ArgInstruction,
    CmdInstruction,
    CommandLine,
    CopyInstruction,
    EntrypointInstruction,
    EnvInstruction,
    ExposeInstruction,
    HealthcheckInstruction,
    Instruction,
    KeyValue,
    LabelInstruction,
    MaintainerInstruction,
    OnbuildInstruction,
    RunInstruction,
    ShellInstruction,
    StopsignalInstruction,
    UserInstruction,
    VolumeInstruction,
    WorkdirInstruction,
)
from ..errors import DockerfileError, InternalError
from ..oci.config import Healthcheck, RuntimeConfig
from . import history
from .evaluate_copy import evaluate_add, evaluate_copy
from .evaluate_run import evaluate_run, with_shell
from .outcome import BuildOptions, Frame, MakeDirectory, NoAction, Outcome
from .state import BuildState
from .variables import Expander, platform_args, resolve_stage_arg

__all__ = ["evaluate"]


def evaluate(instruction: Instruction, state: BuildState, options: BuildOptions) -> Outcome:
    """What `instruction` does after `state`.

    Raises:
        DockerfileError: a value breaks a rule once variables are expanded.
    """
    stage = state.stage
    if stage is None:
        raise InternalError(f"{instruction.name} evaluated outside a stage")
    frame = Frame(state, stage, options, Expander(stage.variables, state.escape))
    return _dispatch(instruction, frame)


@singledispatch
def _dispatch(instruction: Instruction, _: Frame) -> Outcome:
    raise InternalError(f"no evaluation for {instruction.name}")


@_dispatch.register
def _run(instruction: RunInstruction, frame: Frame) -> Outcome:
    return evaluate_run(instruction, frame)


@_dispatch.register
def _copy(instruction: CopyInstruction, frame: Frame) -> Outcome:
    return evaluate_copy(instruction, frame)


@_dispatch.register
def _add(instruction: AddInstruction, frame: Frame) -> Outcome:
    return evaluate_add(instruction, frame)


@_dispatch.register
def _arg(instruction: ArgInstruction, frame: Frame) -> Outcome:
    """ARG: a variable from this line on; in history, but not in the image's Env.

    As for ENV, all values are expanded with the variables before the line. (ARG before the first
    FROM is another thing: there each value sees the one before it.)
    """
    stage, words = frame.stage, ["ARG"]
    predefined = platform_args(frame.options.platform, stage.config.platform)
    for declared in instruction.args:
        key = frame.expander.word(declared.key)
        default = None if declared.value is None else frame.expander.word(declared.value)
        arg = resolve_stage_arg(
            Arg(key), default, frame.state, frame.options.build_args, predefined
        )
        words.append(key if default is None else f"{key}={default}")
        if arg.value is not None:
            stage = stage.with_variable(key, arg.value)
        stage = replace(stage, args=(*stage.args, arg))
    used = {arg.key: arg.value or "" for arg in stage.args[len(frame.stage.args) :]}
    return Outcome(stage, NoAction(), " ".join(words), used_args={**frame.used_args(), **used})


@_dispatch.register
def _env(instruction: EnvInstruction, frame: Frame) -> Outcome:
    """ENV: all values are expanded with the variables before the line (SEMANTICS line 11)."""
    pairs = _expand_pairs(instruction.variables, frame)
    stage = frame.stage
    env = list(stage.config.runtime.env)
    for pair in pairs:
        stage = stage.with_variable(pair.key, pair.value)
        env = _set_env(env, pair)
    stage = stage.with_runtime(env=tuple(env))
    return frame.metadata(stage, history.pairs_text("ENV", pairs))


@_dispatch.register
def _label(instruction: LabelInstruction, frame: Frame) -> Outcome:
    pairs = _expand_pairs(instruction.labels, frame)
    labels = dict(frame.stage.config.runtime.labels)
    labels.update((pair.key, pair.value) for pair in pairs)
    return frame.metadata_runtime(history.pairs_text("LABEL", pairs), labels=labels)


@_dispatch.register
def _maintainer(instruction: MaintainerInstruction, frame: Frame) -> Outcome:
    config = replace(frame.stage.config, author=instruction.maintainer)
    stage = replace(frame.stage, config=config)
    return frame.metadata(stage, f"MAINTAINER {instruction.maintainer}")


@_dispatch.register
def _expose(instruction: ExposeInstruction, frame: Frame) -> Outcome:
    ports: list[str] = []
    for text in instruction.ports:
        for word in frame.expander.words(text):
            ports.extend(_parse_ports(word))
    merged = dict.fromkeys([*frame.stage.config.runtime.exposed_ports, *ports])
    return frame.metadata_runtime(history.ports_text(ports), exposed_ports=tuple(merged))


@_dispatch.register
def _volume(instruction: VolumeInstruction, frame: Frame) -> Outcome:
    paths = [frame.expander.word(path) for path in instruction.paths]
    if not all(paths):
        raise DockerfileError("VOLUME specified can not be an empty string")
    merged = dict.fromkeys([*frame.stage.config.runtime.volumes, *paths])
    text = f"VOLUME {history.go_list(paths)}"
    return frame.metadata_runtime(text, volumes=tuple(merged))


@_dispatch.register
def _user(instruction: UserInstruction, frame: Frame) -> Outcome:
    user = frame.expander.word(instruction.user)
    return frame.metadata_runtime(f"USER {user}", user=user)


@_dispatch.register
def _workdir(instruction: WorkdirInstruction, frame: Frame) -> Outcome:
    """WORKDIR: makes the directory, owned by the current USER."""
    runtime = frame.stage.config.runtime
    path = frame.expander.word(instruction.path)
    path = _working_dir(runtime.working_dir, path)
    stage = frame.stage.with_runtime(working_dir=path)
    text = f"WORKDIR {path}"
    if posixpath.normpath(path) == "/":
        return frame.metadata(stage, text)
    action = MakeDirectory(path, runtime.user)
    return Outcome(stage, action, text, layer=True, used_args=frame.used_args())


@_dispatch.register
def _cmd(instruction: CmdInstruction, frame: Frame) -> Outcome:
    args = _command_words(instruction.command, frame.stage.config.runtime)
    stage = replace(frame.stage, cmd_set=True).with_runtime(cmd=args or None, args_escaped=True)
    return frame.metadata(stage, f"CMD {history.go_quoted_list(args)}")


@_dispatch.register
def _entrypoint(instruction: EntrypointInstruction, frame: Frame) -> Outcome:
    """ENTRYPOINT: resets an inherited CMD, not one of the same stage (SEMANTICS line 19)."""
    runtime = frame.stage.config.runtime
    args = _command_words(instruction.command, runtime)
    cmd = runtime.cmd if frame.stage.cmd_set else None
    text = f"ENTRYPOINT {history.go_quoted_list(args)}"
    return frame.metadata_runtime(text, entrypoint=args or None, cmd=cmd)


@_dispatch.register
def _shell(instruction: ShellInstruction, frame: Frame) -> Outcome:
    text = f"SHELL {history.go_list(instruction.shell)}"
    return frame.metadata_runtime(text, shell=instruction.shell)


@_dispatch.register
def _stopsignal(instruction: StopsignalInstruction, frame: Frame) -> Outcome:
    value = frame.expander.word(instruction.signal)
    if not _is_signal(value):
        raise DockerfileError(
            f'invalid signal: "{value}"', hint="Use a name or number, for example SIGTERM or 15."
        )
    return frame.metadata_runtime(f"STOPSIGNAL {value}", stop_signal=value)


@_dispatch.register
def _healthcheck(instruction: HealthcheckInstruction, frame: Frame) -> Outcome:
    """HEALTHCHECK: replaces an earlier one with all its fields."""
    health = Healthcheck(
        instruction.test,
        instruction.interval,
        instruction.timeout,
        instruction.start_period,
        instruction.start_interval,
        instruction.retries,
    )
    return frame.metadata_runtime(history.healthcheck_text(health), healthcheck=health)


@_dispatch.register
def _onbuild(instruction: OnbuildInstruction, frame: Frame) -> Outcome:
    onbuild = (*frame.stage.config.runtime.onbuild, instruction.expression)
    return frame.metadata(frame.stage.with_runtime(onbuild=onbuild), None)


def _working_dir(current: str, path: str) -> str:
    """The new working directory: an absolute one as it is written, a relative one joined."""
    if path.startswith("/"):
        return path
    return "/" + posixpath.normpath(posixpath.join("/", current, path)).lstrip("/")


def _command_words(command: CommandLine, runtime: RuntimeConfig) -> tuple[str, ...]:
    return with_shell(command.args, runtime) if command.shell_form else command.args


def _expand_pairs(pairs: Iterable[KeyValue], frame: Frame) -> list[KeyValue]:
    expand = frame.expander.word
    return [replace(pair, key=expand(pair.key), value=expand(pair.value)) for pair in pairs]


def _set_env(env: list[str], pair: KeyValue) -> list[str]:
    """Replaces the entry in its place, or appends it."""
    item = f"{pair.key}={pair.value}"
    for index, old in enumerate(env):
        if old.partition("=")[0] == pair.key:
            return [*env[:index], item, *env[index + 1 :]]
    return [*env, item]


# [ip:][host port:]container port[/protocol], as go-connections' ParsePortSpec reads it.
_PORT = re.compile(r"(?:.*:)?(\d+)(?:-(\d+))?(?:/([A-Za-z]+))?")


def _parse_ports(spec: str) -> list[str]:
    """`7000-7002/udp` -> one "port/protocol" each; the protocol is tcp unless given."""
    match = _PORT.fullmatch(spec)
    protocol = (match[3] or "tcp").lower() if match else ""
    if match is None or protocol not in ("tcp", "udp", "sctp"):
        raise DockerfileError(
            f'invalid containerPort: "{spec}"',
            rule="A port is a number or a range, with /tcp, /udp or /sctp after it if need be.",
            hint="EXPOSE 80 443/tcp 7000-7010/udp",
        )
    low, high = int(match[1]), int(match[2] or match[1])
    if not low <= high <= 65535:
        raise DockerfileError(f'invalid range specified for port: "{spec}"')
    return [f"{port}/{protocol}" for port in range(low, high + 1)]


def _is_signal(value: str) -> bool:
    if value.isdecimal():
        return int(value) != 0
    name = value.upper().removeprefix("SIG")
    return f"SIG{name}" in signal.Signals.__members__ or name.startswith(("RTMIN", "RTMAX"))
