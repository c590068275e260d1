"""From a node to its typed instruction, or to the error that BuildKit gives.

One function per instruction; the order of the checks inside each is BuildKit's
(`instructions/parse.go`), so that the first error is the same one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from dockernb.dockerfile import instructions as typed
from dockernb.dockerfile.build_commands import (
    build_cmd,
    build_entrypoint,
    build_healthcheck,
    build_run,
    build_shell,
)
from dockernb.dockerfile.build_files import build_add, build_copy
from dockernb.dockerfile.flags import read_flags
from dockernb.dockerfile.reference import INSTRUCTIONS
from dockernb.dockerfile.suggest import did_you_mean, quote
from dockernb.dockerfile.syntax import INSTRUCTION_NAMES, Node
from dockernb.errors import DockerfileError, DockerfileSyntaxError, UnknownInstructionError

__all__ = ["build"]

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
_ONBUILD = re.compile(r"\A\s*ONBUILD\s*", re.IGNORECASE | re.ASCII)
_NOT_AS_TRIGGER = {
    "ONBUILD": "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    "MAINTAINER": "MAINTAINER isn't allowed as an ONBUILD trigger",
    "FROM": "FROM isn't allowed as an ONBUILD trigger",
}


def build(node: Node) -> typed.Instruction:
    """The typed instruction of a node.

    Raises:
        DockerfileSyntaxError: Without its place; the caller knows the source text.
        UnknownInstructionError: The keyword is none of the 18 instructions.
    """
    builder = _BUILDERS.get(node.name) if node.is_known else None
    if builder is None:
        guess = did_you_mean(node.keyword, INSTRUCTION_NAMES, case_sensitive=False)
        rule, hint = None, f"Instructions: {', '.join(INSTRUCTION_NAMES)}. `%help` says more."
        if node.keyword.startswith("%"):
            rule = "Magics stand first in a cell, above the instructions."
            hint = f"Move {quote(node.keyword)} to the top of the cell, or to a cell of its own."
        raise UnknownInstructionError(
            f"unknown instruction {quote(node.keyword)}{guess}", rule=rule, hint=hint
        )
    try:
        return replace(builder(node), ignored=node.ignored)
    except DockerfileSyntaxError as err:
        if err.hint is None:
            err.hint = f"Write: {INSTRUCTIONS[node.name].syntax[0]}"
        raise


def _from(node: Node) -> typed.Instruction:
    stage_name = ""
    if len(node.args) == 3 and node.args[1].lower() == "as":
        stage_name = node.args[2].lower()
        if not _STAGE_NAME.fullmatch(stage_name):
            raise DockerfileSyntaxError(
                f"invalid name for build stage: {quote(node.args[2])}, "
                "name can't start with a number or contain symbols",
                rule="A stage name begins with a letter; letters, digits, - _ and . follow.",
            )
    elif len(node.args) != 1:
        raise DockerfileSyntaxError("FROM requires either one or three arguments")
    flags = read_flags(node.flags, "FROM")
    return typed.FromInstruction(
        node.original,
        node.lines,
        image=node.args[0],
        stage_name=stage_name,
        platform=flags.text("platform"),
        comments=node.comments,
    )


def _pairs(node: Node) -> tuple[typed.KeyValue, ...]:
    read_flags(node.flags, node.name)
    _at_least_one(node)
    keys, values, delimiters = node.args[::3], node.args[1::3], node.args[2::3]
    if "" in keys:
        raise DockerfileSyntaxError(f"{node.name} names can not be blank")
    triples = zip(keys, values, delimiters, strict=True)
    return tuple(typed.KeyValue(key, value, sign == "") for key, value, sign in triples)


def _env(node: Node) -> typed.Instruction:
    pairs = _pairs(node)
    return typed.EnvInstruction(node.original, node.lines, variables=pairs, comments=node.comments)


def _label(node: Node) -> typed.Instruction:
    pairs = _pairs(node)
    return typed.LabelInstruction(node.original, node.lines, labels=pairs, comments=node.comments)


def _arg(node: Node) -> typed.Instruction:
    _at_least_one(node)
    read_flags(node.flags, "ARG")
    args: list[typed.Arg] = []
    for word in node.args:
        key, equals, value = word.partition("=")
        if not key:
            raise DockerfileSyntaxError("ARG names can not be blank")
        comment = _comment_of(key, node.comments)
        args.append(typed.Arg(key, value if equals else None, comment))
    return typed.ArgInstruction(node.original, node.lines, args=tuple(args), comments=node.comments)


def _comment_of(name: str, comments: tuple[str, ...]) -> str:
    """`# NAME what it is for` above ARG documents NAME (`docker build --call=outline`)."""
    found = (line for line in comments if line.startswith(f"{name} "))
    return next(found, "")[len(name) + 1 :]


def _maintainer(node: Node) -> typed.Instruction:
    text = _exactly_one(node)
    read_flags(node.flags, "MAINTAINER")
    return typed.MaintainerInstruction(
        node.original, node.lines, maintainer=text, comments=node.comments
    )


def _user(node: Node) -> typed.Instruction:
    text = _exactly_one(node)
    read_flags(node.flags, "USER")
    return typed.UserInstruction(node.original, node.lines, user=text, comments=node.comments)


def _workdir(node: Node) -> typed.Instruction:
    text = _exactly_one(node)
    read_flags(node.flags, "WORKDIR")
    return typed.WorkdirInstruction(node.original, node.lines, path=text, comments=node.comments)


def _stopsignal(node: Node) -> typed.Instruction:
    # BuildKit does not look at the flags here, and builds.
    text = _exactly_one(node)
    return typed.StopsignalInstruction(
        node.original, node.lines, signal=text, comments=node.comments
    )


def _expose(node: Node) -> typed.Instruction:
    _at_least_one(node)
    read_flags(node.flags, "EXPOSE")
    # BuildKit sorts the ports as text.
    ports = tuple(sorted(node.args))
    return typed.ExposeInstruction(node.original, node.lines, ports=ports, comments=node.comments)


def _volume(node: Node) -> typed.Instruction:
    _at_least_one(node)
    read_flags(node.flags, "VOLUME")
    paths = tuple(path.strip() for path in node.args)
    if "" in paths:
        raise DockerfileSyntaxError("VOLUME specified can not be an empty string")
    return typed.VolumeInstruction(node.original, node.lines, paths=paths, comments=node.comments)


def _onbuild(node: Node) -> typed.Instruction:
    if node.inner is None:
        raise DockerfileSyntaxError("ONBUILD requires at least one argument")
    read_flags(node.flags, "ONBUILD")
    trigger = node.inner.name
    if trigger in _NOT_AS_TRIGGER:
        raise DockerfileSyntaxError(
            _NOT_AS_TRIGGER[trigger],
            hint="Write a RUN, COPY, ENV... after ONBUILD; it runs after the child's FROM.",
        )
    expression = _ONBUILD.sub("", node.original)
    for heredoc in node.heredocs:
        expression += f"\n{heredoc.raw}{heredoc.name}"
    try:
        inner = build(node.inner)
    except DockerfileError:
        # BuildKit stores what it cannot read; `parse_document` warns.
        inner = None
    return typed.OnbuildInstruction(
        node.original, node.lines, expression=expression, inner=inner, comments=node.comments
    )


def _at_least_one(node: Node) -> None:
    if not node.args:
        raise DockerfileSyntaxError(f"{node.name} requires at least one argument")


def _exactly_one(node: Node) -> str:
    if len(node.args) != 1:
        raise DockerfileSyntaxError(f"{node.name} requires exactly one argument")
    return node.args[0]


_BUILDERS: dict[str, Callable[[Node], typed.Instruction]] = {
    "ADD": build_add,
    "ARG": _arg,
    "CMD": build_cmd,
    "COPY": build_copy,
    "ENTRYPOINT": build_entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": build_healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": build_run,
    "SHELL": build_shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
