from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.conftest import missing
from tests.faults.children import Nursery, nursery
from tests.faults.daemon import OwnDaemon, own_daemon
from tests.faults.notebooks import Notebooks, notebooks_on
from tests.faults.places import DockerPlace, EmbeddedPlace, Place
from tests.testbed import Layout

#: The embedded engine with overlay mounts, and with a working tree that is put right.
RUNGS = {"embedded": 1, "embedded without mounts": 4}


@pytest.fixture(scope="session")
def warm() -> Iterator[Nursery]:
    """Where children are born."""
    with nursery() as made:
        yield made


@pytest.fixture(scope="session")
def own_docker(docker_root: Path) -> Iterator[OwnDaemon]:
    """A daemon that nobody else disturbs, and whose images are few."""
    with own_daemon(Layout.from_environment(), "2g") as daemon:
        yield daemon


@pytest.fixture(params=["docker", *RUNGS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each engine with a new home."""
    if request.param == "docker":
        daemon = request.getfixturevalue("own_docker")
        client = docker.APIClient(base_url=daemon.host)
        made = DockerPlace(daemon.host, tmp_path / "home", client, daemon.base)
        yield made
        made.tidy()
        client.close()
        return
    if os.geteuid() != 0:
        missing("embedded", "these tests run commands as root")
    yield EmbeddedPlace(RUNGS[request.param], tmp_path / "home").make()


@pytest.fixture
def notebooks(place: Place) -> Iterator[Notebooks]:
    with notebooks_on(place) as made:
        yield made


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    for number in range(8):
        file = folder / "some" / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number * 20_000)
        os.utime(file, (1, 1))
    return folder
