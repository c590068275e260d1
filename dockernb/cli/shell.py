"""`dockernb shell`: a shell in a snapshot of a notebook, on the terminal of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from dockernb.cli.console import StepPrinter
from dockernb.cli.looking import at_option, is_notebook, looked
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.run import NotebookRun, open_session, read_settings
from dockernb.cli.terminal import echo
from dockernb.cli.tty import attach
from dockernb.engines.base import Engine
from dockernb.errors import InstructionFailedError, LookError, RunError
from dockernb.notebook.cells import check_kernel, read_notebook
from dockernb.oci.digest import short_id
from dockernb.ui.thrown_away import thrown_away
from dockernb.use.terminal import Place, TerminalSession

__all__ = ["shell"]

_Found = tuple[Callable[[], Engine], Place]


@click.command()
@click.argument("notebook", metavar="NOTEBOOK|IMAGE")
@build_options
@at_option
@click.option("--cell", type=click.IntRange(min=1), help="After this code cell, from the top.")
@click.option("--failed", is_flag=True, help="In the files that the RUN which fails leaves.")
@click.pass_context
def shell(
    ctx: click.Context,
    notebook: str,
    choice: BuildChoice,
    at: str | None,
    cell: int | None,
    failed: bool,
) -> None:
    """Open a shell in a throw-away container from a snapshot.

    The notebook is built first, from the cache where it can be: all of it, or up to --cell. Exit
    code: that of the shell.
    """
    if sum((at is not None, cell is not None, failed)) > 1:
        raise click.UsageError("--at, --cell and --failed exclude each other")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RunError(
            "a shell needs a terminal, and standard input or output is none",
            state="Nothing was built.",
            hint="Run it on a terminal; with ssh: ssh -t HOST dockernb shell NOTEBOOK",
        )
    with _found(notebook, choice, at, cell, failed=failed) as (engine, place):
        echo(f"a shell in {place.title}; what it changes is thrown away", err=True)
        state = attach(TerminalSession(engine, lambda: place))
        if state.error is not None:
            raise state.error
        if state.diff is not None:
            echo(thrown_away(state.diff), err=True)
    ctx.exit(state.exit_code or 0)


@contextmanager
def _found(
    target: str, choice: BuildChoice, at: str | None, cell: int | None, *, failed: bool
) -> Iterator[_Found]:
    if is_notebook(target) and (failed or cell is not None):
        with _of_cells(target, choice, cell, failed=failed) as found:
            yield found
        return
    if failed or cell is not None:
        raise click.UsageError("--cell and --failed are for notebooks")
    with looked(target, choice, at) as snapshot:
        image_id = snapshot.image.id
        yield (lambda: snapshot.engine), Place(image_id, f"snapshot {short_id(image_id)}")


@contextmanager
def _of_cells(
    target: str, choice: BuildChoice, cell: int | None, *, failed: bool
) -> Iterator[_Found]:
    document = read_notebook(target)
    check_kernel(document)
    if cell is not None and cell > len(document.code_cells):
        raise LookError(
            f'there is no cell "{cell}"', rule=f"The notebook has {len(document.code_cells)}."
        )
    if cell is not None:
        document = replace(document, cells=document.code_cells[:cell])
    settings = read_settings(document, choice)
    session = open_session(settings, engine=choice.engine, use_cache=True, keep_failed=failed)
    try:
        job = NotebookRun(document, session, settings, StepPrinter(err=True), choice.target)
        try:
            job.build()
        except InstructionFailedError:
            if not failed:
                raise
        if failed:
            state = session.failed.find()
            place = Place(state.files.image().id, f"the failed state of {state.instruction}")
        else:
            place = _last(job)
        yield session.engine, place
    finally:
        session.close()


def _last(job: NotebookRun) -> Place:
    for outcome in reversed(job.outcomes):
        for result in reversed(outcome.results):
            if result.snapshot is not None:
                title = f"snapshot {result.snapshot.short_id} of cell [{outcome.number}]"
                return Place(result.snapshot.id, title)
    raise LookError("no cell up to there makes a snapshot", hint="Name a cell further down.")
