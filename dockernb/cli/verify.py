"""`dockernb verify`: is the notebook's image what `docker build` makes?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import click

from dockernb.build.compare import Difference, compare_images, unreproducible
from dockernb.build.image_tree import Tree, image_tree
from dockernb.cli.console import StepPrinter
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.reference_build import DockerCommand, Recipe, find_docker
from dockernb.cli.run import NotebookRun, open_session, read_settings
from dockernb.cli.terminal import echo
from dockernb.engines.base import Engine
from dockernb.engines.select import open_engine
from dockernb.errors import EngineNotAvailableError, InternalError
from dockernb.notebook.cells import check_kernel, read_notebook
from dockernb.notebook.exporter import export_notebook
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import short_id
from dockernb.session import Session
from dockernb.ui.figures import format_count
from dockernb.ui.visible import visible

__all__ = ["Verdict", "verify"]

_MAX_ROWS = 100


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    Args:
        differences: What counts.
        forgiven: Content that differs between two reference builds as well.
    """

    image_id: str
    reference_id: str
    differences: tuple[Difference, ...] = ()
    forgiven: tuple[Difference, ...] = ()

    @property
    def is_equal(self) -> bool:
        return not self.differences


@click.command()
@click.argument("notebook", type=click.Path())
@build_options
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON; the log on stderr.")
@click.pass_context
def verify(ctx: click.Context, notebook: str, choice: BuildChoice, as_json: bool) -> None:
    """Compare the image of NOTEBOOK with what docker build makes of it.

    Builds the notebook, exports it, and builds the exported Dockerfile with docker buildx build on
    the same engine. Exit code 0 only if both images are equal:

    \b
      tree     every path: type, mode, owner, link target, content, attributes
      config   Env, Cmd, Labels and all else, author, platform
      history  what made each step, and whether it made a layer

    Times are not compared. Some files differ between any two builds (logs, caches that hold
    times). So when contents differ, the reference is built twice more without cache: a file whose
    content differs between those two as well is listed as not reproducible and does not count.
    Its type, mode and owner always do. The reference images are removed.
    """  # noqa: D301  (the backspace is click's mark: the lines below it are not joined)
    document = read_notebook(notebook)
    check_kernel(document)
    settings = read_settings(document, choice)
    printer = StepPrinter(err=as_json)
    session = open_session(settings, engine=choice.engine, use_cache=True)
    try:
        with _docker_engine(session.engine()) as docker:
            command = _docker_command(docker)  # before a build that may take long
            NotebookRun(document, session, settings, printer, choice.target).build()
            recipe = Recipe(
                dockerfile=export_notebook(document),
                context=settings.context,
                build_args=settings.build_args,
                secrets=settings.secrets,
                flags=settings.flags.words,
                target=choice.target,
            )
            verdict = _compare(session, docker, command, recipe, printer)
    finally:
        session.close()
    echo(_as_json(verdict) if as_json else _as_text(verdict))
    ctx.exit(0 if verdict.is_equal else 1)


def _docker_command(docker: Engine) -> DockerCommand:
    try:
        return find_docker(docker.info().address)
    except EngineNotAvailableError as error:
        error.state = "Nothing was built."
        raise


def _compare(
    session: Session,
    docker: Engine,
    command: DockerCommand,
    recipe: Recipe,
    printer: StepPrinter,
) -> Verdict:
    engine = session.engine()
    image_id = session.image_of().image_id
    printer.say(f"reference: {' '.join(command.words)}")
    with command.built(recipe) as reference_id:
        if image_id == reference_id:
            return Verdict(image_id, reference_id)
        found = compare_images(
            _read(engine, image_id), _read(docker, reference_id), same_engine=engine is docker
        )
    if any(difference.what == "content" for difference in found):
        printer.say("contents differ: building the reference twice more, without cache")
        found, forgiven = unreproducible(found, *_two_trees(command, recipe, docker))
        return Verdict(image_id, reference_id, tuple(found), tuple(forgiven))
    return Verdict(image_id, reference_id, tuple(found))


@contextmanager
def _docker_engine(engine: Engine) -> Iterator[Engine]:
    """The engine itself if it is Docker, else the one that Docker's settings name."""
    if engine.info().name == "docker":
        yield engine
        return
    docker = open_engine("docker")
    try:
        yield docker
    finally:
        docker.close()


def _read(engine: Engine, image_id: str) -> tuple[Tree, ImageConfig]:
    image = engine.image(image_id)
    if image is None:
        raise InternalError(f"the engine has lost the image {image_id} that was just built")
    return image_tree(engine, image_id), image.config


def _two_trees(command: DockerCommand, recipe: Recipe, docker: Engine) -> tuple[Tree, Tree]:
    trees: list[Tree] = []
    for _ in range(2):
        with command.built(recipe, no_cache=True) as image_id:
            trees.append(image_tree(docker, image_id))
    return trees[0], trees[1]


def _as_json(verdict: Verdict) -> str:
    return json.dumps(
        {
            "equal": verdict.is_equal,
            "image": verdict.image_id,
            "reference": verdict.reference_id,
            "differences": [difference.to_json() for difference in verdict.differences],
            "not_reproducible": [difference.to_json() for difference in verdict.forgiven],
        },
        indent=2,
    )


def _as_text(verdict: Verdict) -> str:
    lines = []
    if verdict.forgiven:
        lines.append(
            f"content of {format_count(len(verdict.forgiven), 'file')} differs between two docker "
            "builds too (not reproducible), not counted:"
        )
        lines += _rows([[visible(difference.name)] for difference in verdict.forgiven])
    for section in ("tree", "config", "history"):
        found = [item for item in verdict.differences if item.section == section]
        if found:
            lines.append(f"{section}: {format_count(len(found), 'difference')}")
            header = ["", "what", "notebook", "docker build"]
            lines += _rows(
                [header]
                + [[visible(text) for text in (d.name, d.what, d.left, d.right)] for d in found]
            )
    ids = f"notebook {short_id(verdict.image_id)}, docker build {short_id(verdict.reference_id)}"
    lines.append(f"{'equal' if verdict.is_equal else 'not equal'}: {ids}")
    return "\n".join(lines)


def _rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns; the last ones are counted when there are very many."""
    shown = rows[:_MAX_ROWS]
    widths = [min(max(map(len, column)), 60) for column in zip(*shown, strict=True)]
    lines = [
        "  "
        + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    if len(rows) > len(shown):
        lines.append(f"  ... {len(rows) - len(shown)} more (all of them: --json)")
    return lines
