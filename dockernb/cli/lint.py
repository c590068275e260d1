"""`dockernb lint`: a notebook as one Dockerfile, checked."""

from __future__ import annotations

import click

from dockernb.cli.console import StepPrinter
from dockernb.cli.looking import as_json_option
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.run import NotebookRun, open_session, read_settings
from dockernb.cli.terminal import echo, tell_json
from dockernb.lint.cells import cell_lines
from dockernb.lint.check import CellLines, LintReport, built_of
from dockernb.lint.check import lint as check
from dockernb.lint.finding import LEVELS
from dockernb.notebook.cells import Notebook, check_kernel, read_notebook
from dockernb.notebook.exporter import export_notebook, notebook_pieces
from dockernb.ui.lint_view import lint_text

__all__ = ["lint"]


@click.command()
@click.argument("notebook", type=click.Path())
@click.option("--build", is_flag=True, help="Build it first: findings get this notebook's numbers.")
@click.option(
    "--fail-on",
    type=click.Choice([*LEVELS, "never"]),
    default="warning",
    show_default=True,
    help="Exit code 1 from this level on.",
)
@build_options
@as_json_option
@click.pass_context
def lint(
    ctx: click.Context,
    notebook: str,
    build: bool,
    fail_on: str,
    choice: BuildChoice,
    as_json: bool,
) -> None:
    """Check NOTEBOOK as one Dockerfile: BuildKit's checks, hadolint, and our own rules.

    What they find is told by cell and line. hadolint is used if it is installed
    (pip install 'dockernb[lint]').
    """
    document = read_notebook(notebook)
    check_kernel(document)
    cells = _cells(document)
    text = export_notebook(document)
    report = _with_numbers(document, choice, text, cells) if build else check(text, cells)
    if as_json:
        rows = [each.to_json() for each in report.findings]
        tell_json({"findings": rows, "notes": list(report.notes)})
    else:
        for line in lint_text(report).splitlines():
            echo(line)
    levels: list[str] = list(LEVELS)
    limit = -1 if fail_on == "never" else levels.index(fail_on)
    ctx.exit(1 if report.worst() <= limit else 0)


def _cells(document: Notebook) -> list[CellLines]:
    numbers = {cell.id: number for number, cell in enumerate(document.code_cells, 1)}
    pairs, start = notebook_pieces(document)
    known = [
        (cell.id, f"[{numbers[cell.id]}]", cell.source) if cell.kind == "code" else None
        for cell, _ in pairs
    ]
    return cell_lines(known, [piece for _, piece in pairs], start)


def _with_numbers(
    document: Notebook, choice: BuildChoice, text: str, cells: list[CellLines]
) -> LintReport:
    settings = read_settings(document, choice)
    session = open_session(settings, engine=choice.engine, use_cache=True)
    try:
        NotebookRun(document, session, settings, StepPrinter(err=True), choice.target).build()
        results = session.results()
        user = session.scope().user
    finally:
        session.close()
    return check(text, cells, built_of(results, cells, user))
