"""A Docker daemon that dies or is stopped in the middle of a step, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from dockernb.build.events import BuildEvent, OutputReceived, PhaseStarted
from dockernb.engines.docker.owner import this_process
from dockernb.errors import EngineNotAvailableError
from tests.faults.daemon import OwnDaemon, own_daemon
from tests.faults.notebooks import Notebooks, notebooks_on
from tests.faults.places import DockerPlace
from tests.testbed import Layout

pytestmark = pytest.mark.docker

PHASES = ("image", "container", "run", "output", "snapshot", "removed")


@pytest.fixture(scope="module")
def daemon(docker_root: Path) -> Iterator[OwnDaemon]:
    with own_daemon(Layout.from_environment()) as made:
        yield made


@pytest.fixture
def client(daemon: OwnDaemon) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=daemon.host)
    yield client
    client.close()


@pytest.fixture
def notebooks(daemon: OwnDaemon, client: docker.APIClient, tmp_path: Path) -> Iterator[Notebooks]:
    place = DockerPlace(daemon.host, tmp_path / "home", client, daemon.base)
    with notebooks_on(place) as made:
        yield made


def is_at(event: BuildEvent, phase: str) -> bool:
    if isinstance(event, OutputReceived):
        return phase == "output"
    return isinstance(event, PhaseStarted) and event.phase == phase


def test_a_daemon_that_dies_in_any_phase_costs_the_step_and_nothing_else(
    daemon: OwnDaemon, notebooks: Notebooks, client: docker.APIClient, tmp_path: Path
) -> None:
    """The same notebook goes on when it is back; in the end nothing is left on it."""
    notebook = notebooks.open(tmp_path)
    notebook.run("from", f"FROM {daemon.base}")
    (above,) = notebook.run("above", "RUN echo above >/above")
    assert above.snapshot is not None
    for number, phase in enumerate(PHASES):
        end = daemon.stop if phase == "run" else daemon.kill

        def end_it(event: BuildEvent, phase: str = phase, end: object = end) -> None:
            if is_at(event, phase):
                notebook.on_event = None
                end()  # type: ignore[operator]

        notebook.on_event = end_it
        source = f"RUN echo {phase} >/made; echo said; sleep 0.{number + 1}"
        if phase == "removed":  # the snapshot is there: nothing of the step is lost
            (made,) = notebook.run("step", source)
            assert made.status == "built"
        else:
            with pytest.raises(EngineNotAvailableError) as caught:
                notebook.run("step", source)
            said = caught.value.format_message()
            assert daemon.host in said
            assert "`dockernb doctor` shows what was tried" in said
            assert f"snapshot {above.snapshot.short_id} still stands" in said
            with pytest.raises(EngineNotAvailableError):
                notebook.run("step")
        daemon.start()
        (again,) = notebook.run("step")
        assert again.status == ("cached" if phase == "removed" else "built")
        assert again.snapshot is not None
        assert again.snapshot.parent == above.snapshot.id
        assert [(e.path, e.size) for e in again.diff.entries] == [("/made", len(phase) + 1)]
    notebook.session.remove_leftovers()
    notebooks.close()
    left = client.containers(all=True, filters={"name": this_process().mark})
    assert [container["Names"] for container in left] == []
