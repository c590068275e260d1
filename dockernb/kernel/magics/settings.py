"""Magics that change how the next cells are built."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dockernb.dockerfile.magics import (
    MOST_SECRET_BYTES,
    MagicArgumentError,
    SecretSource,
    parse_key_value,
    parse_secret,
)

from .registry import MagicCall, MagicError, magic

if TYPE_CHECKING:
    from dockernb.session import ContextView

__all__: list[str] = []

BUILD_FLAGS = ("--add-host", "--build-context", "--shm-size", "--ssh", "--ulimit")
_MOST_WORDS = 200


@magic("%context [DIR | --json]", values=("--json",), takes=("file folder",))
def context(call: MagicCall) -> None:
    """Sets the build context, the folder that COPY and ADD read from; alone: shows it.

    DIR is taken from the notebook's folder. Cells that read files of the old context become stale.
    Alone it also shows which files the cells have read, with their sizes, and which line of
    .dockerignore takes out what.
    """
    words = call.words(1)
    if words == ["--json"]:
        call.say(json.dumps(_context_view(call).to_json(), indent=2))
        return
    if words:
        root = Path(words[0]).expanduser().absolute()
        if not root.is_dir():
            raise MagicError(f'"{words[0]}" is not a folder', rule=f"looked for: {root}")
        call.session.set_context(root)
    call.say(f"build context: {call.session.context_root.absolute()}")
    if not words:
        from dockernb.ui.context_text import context_text  # noqa: PLC0415 - seldom needed

        for line in context_text(_context_view(call)):
            call.say(line)


def _context_view(call: MagicCall) -> ContextView:
    cells = call.workspace.order.cells(call.cell_id) or []
    return call.session.view_context([cell.id for cell in cells])


@magic("%arg [NAME=VALUE | NAME]", takes=("argument",))
def arg(call: MagicCall) -> None:
    """Gives an ARG its value, as `--build-arg`; `%arg NAME` takes it back; alone: lists all.

    Cells that used the old value become stale.
    """
    args = call.workspace.build_args
    text = call.line.argument
    if not text:
        rows = [f"{name}={value}" for name, value in sorted(args.items())]
        call.say("\n".join(rows) or "no build args are set")
        return
    try:
        name, value = parse_key_value(call.words(1)[0])
    except MagicArgumentError as error:
        raise MagicError(str(error), hint="usage: %arg NAME=VALUE") from error
    if value is None and name not in args:
        raise MagicError(f'no build arg "{name}" is set', hint=f"To set it: %arg {name}=VALUE")
    call.session.set_build_arg(name, value)
    if value is None:
        del args[name]
    else:
        args[name] = value


@magic(
    "%secret ID [src=FILE | env=NAME]",
    on_main_thread=True,
    values=("src=", "env="),
    takes=("secret",),
    options={"src=": "file", "env=": "environment"},
)
def secret(call: MagicCall) -> None:
    """Keeps a secret for `RUN --mount=type=secret,id=ID`; alone: asks for it.

    The secret stays in this kernel's memory: it is in no cell, no output and no snapshot.
    """
    usage = "usage: %secret ID [src=FILE | env=NAME]"
    words = call.words(2)
    if not words:
        raise MagicError("%secret needs an ID", hint=usage)
    try:
        source = parse_secret(",".join(words))
    except MagicArgumentError as error:
        raise MagicError(str(error), hint=usage) from error
    content = _secret_content(call, source)
    call.session.set_secret(source.id, content)
    call.say(f'secret "{source.id}" is set ({len(content)} bytes)')


def _secret_content(call: MagicCall, source: SecretSource) -> bytes:
    if source.kind == "ask":
        return call.ask(f'secret "{source.id}": ').encode()
    if source.kind == "env":
        if source.value not in os.environ:
            raise MagicError(f'the kernel\'s environment has no variable "{source.value}"')
        return os.environ[source.value].encode()
    try:
        with Path(source.value).expanduser().open("rb") as file:
            content = file.read(MOST_SECRET_BYTES + 1)
    except OSError as error:
        raise MagicError(f'"{source.value}" cannot be read: {error.strerror}') from error
    if len(content) > MOST_SECRET_BYTES:
        raise MagicError(
            f'"{source.value}" is too large for a secret',
            rule=f"docker build takes {MOST_SECRET_BYTES:,} bytes at most",
        )
    return content


@magic("%build [FLAGS | none]", values=(*BUILD_FLAGS, "none"))
def build(call: MagicCall) -> None:
    """Sets flags of `docker build` for the next cells; alone: shows them; `none`: without any.

    --add-host NAME:ADDRESS, --ulimit NAME=SOFT[:HARD], --shm-size BYTES, --ssh ID[=SOCKET] and
    --build-context NAME=FOLDER|docker-image://IMAGE. They take the place of those before.
    """
    words = call.words(_MOST_WORDS)
    if words:
        call.session.set_flags([] if words == ["none"] else words)
    call.say(f"flags: {shlex.join(call.session.flags) or 'none'}")


@magic("%crlf")
def crlf(call: MagicCall) -> None:
    """Gives the lines of its cell Windows line ends, in the notebook and when it is exported."""
    call.words(0)


@magic("%engine [NAME]", values=("docker", "embedded"))
def engine(call: MagicCall) -> None:
    """Changes the engine (docker or embedded); alone: shows which one is used.

    Snapshots of one engine are not on the other: the cells are run again from the top.
    """
    words = call.words(1)
    if words:
        call.session.use_engine(words[0])
    call.say(f"engine: {call.session.engine_name()}")


@magic("%cache on|off", values=("on", "off"))
def cache(call: MagicCall) -> None:
    """Switches the build cache on or off for the next cells."""
    words = call.words(1)
    if words not in (["on"], ["off"]):
        raise MagicError("%cache takes on or off", hint="usage: %cache on|off")
    call.session.use_cache(words == ["on"])


@magic("%reset")
def reset(call: MagicCall) -> None:
    """Forgets what the cells have built; the snapshots and the cache stay."""
    call.words(0)
    call.session.reset()
    call.workspace.order.reset()
    call.say("all cells are forgotten; run them again from the top")
