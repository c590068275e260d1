"""`dockernb check`: the exercises of a notebook, for a student's terminal and for a grader."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from dockernb.checks.evaluate import evaluate, not_examined
from dockernb.checks.exercise import Exercise, find_exercise
from dockernb.checks.result import CheckResult
from dockernb.cli.console import StepPrinter
from dockernb.cli.execution import run_cells
from dockernb.cli.interrupt import interruptible
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.run import open_session, read_settings
from dockernb.cli.terminal import echo
from dockernb.dockerfile.magics import Magic, split_magics, without_magics
from dockernb.errors import (
    BuildError,
    BuildInterruptedError,
    CellsNotRunError,
    DockernbError,
    EngineNotAvailableError,
    InternalError,
    NotebookError,
    RegistryError,
    StorageFullError,
)
from dockernb.notebook.cells import Cell, Notebook, check_kernel, parse_notebook, read_text
from dockernb.notebook.importer import import_dockerfile
from dockernb.session import CellText, Session
from dockernb.ui.check import check_text

__all__ = ["check"]

MISSING, BROKEN = 1, 3
# What a grader must not count against a student.
_NOT_THE_READERS = (
    BuildInterruptedError,
    EngineNotAvailableError,
    InternalError,
    RegistryError,
    StorageFullError,
)
# No cell of a notebook has a blank in its ID.
_END = "end of the notebook"


@click.command()
@click.argument("notebook", type=click.Path())
@click.option("-e", "--exercise", "names", multiple=True, metavar="NAME",
              help="Check this on the last snapshot; else what the %check cells say.")  # fmt: skip
@click.option("--checks", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of the check files; else `checks` beside the notebook.")  # fmt: skip
@build_options
@click.option("--json", "as_json", is_flag=True, help="The results as JSON; the log on stderr.")
def check(
    notebook: str, names: tuple[str, ...], folder: Path | None, choice: BuildChoice, as_json: bool
) -> None:
    """Build NOTEBOOK, and check its exercises. A file without .ipynb is read as a Dockerfile.

    A cell that fails is no end: the exercises that need it get no points. Exit code: 0 if all is
    right, 1 if something is missing, 3 if the check could not be made, 130 after Ctrl-C.
    """
    try:
        document = _read(notebook)
        checks = folder or Path(notebook).absolute().parent / "checks"
        tasks = _tasks(document, checks, names)
        results = _Grading(document, tasks, choice, StepPrinter(err=True, quiet=True)).run()
    except DockernbError as err:
        if err.exit_code == MISSING:
            err.exit_code = BROKEN
        raise
    if as_json:
        click.echo(json.dumps(_report(notebook, results), indent=2))
    else:
        echo("\n\n".join(check_text(result) for result in results))
    if not all(result.ok for result in results):
        click.get_current_context().exit(MISSING)


@dataclass(frozen=True)
class _Task:
    """An exercise, and the cell and magic that ask for its check; None: after the last cell."""

    exercise: Exercise
    cell: Cell | None = None
    magic: Magic | None = None


def _read(name: str) -> Notebook:
    text = read_text(name)
    if not name.endswith(".ipynb") and not text.lstrip().startswith("{"):
        text = json.dumps(import_dockerfile(text))
    document = parse_notebook(text, name=name)
    check_kernel(document)
    return document


def _tasks(document: Notebook, folder: Path, names: tuple[str, ...]) -> list[_Task]:
    """All check files are read before anything is built."""
    if names:
        return [_Task(find_exercise(folder, name)) for name in dict.fromkeys(names)]
    tasks = [
        _Task(find_exercise(folder, magic.argument.strip("\"'")), cell, magic)
        for cell in document.code_cells
        for magic in split_magics(cell.source)[0]
        if magic.name == "check" and not magic.cell_magic
    ]
    if not tasks:
        raise NotebookError(
            f'"{document.name}" has no cell with %check',
            hint="Name the exercise: dockernb check NOTEBOOK --exercise NAME",
        )
    return tasks


@dataclass
class _Grading:
    """A notebook being built and checked, each exercise at its place."""

    document: Notebook
    tasks: list[_Task]
    choice: BuildChoice
    printer: StepPrinter
    results: list[CheckResult] = field(default_factory=list)

    def run(self) -> list[CheckResult]:
        """The result of each task."""
        settings = read_settings(self.document, self.choice)
        session = open_session(settings, engine=self.choice.engine, use_cache=True)
        failed: dict[str, str] = {}

        def visit(cell: Cell, magic: Magic) -> bool:
            for task in self.tasks:
                if task.cell is cell and task.magic == magic:
                    self._check(task, session, failed)
            return magic.name == "check"

        try:
            for outcome in run_cells(
                self.document.code_cells,
                session,
                settings,
                target=self.choice.target,
                listener=self.printer,
                note=self.printer.say,
                visit=visit,
            ):
                error = outcome.error
                if isinstance(error, _NOT_THE_READERS):
                    raise error
                if error is not None and not isinstance(error, CellsNotRunError):
                    failed[outcome.cell.id] = f"cell [{outcome.number}]: {error.message}"
                    self.printer.say(error.format_message())
            for task in self.tasks:
                if task.cell is None:
                    self._check(task, session, failed)
        finally:
            session.close()
        return self.results

    def _check(self, task: _Task, session: Session, failed: Mapping[str, str]) -> None:
        order = [
            CellText(cell.id, without_magics(cell.source) or "")
            for cell in self.document.code_cells
        ]
        cell_id = task.cell.id if task.cell else _END
        if task.cell is None:
            order.append(CellText(_END, ""))

        def work(cancel: threading.Event) -> CheckResult:
            subject = session.subject(cell_id=cell_id, order=order, cancel=cancel)
            return evaluate(task.exercise, subject, {})

        try:
            self.results.append(interruptible(work))
        except BuildInterruptedError:
            raise
        except BuildError as error:  # there is no snapshot; the reason is above
            problem = "\n".join([error.message, *failed.values()])
            self.results.append(not_examined(task.exercise, problem))


def _report(notebook: str, results: list[CheckResult]) -> dict[str, Any]:
    return {
        "notebook": notebook,
        "ok": all(result.ok for result in results),
        "score": sum(result.score for result in results),
        "max_score": sum(result.max_score for result in results),
        "exercises": [result.to_json() for result in results],
    }
