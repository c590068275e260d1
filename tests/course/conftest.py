"""A student's machine for each engine: the base image is there, the cache is empty."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import nbformat
import pytest
from docker.errors import APIError

from tests.testbed import Layout
from tests.testbed import docker as testbed_docker

from .execution import executed
from .notebooks import FOLDER, cards, code_cells

BASE = "debian:bookworm-slim"
#: The names that notebooks give to images.
TAGS = ("guestbook:1.0", "leaky")


@dataclass
class Student:
    """Works through the course; what one notebook built is in the cache for the next."""

    folder: Path
    environment: dict[str, str]
    snapshots: set[str] = field(default_factory=set)

    def run(self, name: str) -> nbformat.NotebookNode:
        notebook = executed(self.folder / name, self.environment)
        for cell in code_cells(notebook):
            self.snapshots |= {card.snapshot.id for card in cards(cell) if card.snapshot}
        return notebook


@pytest.fixture(scope="module", params=["docker", "embedded"])
def student(
    request: pytest.FixtureRequest, docker_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Student]:
    layout = Layout.from_environment()
    home = tmp_path_factory.mktemp("student")
    folder = shutil.copytree(FOLDER, home / "notebooks")
    environment = {
        "DOCKERNB_HOME": str(home / "dockernb"),
        "DOCKERNB_ENGINE": request.param,
        "DOCKER_HOST": layout.docker_host,
    }
    student = Student(folder, environment)
    if request.param == "embedded":
        load_base(layout, docker_root, home)
        yield student
        shutil.rmtree(home / "dockernb")
    else:
        yield student
        remove(layout, student.snapshots)


def load_base(layout: Layout, docker_root: Path, home: Path) -> None:
    """The testbed's base image, into the embedded engine's store."""
    archive = docker_root / "tmp" / f"{home.name}-course.tar"
    inside = f"/{archive.relative_to(docker_root)}"
    try:
        testbed_docker.cli(layout, "save", f"--output={inside}", BASE)
        command = [sys.executable, "-m", "dockernb", "load", "--input", str(archive)]
        environment = {"DOCKERNB_HOME": str(home / "dockernb")}
        subprocess.run(command, check=True, capture_output=True, env=environment)
    finally:
        archive.unlink(missing_ok=True)


def remove(layout: Layout, snapshots: set[str]) -> None:
    """Takes the course's images off the daemon, but not the base."""
    client = docker.APIClient(base_url=layout.docker_host)
    kept = client.inspect_image(BASE)["Id"]
    wanted = [*TAGS, *snapshots - {kept}]
    while wanted:
        left = []
        for image in wanted:
            try:
                client.remove_image(image, force=True)
            except APIError as error:
                if error.status_code == 409:  # a child is there; it may go in this round
                    left.append(image)
        if len(left) == len(wanted):
            break
        wanted = left
    client.close()
