"""`dockernb run`: builds a notebook without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from dockernb.build.result import StepResult
from dockernb.build.variables import PROXY_ARGS
from dockernb.cli.console import StepPrinter
from dockernb.cli.execution import CellOutcome, run_cells
from dockernb.cli.options import BuildChoice, build_options, read_build_args, read_secrets
from dockernb.cli.outputs import executed_notebook
from dockernb.cli.settings import Settings
from dockernb.dockerfile.instructions import ArgInstruction
from dockernb.dockerfile.parse import parse
from dockernb.errors import DockerfileError, NotebookError
from dockernb.notebook.cells import (
    Notebook,
    check_kernel,
    notebook_text,
    read_notebook,
    write_text,
)
from dockernb.oci.reference import Reference
from dockernb.session import Session, SessionOptions
from dockernb.ui.card_json import card_json

__all__ = ["NotebookRun", "open_session", "read_settings", "run"]


@click.command()
@click.argument("notebook", type=click.Path())
@click.option("-o", "--output", metavar="OUT.ipynb", help="Write the executed notebook there.")
@build_options
@click.option("-t", "--tag", metavar="NAME", help="Name the last snapshot of the last stage.")
@click.option("-q", "--quiet", is_flag=True, help="No log; only one line a step.")
@click.option("--no-cache", is_flag=True, help="Build every step anew.")
@click.option("--json", "as_json", is_flag=True, help="One card as JSON a line; the log on stderr.")
def run(
    notebook: str,
    output: str | None,
    choice: BuildChoice,
    tag: str | None,
    quiet: bool,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Build the cells of NOTEBOOK in order; stop at the first that fails.

    One line a step: step, instruction, status, snapshot, size, seconds. Of the magics %arg,
    %build, %context and %secret count. Exit code: 0 if every cell was built, 130 after Ctrl-C.
    """
    if tag is not None:
        Reference.parse(tag)  # a wrong name is refused now, not after the build
    document = read_notebook(notebook)
    check_kernel(document)
    settings = read_settings(document, choice)
    printer = StepPrinter(err=as_json, quiet=quiet)
    session = open_session(settings, engine=choice.engine, use_cache=not no_cache)
    try:
        job = NotebookRun(document, session, settings, printer, choice.target, print_cards=as_json)
        try:
            job.build()
        finally:
            if output is not None:
                write_text(output, notebook_text(executed_notebook(document, job.outcomes)))
        for warning in job.unused_build_args():
            printer.say(f"warning: {warning}")
        if tag is not None:
            image_id = session.tag(tag)
            printer.say(f"{tag} is {image_id}")
    finally:
        session.close()


def read_settings(document: Notebook, choice: BuildChoice) -> Settings:
    """The settings that the options ask for. A notebook from standard input lies in `.`."""
    folder = Path() if document.name == "standard input" else Path(document.name).absolute().parent
    return Settings(
        folder,
        choice.context,
        read_build_args(choice.build_args),
        read_secrets(choice.secrets),
        choice.flags,
    )


def open_session(
    settings: Settings, *, engine: str | None, use_cache: bool, keep_failed: bool = False
) -> Session:
    """A session with the settings; it must be closed."""
    return Session(
        SessionOptions(
            engine=engine,
            context=settings.context,
            build_args=settings.build_args,
            secrets=settings.secrets,
            flags=settings.flags,
            use_cache=use_cache,
            keep_failed=keep_failed,
        )
    )


@dataclass
class NotebookRun:
    """A notebook being built by a command.

    Args:
        print_cards: A line of card JSON for each step on standard output.
    """

    document: Notebook
    session: Session
    settings: Settings
    printer: StepPrinter
    target: str | None = None
    print_cards: bool = False

    def __post_init__(self) -> None:
        self.outcomes: list[CellOutcome] = []

    def build(self) -> None:
        """Runs the cells.

        Raises:
            DockernbError: Of the first cell that failed and is not tagged as one that may.
            NotebookError: No cell has an instruction.
        """
        note: Callable[[str], None] = self.printer.say
        for outcome in run_cells(
            self.document.code_cells,
            self.session,
            self.settings,
            target=self.target,
            listener=self.printer,
            note=note,
        ):
            self.outcomes.append(outcome)
            if self.print_cards:
                for result in outcome.results:
                    click.echo(json.dumps(card_json(result)))
            if outcome.error is not None and outcome.ends_the_run:
                raise outcome.error
            if outcome.error is not None:
                note(f"cell [{outcome.number}] failed, as it may: {outcome.error.message}")
        self._check_there_were_cells()

    def unused_build_args(self) -> list[str]:
        """A sentence where `--build-arg` names an ARG that no cell which ran declares.

        The words are Docker's. Predefined ones (proxies, BUILDKIT_...) need no ARG.
        """
        declared = set(PROXY_ARGS)
        for outcome in self.outcomes:
            for result in outcome.results:
                declared |= _declared(result)
        unused = sorted(
            name
            for name in self.settings.given_args
            if name not in declared and not name.startswith("BUILDKIT_")
        )
        return [f"one or more build-args [{' '.join(unused)}] were not consumed"] if unused else []

    def _check_there_were_cells(self) -> None:
        if not self.outcomes:
            raise NotebookError(
                f'"{self.document.name}" has no cell with an instruction',
                hint="The first cell of a notebook is usually FROM, for example: FROM busybox",
            )


def _declared(result: StepResult) -> set[str]:
    """The names that an ARG declares; none for other steps."""
    if result.instruction != "ARG":
        return set()
    try:
        instructions = parse(result.source.removeprefix("ONBUILD "))
    except DockerfileError:  # it was read with another escape character
        return set()
    args = (each.args for each in instructions if isinstance(each, ArgInstruction))
    return {arg.key for each in args for arg in each}
