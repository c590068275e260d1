from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.conftest import missing
from tests.faults.children import Nursery, nursery
from tests.faults.notebooks import Notebooks, notebooks_on
from tests.faults.places import DockerPlace, EmbeddedPlace, Place

#: The embedded engine with overlay mounts, and with a working tree that is put right.
RUNGS = {"embedded": 1, "embedded without mounts": 4}


@pytest.fixture(scope="session")
def warm() -> Iterator[Nursery]:
    """Where children are born."""
    with nursery() as made:
        yield made


@pytest.fixture(params=["docker", *RUNGS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each engine with a new home."""
    if request.param == "docker":
        host = request.getfixturevalue("docker_host")
        client = docker.APIClient(base_url=host)
        made: Place = DockerPlace(host, tmp_path / "home", client)
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
