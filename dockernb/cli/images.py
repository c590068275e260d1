"""`dockernb pull`, `push`, `save`, `load` and `prune`.

The first three work on both engines; images that come in by `load` and go by `prune` are the
embedded engine's, for a Docker engine there is `docker` itself. Caches of RUN go on both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import click

from dockernb.cli.interrupt import interruptible
from dockernb.cli.layers import shown_layers
from dockernb.cli.terminal import echo
from dockernb.engines.base import Engine, Image, RemovedCaches
from dockernb.engines.select import ENGINES, open_embedded, open_engine
from dockernb.errors import EngineNotAvailableError, NotebookError
from dockernb.oci.digest import short_id
from dockernb.ui.figures import format_bytes, format_count
from dockernb.use.transfer import written_aside

__all__ = ["load", "prune", "pull", "push", "save"]

_AnEngine = TypeVar("_AnEngine", bound=Engine)

_json = click.option("--json", "as_json", is_flag=True, help="The result as JSON.")


_engine = click.option(
    "--engine", type=click.Choice(ENGINES), envvar="DOCKERNB_ENGINE", show_envvar=True
)


@click.command()
@click.argument("image")
@_engine
@click.option("--if-missing", is_flag=True, help="Ask no registry if the image is there.")
@_json
def pull(image: str, engine: str | None, if_missing: bool, as_json: bool) -> None:
    """Fetch IMAGE from its registry, for the platform of this machine.

    Credentials are those of `docker login`.
    """
    with _closed(open_engine(engine)) as opened, shown_layers() as show:
        found = opened.find_image(image, opened.info().platform) if if_missing else None
        if found is None:
            found = interruptible(lambda cancel: opened.pull(image, None, show, cancel))
    _tell([(found, (image,))], as_json=as_json)


@click.command()
@click.argument("image")
@_engine
@_json
def push(image: str, engine: str | None, as_json: bool) -> None:
    """Send IMAGE to the registry in its name, for example localhost:5000/app:1.

    Credentials are those of `docker login`.
    """
    with _closed(open_engine(engine)) as opened, shown_layers() as show:
        digest = interruptible(lambda cancel: opened.push(image, show, cancel))
    echo(json.dumps({"name": image, "digest": digest}) if as_json else f"{image} {digest}")


@click.command()
@click.argument("images", nargs=-1, required=True)
@click.option("-o", "--output", default="-", metavar="FILE.tar", help="- (the default): stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["docker", "oci"]),
    default="docker",
    show_default=True,
    help="docker: for `docker load`, podman and skopeo; oci: a tar of an OCI image layout.",
)
@_engine
def save(
    images: tuple[str, ...], output: str, form: Literal["docker", "oci"], engine: str | None
) -> None:
    """Write IMAGES as one archive."""
    if output == "-" and sys.stdout.isatty():
        raise click.UsageError("an archive is not for the terminal: name a file with -o FILE.tar")
    with _closed(open_engine(engine)) as opened, shown_layers() as show, _written(output) as out:
        interruptible(lambda cancel: opened.save(images, out, form, show, cancel))


@click.command()
@click.option("-i", "--input", "source", required=True, metavar="FILE.tar", help="The archive.")
@_json
def load(source: str, as_json: bool) -> None:
    """Take the images of an archive into the embedded engine.

    It may come from `docker save`, or be a tar of an OCI image layout, compressed or not.
    """
    if not Path(source).is_file():
        raise NotebookError(f'there is no file "{source}"')
    engine = open_embedded()
    with _closed(engine), shown_layers() as show:
        found = interruptible(lambda cancel: engine.load(Path(source), show, cancel))
    _tell(found, as_json=as_json)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Images that have a name, too.")
@_engine
@_json
def prune(everything: bool, engine: str | None, as_json: bool) -> None:
    """Remove what nobody needs, on both engines or on one.

    On the embedded engine: images that have no name and that no kernel uses. (Images on a Docker
    engine are removed by `docker image prune`.) On both: the caches of RUN --mount=type=cache that
    no command uses now. A notebook whose snapshots were removed builds them again when its cells
    are run; a cache begins anew.
    """
    images: tuple[str, ...] = ()
    size = 0
    caches = RemovedCaches()
    if engine != "docker":
        with _closed(open_embedded()) as embedded:
            garbage = embedded.prune(with_named=everything)
            images, size, caches = garbage.images, garbage.size, embedded.remove_caches()
    if engine != "embedded" and (docker := _docker(needed=engine is not None)) is not None:
        with _closed(docker):
            more = docker.remove_caches()
        caches = RemovedCaches((*caches.names, *more.names), caches.size + more.size)
    if as_json:
        told = {"images": images, "caches": caches.names, "bytes": size + caches.size}
        echo(json.dumps(told))
    else:
        counts = format_count(len(images), "image"), format_count(len(caches.names), "cache")
        echo(f"{' and '.join(counts)} removed, {format_bytes(size + caches.size)} freed")


def _docker(*, needed: bool) -> Engine | None:
    """The Docker engine; None where none answers and none is needed."""
    try:
        return open_engine("docker")
    except EngineNotAvailableError:
        if needed:
            raise
        return None


@contextmanager
def _closed(engine: _AnEngine) -> Iterator[_AnEngine]:
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def _written(output: str) -> Iterator[BinaryIO]:
    """The file, which appears when it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        return
    try:
        with written_aside(Path(output)) as file:
            yield file
    except OSError as err:
        raise NotebookError(
            f'"{output}" cannot be written: {err.strerror}',
            state="No archive was written; a file that was there is as it was.",
            hint="Make room, or name a file in another folder with -o.",
        ) from err


def _tell(images: list[tuple[Image, tuple[str, ...]]], *, as_json: bool) -> None:
    for image, names in images:
        if as_json:
            echo(json.dumps({"id": image.id, "names": list(names), "bytes": image.size}))
        else:
            name = ", ".join(names) or "(no name)"
            echo(f"{short_id(image.id)}  {format_bytes(image.size):>9}  {name}")
