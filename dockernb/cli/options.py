"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dockernb.build.build_flags import FLAGS, NO_FLAGS, BuildFlags, parse_flags
from dockernb.dockerfile.magics import (
    MOST_SECRET_BYTES,
    MagicArgumentError,
    SecretSource,
    parse_key_value,
    parse_secret,
)
from dockernb.engines.select import ENGINES

__all__ = ["BuildChoice", "build_options", "read_build_args", "read_secret", "read_secrets"]


@dataclass(frozen=True)
class BuildChoice:
    """What the options of `build_options` say, as they were written."""

    engine: str | None = None
    build_args: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    target: str | None = None
    context: Path | None = None
    flags: BuildFlags = NO_FLAGS


_FLAG_HELP = {
    "--add-host": ("NAME:ADDRESS", "A name that RUN finds in /etc/hosts."),
    "--build-context": ("NAME=FOLDER|docker-image://IMAGE", "Takes the place of an image's name."),
    "--shm-size": ("BYTES", "Size of /dev/shm for RUN, for example 128m."),
    "--ssh": ("ID[=SOCKET]", "An ssh agent for RUN --mount=type=ssh; `default` is yours."),
    "--ulimit": ("NAME=SOFT[:HARD]", "A limit for RUN, for example nofile=1024."),
}

_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(ENGINES),
        envvar="DOCKERNB_ENGINE",
        show_envvar=True,
        help="Engine to build on; else the first that answers.",
    ),
    click.option(
        "--build-arg",
        "build_args",
        multiple=True,
        metavar="KEY=VALUE",
        help="Value of an ARG; KEY alone takes it from the environment. Beats %arg.",
    ),
    click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="id=ID,src=FILE|env=NAME",
        help="Secret for RUN --mount=type=secret. Beats %secret.",
    ),
    click.option("--target", metavar="STAGE", help="Build this stage and what it needs."),
    click.option(
        "--context",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Build context; else the notebook's folder, or what %context says.",
    ),
    *(
        click.option(flag, multiple=True, metavar=_FLAG_HELP[flag][0], help=_FLAG_HELP[flag][1])
        for flag in FLAGS
    ),
)


def build_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how a notebook is built; the command gets them as `choice`."""

    @functools.wraps(command)
    def with_choice(
        engine: str | None,
        build_args: tuple[str, ...],
        secrets: tuple[str, ...],
        target: str | None,
        context: Path | None,
        **others: Any,
    ) -> None:
        flags = _read_flags(others)
        choice = BuildChoice(engine, build_args, secrets, target, context, flags)
        command(choice=choice, **others)

    wrapped: Callable[..., None] = with_choice
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _read_flags(options: dict[str, Any]) -> BuildFlags:
    """Takes the flags of `build_flags` out of the options of a command."""
    words = []
    for flag in FLAGS:
        for value in options.pop(flag.removeprefix("--").replace("-", "_")):
            words += [flag, value]
    return parse_flags(words, Path())


def read_build_args(texts: Sequence[str]) -> dict[str, str]:
    """Build args by name. `KEY` alone is left out when the environment does not have it."""
    values: dict[str, str] = {}
    for text in texts:
        try:
            key, value = parse_key_value(text)
        except MagicArgumentError as err:
            raise click.BadParameter(str(err), param_hint="--build-arg") from err
        value = os.environ.get(key) if value is None else value
        if value is not None:
            values[key] = value
    return values


def read_secrets(texts: Sequence[str]) -> dict[str, bytes]:
    """Contents of the secrets by ID."""
    contents: dict[str, bytes] = {}
    for text in texts:
        try:
            source = parse_secret(text)
            contents[source.id] = read_secret(source, Path())
        except MagicArgumentError as err:
            raise click.BadParameter(str(err), param_hint="--secret") from err
    return contents


def read_secret(source: SecretSource, folder: Path) -> bytes:
    """The content of a secret.

    Args:
        source: Where it is; one that would have to be asked for is looked for in the environment,
            as Docker's command line does, because nobody is there to answer.
        folder: What a relative file name is relative to.

    Raises:
        MagicArgumentError: There is no such file or variable.
    """
    if source.kind == "src":
        path = folder / Path(source.value).expanduser()
        try:
            with path.open("rb") as file:
                content = file.read(MOST_SECRET_BYTES + 1)
        except OSError as err:
            raise MagicArgumentError(
                f'secret "{source.id}": cannot read "{path}": {err.strerror or err}'
            ) from err
        if len(content) > MOST_SECRET_BYTES:
            raise MagicArgumentError(
                f'secret "{source.id}": "{path}" has more than {MOST_SECRET_BYTES:,} bytes, '
                "the most that docker build takes"
            )
        return content
    name = source.value or source.id
    if name not in os.environ:
        raise MagicArgumentError(
            f'secret "{source.id}": the environment has no variable "{name}"; '
            f"give it with --secret id={source.id},src=FILE or id={source.id},env=NAME"
        )
    return os.environ[name].encode("utf-8", "surrogateescape")
