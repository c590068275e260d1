"""`dockernb build`: the notebook on any buildx builder."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from dockernb.cli.buildx_progress import BuildLine, BuildProgress, cell_steps
from dockernb.cli.reference_build import INSTALL_BUILDX, INSTALL_DOCKER
from dockernb.cli.settings import Settings
from dockernb.cli.terminal import clean, echo
from dockernb.dockerfile.magics import split_magics
from dockernb.errors import EngineNotAvailableError, NotebookError
from dockernb.notebook.cells import Notebook, check_kernel, read_notebook
from dockernb.notebook.exporter import export_notebook

__all__ = ["build"]

_COLORS = {"built": "green", "cached": "cyan", "failed": "red", "canceled": "yellow"}
_OURS = ("-f", "--file", "--progress")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("notebook", type=click.Path())
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[BUILDX OPTIONS]...")
@click.option(
    "--context",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Build context; else the notebook's folder, or what %context says.",
)
@click.pass_context
def build(
    ctx: click.Context, notebook: str, options: tuple[str, ...], context: Path | None
) -> None:
    """Build NOTEBOOK with docker buildx build, on any of its builders.

    The exported Dockerfile is built; what stands behind NOTEBOOK goes to docker buildx build as it
    is, for example:

    \b
      dockernb build lesson.ipynb --builder cloud --platform linux/amd64,linux/arm64 -t app:1 --push

    The progress names the cell of each step. %arg, %build, %secret and %context count as in
    `dockernb run`. The exit code is that of buildx.
    """  # noqa: D301  (the backspace is click's mark: the lines below it are not joined)
    if notebook.startswith("-") and notebook != "-":
        raise click.UsageError("the notebook comes first: dockernb build NOTEBOOK [OPTIONS]")
    for word in options:
        if word.partition("=")[0] in _OURS:
            raise click.UsageError(f"{word.partition('=')[0]} is set by dockernb build")
    document = read_notebook(notebook)
    check_kernel(document)
    ctx.exit(_build(document, options, context))


def _build(document: Notebook, options: Sequence[str], context: Path | None) -> int:
    dockerfile = export_notebook(document)
    if not dockerfile.strip():
        raise NotebookError(
            f'"{document.name}" has no cell with an instruction',
            hint="The first cell of a notebook is usually FROM, for example: FROM busybox",
        )
    settings = _settings(document, context)
    progress = BuildProgress(cell_steps([cell.source for cell in document.code_cells]))
    with tempfile.TemporaryDirectory(prefix="dockernb-build-") as work:
        file = Path(work) / "Dockerfile"
        file.write_bytes(dockerfile.encode())
        ignore = settings.context / "Dockerfile.dockerignore"
        if ignore.is_file():
            (Path(work) / ignore.name).write_bytes(ignore.read_bytes())
        command = ["docker", "buildx", "build", "--progress=plain", f"--file={file}"]
        command += _own_options(settings, options, Path(work))
        code = _run([*command, *options, str(settings.context)], progress)
    if code != 0 and progress.failed_cell is not None:
        echo(f"cell [{progress.failed_cell}] failed", err=True)
    return code


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


def _own_options(settings: Settings, given: Sequence[str], folder: Path) -> list[str]:
    """From the magics; what was given on the command line comes later and beats them."""
    options = list(settings.flags.words)
    options += [f"--build-arg={key}={value}" for key, value in settings.build_args.items()]
    fields = {field for word in given for field in word.removeprefix("--secret=").split(",")}
    for number, (secret_id, content) in enumerate(settings.secrets.items()):
        if f"id={secret_id}" not in fields:
            path = folder / f"secret-{number}"  # the folder is the user's alone
            path.write_bytes(content)
            options.append(f"--secret=id={secret_id},src={path}")
    return options


def _run(command: Sequence[str], progress: BuildProgress) -> int:
    """Runs buildx; its standard output stays its own, for `--output=-`."""
    _check_buildx()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None  # noqa: S101 - it was asked for
        try:
            _show(process.stderr, progress)
        except KeyboardInterrupt:  # buildx got it too, and ends
            process.wait()
            raise
        return process.wait()


def _check_buildx() -> None:
    for command, hint in (
        (["docker", "--version"], INSTALL_DOCKER),
        (["docker", "buildx", "version"], INSTALL_BUILDX),
    ):
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as err:
            raise EngineNotAvailableError(
                f"`{' '.join(command)}` does not work here", state="Nothing was built.", hint=hint
            ) from err


def _show(lines: IO[str], progress: BuildProgress) -> None:
    for text in lines:
        line = progress.line(text.rstrip("\r\n"))
        if line is not None:
            echo(_styled(line), err=True)


def _styled(line: BuildLine) -> str:
    text = clean(line.text)
    if line.kind == "other":
        return text
    if line.cell is None:
        status = line.status.replace("built", "done")
        return f"  {status} {text}".rstrip() if line.kind == "end" else f"  {text}"
    mark = f"cell [{line.cell}]"
    if line.kind == "begin":
        return f"{mark}  {click.style(text, bold=True)}"
    if line.kind == "print":
        return f"{mark}    | {text}"
    return f"{mark}  {click.style(line.status, fg=_COLORS[line.status])} {text}".rstrip()
