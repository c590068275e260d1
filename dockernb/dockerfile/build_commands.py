"""RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK: instructions that hold a command."""

from __future__ import annotations

import re

from dockernb.dockerfile.durations import MILLISECOND, parse_bool, parse_duration
from dockernb.dockerfile.flags import Flags, read_flags
from dockernb.dockerfile.instructions import (
    CmdInstruction,
    CommandLine,
    EntrypointInstruction,
    HealthcheckInstruction,
    RunInstruction,
    ShellInstruction,
)
from dockernb.dockerfile.mounts import csv_fields, parse_mount
from dockernb.dockerfile.suggest import did_you_mean, quote
from dockernb.dockerfile.syntax import Node
from dockernb.errors import DockerfileSyntaxError

__all__ = ["build_cmd", "build_entrypoint", "build_healthcheck", "build_run", "build_shell"]

NETWORK_MODES = ("default", "none", "host")
SECURITY_MODES = ("sandbox", "insecure")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


def build_run(node: Node) -> RunInstruction:
    """RUN from its node; DockerfileSyntaxError for its flags and mounts."""
    flags = read_flags(node.flags, "RUN")
    devices = flags.texts("device")
    for device in devices:
        _check_device(device)
    mounts = tuple(parse_mount(text) for text in flags.texts("mount"))
    network = flags.text("network", "default")
    if network not in NETWORK_MODES:
        raise DockerfileSyntaxError(
            f"invalid network mode {quote(network)}{did_you_mean(network, NETWORK_MODES)}",
            hint=f"Write `--network={'|'.join(NETWORK_MODES)}`.",
        )
    security = flags.text("security", "sandbox")
    if security not in SECURITY_MODES:
        raise DockerfileSyntaxError(
            f"security {quote(security)} is not valid{did_you_mean(security, SECURITY_MODES)}",
            hint=f"Write `--security={'|'.join(SECURITY_MODES)}`.",
        )
    return RunInstruction(
        node.original,
        node.lines,
        command=_command(node),
        mounts=mounts,
        network=network,
        security=security,
        devices=devices,
        comments=node.comments,
    )


def build_cmd(node: Node) -> CmdInstruction:
    """CMD from its node."""
    read_flags(node.flags, "CMD")
    return CmdInstruction(node.original, node.lines, command=_command(node), comments=node.comments)


def build_entrypoint(node: Node) -> EntrypointInstruction:
    """ENTRYPOINT from its node."""
    read_flags(node.flags, "ENTRYPOINT")
    return EntrypointInstruction(
        node.original, node.lines, command=_command(node), comments=node.comments
    )


def build_shell(node: Node) -> ShellInstruction:
    """SHELL from its node; DockerfileSyntaxError unless it is a JSON array with an element."""
    read_flags(node.flags, "SHELL")
    if not node.args:
        raise DockerfileSyntaxError("SHELL requires at least one argument")
    if not node.json:
        raise DockerfileSyntaxError(
            "SHELL requires the arguments to be in JSON form",
            hint='Write `SHELL ["/bin/sh", "-c"]`, with every element in double quotes.',
        )
    return ShellInstruction(node.original, node.lines, shell=node.args, comments=node.comments)


def build_healthcheck(node: Node) -> HealthcheckInstruction:
    """HEALTHCHECK from its node; times in nanoseconds."""
    if not node.args:
        raise DockerfileSyntaxError("HEALTHCHECK requires at least one argument")
    kind, args = node.args[0].upper(), node.args[1:]
    if kind == "NONE":
        # BuildKit does not look at the flags of NONE.
        if args:
            raise DockerfileSyntaxError("HEALTHCHECK NONE takes no arguments")
        return HealthcheckInstruction(
            node.original, node.lines, test=("NONE",), comments=node.comments
        )
    flags = read_flags(node.flags, "HEALTHCHECK")
    if kind != "CMD":
        raise DockerfileSyntaxError(
            f"Unknown type {quote(kind)} in HEALTHCHECK (try CMD)",
            hint="Write `HEALTHCHECK [flags] CMD <command>`, or `HEALTHCHECK NONE`.",
        )
    if not args:
        raise DockerfileSyntaxError("Missing command after HEALTHCHECK CMD")
    return HealthcheckInstruction(
        node.original,
        node.lines,
        test=("CMD", *args) if node.json else ("CMD-SHELL", " ".join(args)),
        interval=_interval(flags, "interval"),
        timeout=_interval(flags, "timeout"),
        start_period=_interval(flags, "start-period"),
        start_interval=_interval(flags, "start-interval"),
        retries=_retries(flags.text("retries")),
        comments=node.comments,
    )


def _command(node: Node) -> CommandLine:
    if node.json:
        return CommandLine(node.args)
    words = (" ".join(node.args),) if node.args else ()
    return CommandLine(words, shell_form=True, heredocs=node.heredocs)


def _interval(flags: Flags, name: str) -> int:
    text = flags.text(name)
    if not text:
        return 0
    try:
        duration = parse_duration(text)
    except ValueError as err:
        raise DockerfileSyntaxError(
            str(err), hint=f"Write `--{name}=30s`, 1m30s, 500ms..."
        ) from None
    if duration and duration < MILLISECOND:
        raise DockerfileSyntaxError(
            f"Interval {quote(name)} cannot be less than 1ms", hint=f"Write `--{name}=30s`."
        )
    return duration


def _retries(text: str) -> int:
    if not text:
        return 0
    number = int(text[:20]) if _WHOLE_NUMBER.fullmatch(text) else None
    if number is None or not -(2**31) <= number < 2**31:
        raise DockerfileSyntaxError(
            f"--retries must be a whole number, not {quote(text)}", hint="Write `--retries=3`."
        )
    if number < 0:
        raise DockerfileSyntaxError(
            f"--retries cannot be negative ({number})", hint="Write `--retries=3`."
        )
    return number


def _check_device(text: str) -> None:
    """`[name=]<device>[,required[=<bool>]]`, as BuildKit's `ParseDevice`."""
    name = ""
    for field in csv_fields(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if key == "required":
            _check_bool(key, value if equals else "true")
        elif key == "name" and equals:
            if name:
                raise DockerfileSyntaxError(f"device name already set to {name}")
            name = value
        elif not name:
            name = field
        elif equals:
            raise DockerfileSyntaxError(f"unexpected key '{key}' in '{field}'")
        else:
            raise DockerfileSyntaxError(f"invalid field '{field}' must be a key=value pair")


def _check_bool(key: str, value: str) -> None:
    try:
        parse_bool(value)
    except ValueError:
        raise DockerfileSyntaxError(f"invalid value for {key}: {value}") from None
