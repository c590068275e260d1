"""Each of the 100 semantics rows, built cell by cell through a session on a real engine.

Exit code, printed lines and config must be BuildKit's. Where BuildKit itself has changed since the
row was made, disagreements.toml has the reason and what is right now.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from dockernb.build.events import BuildEvent, StepFinished
from dockernb.errors import DockernbError
from dockernb.notebook.importer import import_dockerfile
from dockernb.notebook.target import cells_for_target
from dockernb.session import Session, SessionOptions

from .semantics import BASES, Expected, Row, lay_out, rows, set_fields, tag

ROWS = rows()
DISAGREEMENTS = tomllib.loads(
    (Path(__file__).parents[1] / "data/semantics/disagreements.toml").read_text("utf-8")
)


@pytest.fixture(scope="module")
def daemon(docker_host: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=docker_host)
    yield client
    client.close()


@pytest.fixture(scope="module")
def session(
    docker_host: str, daemon: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """One for all rows; the images that the rows name are there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        patch.setenv("DOCKERNB_HOME", str(tmp_path_factory.mktemp("home")))
        session = Session(SessionOptions(engine="docker", use_cache=False))
        for name, dockerfile in BASES.items():
            _build(session, dockerfile)
            session.tag(tag(name))
        yield session
        session.close()
    for name in BASES:
        daemon.remove_image(tag(name), force=True, noprune=True)


def test_disagreements_are_known_rows() -> None:
    assert DISAGREEMENTS.keys() <= ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str, session: Session, daemon: docker.APIClient, tmp_path: Path) -> None:
    row = ROWS[name]
    if row.base is not None:
        _build(session, row.base)
        session.tag(tag(name))
    try:
        found = _found(row, session, daemon, tmp_path)
    finally:
        if row.base is not None:
            daemon.remove_image(tag(name), force=True, noprune=True)
    if name in DISAGREEMENTS:
        assert found != row.expected, "the row passes: take it out of disagreements.toml"
        assert found == _today(DISAGREEMENTS[name])
    else:
        assert found == row.expected


def _today(entry: dict[str, Any]) -> Expected:
    return Expected(entry["rc"], entry.get("output", []), entry.get("config"))


def _found(row: Row, session: Session, daemon: docker.APIClient, folder: Path) -> Expected:
    lay_out(row.dockerfile, folder)
    session.set_context(folder)
    for name, value in row.build_args.items():
        session.set_build_arg(name, value)
    printed: list[str] = []
    try:
        _build(session, row.dockerfile, row.target, printed)
    except DockernbError:
        return Expected(1, printed, None)
    finally:
        for name in row.build_args:
            session.set_build_arg(name, None)
    image = daemon.inspect_image(session.image_of().image_id)  # type: ignore[no-untyped-call]
    return Expected(0, printed, *set_fields(image))


def _build(
    session: Session, dockerfile: str, target: str | None = None, printed: list[str] | None = None
) -> None:
    """Runs the cells that the target (None: the last stage) needs, as `docker build` does."""

    def listen(event: BuildEvent) -> None:
        if isinstance(event, StepFinished) and printed is not None:
            printed.extend(event.result.log.text.splitlines())

    session.reset()
    notebook = import_dockerfile(dockerfile)
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    last = len(re.findall(r"(?im)^from\b", dockerfile)) - 1
    for index in cells_for_target(cells, target or str(last)):
        session.run_cell(
            cells[index], cell_id=None, order=None, listener=listen, cancel=threading.Event()
        )
