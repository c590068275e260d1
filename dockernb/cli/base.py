"""`dockernb base`: a base image without a registry."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from dockernb.bases.debian import MadeBase, make_base
from dockernb.bases.name import BaseName, known_names
from dockernb.bases.report import Moment, Phase, Reporter
from dockernb.cli.interrupt import interruptible
from dockernb.cli.terminal import clean, echo
from dockernb.engines.base import Engine
from dockernb.engines.select import ENGINES, open_engine
from dockernb.folders import cache_folder
from dockernb.oci.reference import Reference
from dockernb.ui.figures import format_bytes, format_seconds

__all__ = ["base"]


@click.command(epilog=f"What can be made: {', '.join(known_names())}.")
@click.argument("name")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    envvar="DOCKERNB_ENGINE",
    show_envvar=True,
    help="Engine to make it on; else the first that answers.",
)
@click.option("-t", "--tag", metavar="NAME", help="Call the image so, instead of NAME.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON; progress on stderr.")
def base(name: str, engine: str | None, tag: str | None, as_json: bool) -> None:
    """Make the base image NAME from the distribution's packages.

    For machines that cannot pull. This machine's apt downloads with its own mirrors, proxy and keys
    into dockernb's cache folder, without root; the engine installs. The image is a minimal Debian
    of the newest packages, and its sources.list names this machine's mirror.

    Exit code: 0 if the image was made, 130 after Ctrl-C.
    """
    wanted = BaseName.parse(name)
    called = Reference.parse(tag).familiar if tag is not None else wanted.reference
    with _opened(engine) as chosen, _Display() as display:
        made = interruptible(
            lambda cancel: make_base(
                chosen,
                wanted,
                cache_folder() / "bases",
                tag=called,
                reporter=display.reporter(),
                cancel=cancel,
            )
        )
    click.echo(_as_json(made, called)) if as_json else echo(_as_text(made, called))


@contextmanager
def _opened(name: str | None) -> Iterator[Engine]:
    engine = open_engine(name)
    try:
        yield engine
    finally:
        engine.close()


def _as_text(made: MadeBase, called: str) -> str:
    total = format_seconds(sum(made.seconds.values()))
    size = format_bytes(made.image.size)
    return f"{called} is {made.image.id}  {size}, {made.packages} packages, {total}"


def _as_json(made: MadeBase, called: str) -> str:
    return json.dumps(
        {
            "name": called,
            "image": made.image.id,
            "size": made.image.size,
            "packages": made.packages,
            "seconds": {part: round(seconds, 3) for part, seconds in made.seconds.items()},
        },
        indent=2,
    )


class _Display:
    """Bars on a terminal, else a line a phase; standard error, because the result is the output."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._phase: Phase | None = None
        if sys.stderr.isatty():
            self._bars = Progress(
                TextColumn("  {task.description}"),
                BarColumn(),
                TextColumn("{task.fields[bytes]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True, highlight=False),
            )

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is None:
            return
        if kind is None and self._task is not None:
            self._bars.update(self._task, total=1.0, completed=1.0)
        self._bars.stop()

    def reporter(self) -> Reporter:
        """What `make_base` tells it to."""
        return Reporter(moment=self._moment, note=self._note)

    def _note(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(f"  note: {clean(text)}", markup=False)
        else:
            echo(f"  note: {text}", err=True)

    def _moment(self, moment: Moment) -> None:
        is_new = moment.phase != self._phase
        self._phase = moment.phase
        if self._bars is not None:
            self._bar(self._bars, moment, is_new=is_new)
        elif is_new:
            size = f" ({format_bytes(moment.size)})" if moment.size else ""
            echo(f"  {moment.text}{size}", err=True)

    def _bar(self, bars: Progress, moment: Moment, *, is_new: bool) -> None:
        if is_new or self._task is None:
            if self._task is not None:
                bars.update(self._task, total=1.0, completed=1.0)
                bars.stop_task(self._task)
            self._task = bars.add_task(moment.text, total=None, bytes="")
        text = ""
        if moment.size and moment.fraction is not None:
            text = f"{format_bytes(moment.size * moment.fraction)} of {format_bytes(moment.size)}"
        total = None if moment.fraction is None else 1.0
        bars.update(self._task, total=total, completed=moment.fraction or 0.0, bytes=text)
