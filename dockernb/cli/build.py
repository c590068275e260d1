"""`dockernb build`: the notebook on any buildx builder."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import click

from dockernb.cli.settings import Settings
from dockernb.cli.terminal import echo, tell_json
from dockernb.dockerfile.magics import split_magics
from dockernb.errors import NotebookError
from dockernb.notebook.cells import Notebook, check_kernel, read_notebook
from dockernb.notebook.exporter import export_notebook
from dockernb.ui.build_view import BuildStatus, BuildView, build_text, line_text, report_json
from dockernb.use.buildx.command import Job, check_options, run_buildx
from dockernb.use.buildx.rows import BuildRows
from dockernb.use.buildx.steps import BuildCell

__all__ = ["build"]

_COLORS = {"done": "green", "cached": "cyan", "failed": "red", "canceled": "yellow"}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("notebook", type=click.Path())
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[BUILDX OPTIONS]...")
@click.option(
    "--context",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Build context; else the notebook's folder, or what %context says.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="The steps and the image as JSON; the log on stderr."
)
@click.pass_context
def build(
    ctx: click.Context,
    notebook: str,
    options: tuple[str, ...],
    context: Path | None,
    as_json: bool,
) -> None:
    """Build NOTEBOOK with docker buildx build, on any of its builders.

    The exported Dockerfile is built; what stands behind NOTEBOOK goes to docker buildx build as it
    is, for example:

    \b
      dockernb build lesson.ipynb --builder cloud --platform linux/amd64,linux/arm64 -t app:1 --push

    The progress names the cell of each step, and a table of all steps stands at the end. %arg,
    %build, %secret and %context count as in `dockernb run`. The exit code is that of buildx.
    """  # noqa: D301  (the backspace is click's mark: the lines below it are not joined)
    if notebook.startswith("-") and notebook != "-":
        raise click.UsageError("the notebook comes first: dockernb build NOTEBOOK [OPTIONS]")
    if wrong := check_options(options):
        raise click.UsageError(wrong)
    document = read_notebook(notebook)
    check_kernel(document)
    ctx.exit(_build(document, options, context, as_json=as_json))


def _build(
    document: Notebook, options: tuple[str, ...], context: Path | None, *, as_json: bool
) -> int:
    dockerfile = export_notebook(document)
    if not dockerfile.strip():
        raise NotebookError(
            f'"{document.name}" has no cell with an instruction',
            hint="The first cell of a notebook is usually FROM, for example: FROM busybox",
        )
    settings = _settings(document, context)
    job = Job(
        dockerfile,
        settings.context,
        settings.build_args,
        settings.secrets,
        settings.flags.words,
        options,
    )
    printer, begun = _Printer(document), time.monotonic()
    built = run_buildx(job, printer.hear, stdout=subprocess.DEVNULL if as_json else None)
    rows, failed = printer.rows, built.exit_code != 0
    rows.finish(built.exit_code)
    seconds, error = time.monotonic() - begun, rows.error(built.exit_code) if failed else None
    status: BuildStatus = "failed" if failed else "built"
    view = BuildView(rows.rows, rows.now(), seconds, status, built, error)
    for text in (build_text(view), error.format_message() if error else ""):
        for line in text.splitlines():
            echo(line, err=True)
    if as_json:
        tell_json(report_json(view))
    return built.exit_code


def _settings(document: Notebook, context: Path | None) -> Settings:
    """What the notebook's magics say."""
    folder = Path() if document.name == "standard input" else Path(document.name).absolute().parent
    settings = Settings(folder, context)
    for number, cell in enumerate(document.code_cells, 1):
        for magic in split_magics(cell.source)[0]:
            note = settings.apply(magic, _NoSession())
            if note is not None:
                echo(f"cell [{number}]: {note}", err=True)
    return settings


class _NoSession:
    """Nothing is built here: the settings are only noted."""

    def set_context(self, root: Path) -> None: ...

    def set_build_arg(self, name: str, value: str | None) -> None: ...

    def set_secret(self, secret_id: str, content: bytes) -> None: ...

    def set_flags(self, words: Sequence[str]) -> None: ...


class _Printer:
    """Says each line as it comes, with its cell."""

    def __init__(self, document: Notebook) -> None:
        cells = document.code_cells
        self.rows = BuildRows(
            [BuildCell(f"[{number}]", cell.source, cell.id) for number, cell in enumerate(cells, 1)]
        )

    def hear(self, text: str) -> None:
        told = self.rows.take(text)
        if told is not None:
            echo(line_text(*told, _coloured), err=True)


def _coloured(status: str) -> str:
    return click.style(status, fg=_COLORS.get(status))
