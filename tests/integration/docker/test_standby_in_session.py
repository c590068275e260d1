"""A session whose reader types between the cells hands its RUNs to the container that stands by."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dockernb.build.result import StepResult
from dockernb.engines.docker import DockerEngine
from dockernb.errors import InstructionFailedError
from dockernb.session import Session, SessionOptions
from tests.integration.docker.always_prepared import is_standing_by
from tests.integration.docker.cleaning import Cleaner

pytestmark = pytest.mark.docker

RunCell = Callable[[str], StepResult]


@pytest.fixture
def session(
    engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path))
    options = SessionOptions(context=tmp_path, use_cache=False, prepare=True)
    session = Session(options, connect=lambda _: engine)
    yield session
    session.close()


@pytest.fixture
def run_cell(session: Session, cleaner: Cleaner) -> RunCell:
    def run(source: str) -> StepResult:
        (result,) = session.run_cell(
            source, cell_id=None, order=None, listener=lambda _: None, cancel=threading.Event()
        )
        if result.snapshot and not source.startswith("FROM"):
            cleaner.images.append(result.snapshot.id)
        return result

    return run


def standing_by(engine: DockerEngine, user: str = "", working_dir: str = "/") -> str:
    """The ID of the one for this user and directory, once it is there."""
    limit = time.monotonic() + 20
    while True:
        current = engine._standbys._current
        container = current.container if current is not None else None
        if current is None or container is None:
            found = None
        else:
            found = (current.key.user, current.key.working_dir)
        if container is not None and found == (user, working_dir):
            return container.id
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_cells_use_it(engine: DockerEngine, run_cell: RunCell) -> None:
    run_cell("FROM busybox:noconfig")
    waiting = standing_by(engine)
    assert container_of(run_cell("RUN echo 1 >/f")) == waiting
    run_cell("USER 7")
    waiting = standing_by(engine, "7")
    assert container_of(run_cell("RUN [ $(id -u) = 7 ]")) == waiting
    run_cell("WORKDIR /tmp")
    waiting = standing_by(engine, "7", "/tmp")
    assert container_of(run_cell("RUN [ $PWD = /tmp ] && [ $(cat /f) = 1 ]")) == waiting


def test_a_metadata_cell_leaves_it_in_place(engine: DockerEngine, run_cell: RunCell) -> None:
    run_cell("FROM busybox:noconfig")
    waiting = standing_by(engine)
    run_cell("ENV A=1")
    assert container_of(run_cell('RUN [ "$A" = 1 ]')) == waiting


def container_of(result: StepResult) -> str:
    assert result.container is not None
    return result.container.id


def test_a_failed_cell_is_tried_again_on_it(engine: DockerEngine, run_cell: RunCell) -> None:
    run_cell("FROM busybox:noconfig")
    standing_by(engine)
    with pytest.raises(InstructionFailedError):
        run_cell("RUN exit 3")
    waiting = standing_by(engine)
    assert container_of(run_cell("RUN exit 0")) == waiting


def test_cells_at_once_pay_nothing_for_it(engine: DockerEngine, run_cell: RunCell) -> None:
    for cell in ("FROM busybox:noconfig", "ENV A=1", "RUN true", "LABEL b=2"):
        run_cell(cell)
        assert engine._standbys._current is None


def test_none_without_a_reader(
    engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path))
    timers: list[threading.Timer] = []

    def start(timer: threading.Timer) -> None:
        timers.append(timer)

    monkeypatch.setattr(threading.Timer, "start", start)
    session = Session(SessionOptions(context=tmp_path), connect=lambda _: engine)
    session.run_cell(
        "FROM busybox:noconfig",
        cell_id=None,
        order=None,
        listener=lambda _: None,
        cancel=threading.Event(),
    )
    session.close()
    assert timers == []
    assert not is_standing_by(engine)
