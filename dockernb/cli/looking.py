"""What the commands that look have in common: a notebook is built, or an image is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dockernb.build.result import StepResult
from dockernb.cli.console import StepPrinter
from dockernb.cli.options import BuildChoice
from dockernb.cli.run import NotebookRun, open_session, read_settings
from dockernb.engines.base import Engine, Image
from dockernb.engines.select import open_engine
from dockernb.errors import ImageNotFoundError, LookError
from dockernb.look.lineage import find_step, lineage
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.notebook.cells import check_kernel, read_notebook
from dockernb.ui.look_tables import NameOf, step_names

__all__ = ["Looked", "as_json_option", "at_option", "is_notebook", "looked"]

as_json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="The result as JSON."
)
at_option: Callable[[Any], Any] = click.option(
    "--at",
    metavar="SNAPSHOT",
    help="A step's number, a stage's name, or the beginning of a snapshot's ID; else the last.",
)


@dataclass(frozen=True)
class Looked:
    """A notebook that was built, or an image.

    Args:
        image: The image of the snapshot that is looked at.
        results: The notebook's steps; none of an image.
        step: The step that made the snapshot; None for an image.
    """

    image: Image
    files: SnapshotFiles
    engine: Engine
    results: tuple[StepResult, ...] = ()
    step: StepResult | None = None
    counts: Mapping[str, int] | None = None

    @property
    def name_of(self) -> NameOf:
        return step_names(self.results, dict(self.counts or {}))

    @property
    def steps(self) -> list[StepResult]:
        """The steps that led to the snapshot.

        Raises:
            LookError: it is an image.
        """
        if self.step is None:
            raise LookError(
                "an image does not tell what its layers changed",
                hint="Give a notebook instead of an image.",
            )
        return lineage(self.results, self.step)


@contextmanager
def looked(target: str, choice: BuildChoice, at: str | None = None) -> Iterator[Looked]:
    """Builds a notebook, from the cache where it can, or finds an image.

    Args:
        target: A file is a notebook; anything else names an image on the engine.
    """
    if is_notebook(target):
        with _built(target, choice, at) as found:
            yield found
        return
    if at is not None:
        raise click.UsageError("--at is for notebooks; of an image there is one snapshot")
    engine = open_engine(choice.engine)
    try:
        yield Looked(_find(engine, target), SnapshotFiles(engine), engine)
    finally:
        engine.close()


@contextmanager
def _built(target: str, choice: BuildChoice, at: str | None) -> Iterator[Looked]:
    document = read_notebook(target)
    check_kernel(document)
    settings = read_settings(document, choice)
    printer = StepPrinter(err=True)
    session = open_session(settings, engine=choice.engine, use_cache=True)
    try:
        job = NotebookRun(document, session, settings, printer, choice.target)
        job.build()
        results = session.results()
        step = find_step(results, at)
        engine = session.engine()
        image = engine.image(step.snapshot.id) if step.snapshot else None
        if image is None:
            raise LookError("the snapshot is gone from the engine")
        counts = {outcome.cell.id: outcome.number for outcome in job.outcomes}
        yield Looked(image, SnapshotFiles(engine), engine, tuple(results), step, counts)
    finally:
        session.close()


def is_notebook(target: str) -> bool:
    """Whether it is taken for a notebook file; else it is the name of an image."""
    return Path(target).is_file() or target == "-" or target.endswith(".ipynb")


def _find(engine: Engine, name: str) -> Image:
    image = engine.find_image(name)
    if image is None:
        raise ImageNotFoundError(
            f'"{name}" is neither a notebook nor an image on the engine',
            hint=f"dockernb pull {name}",
        )
    return image
