"""Disks that run full, wherever a step writes: of the engine, of a container, of the reader."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import docker
import pytest

from dockernb.errors import (
    DockernbError,
    InstructionFailedError,
    StorageFullError,
)
from tests.conftest import missing
from tests.faults.conftest import RUNGS
from tests.faults.daemon import own_daemon
from tests.faults.filling import fill, free, small_disk
from tests.faults.notebooks import Notebooks, notebooks_on
from tests.faults.places import DockerPlace, EmbeddedPlace, Place
from tests.functional.kernel.client import started
from tests.testbed import Layout

#: So much is left on the disk, in kilobytes, while a step is built that needs some hundreds.
LEFT = (0, 4, 8, 12, 16, 20, 28, 40, 60, 90, 120, 160, 220, 300, 450, 1000)
RUN = "RUN dd if=/dev/zero of=/zeros-{0} bs=1000 count=109 && echo said {0}"


class Disk(Protocol):
    """Where an engine keeps its images."""

    def fill(self, left: int) -> None: ...

    def free(self) -> None: ...


@dataclass
class FolderDisk:
    folder: Path
    ballast: Path | None = None

    def fill(self, left: int) -> None:
        self.ballast = fill(self.folder, left)

    def free(self) -> None:
        if self.ballast is not None:
            free(self.ballast)
        self.ballast = None


@pytest.fixture(params=["docker", *RUNGS])
def full_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Disk]]:
    """Each engine with a small disk of its own."""
    if os.geteuid() != 0:
        missing("embedded", "a small disk needs root")
    with ExitStack() as stack:
        if request.param == "docker":
            request.getfixturevalue("docker_root")
            daemon = stack.enter_context(own_daemon(Layout.from_environment()))
            client = docker.APIClient(base_url=daemon.host)
            stack.callback(client.close)
            yield DockerPlace(daemon.host, tmp_path / "home", client, daemon.base), daemon
            return
        home = stack.enter_context(small_disk(tmp_path / "home", "24m"))
        yield EmbeddedPlace(RUNGS[request.param], home).make(), FolderDisk(home)


@pytest.fixture
def notebooks(full_place: tuple[Place, Disk]) -> Iterator[Notebooks]:
    with notebooks_on(full_place[0]) as made:
        yield made


def test_a_disk_that_is_full_at_any_byte_costs_a_step_and_nothing_else(
    notebooks: Notebooks, full_place: tuple[Place, Disk], tmp_path: Path
) -> None:
    """Told in words, whatever it was that found no room; with room, the same step is built."""
    place, disk = full_place
    notebook = notebooks.open(tmp_path)
    notebook.run("from", f"FROM {place.base}")
    notebook.run("first", RUN.format("first"))
    outcomes = []
    for left in LEFT if isinstance(place, EmbeddedPlace) else LEFT[::3]:
        disk.fill(left * 1000)
        try:
            notebook.run("step", RUN.format(left))
            outcomes.append("built")
        except DockernbError as error:
            outcomes.append(error.name)
            check_told(error)
        finally:
            disk.free()
        (result,) = notebook.run("step")
        assert f"said {left}\n" in result.log.text
        assert [(e.path, e.size) for e in result.diff.entries] == [(f"/zeros-{left}", 109_000)]
    assert "StorageFullError" in outcomes
    assert outcomes[-1] == "built"
    (below,) = notebook.run("below", "RUN ls / | grep -c zeros")
    assert below.log.text == "2\n"
    notebooks.close()
    place.check_images()
    assert place.left_behind() == []


def check_told(error: DockernbError) -> None:
    said = error.format_message()
    assert isinstance(error, StorageFullError | InstructionFailedError), said
    assert "No space left on device" in said or "is full" in said
    assert error.hint
    assert "still stands" in (error.state or "")


# --- the notebook's folder --------------------------------------------------------------------
NOTEBOOK = """
{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "dockernb",
 "display_name": "Dockerfile", "language": "dockerfile"}}, "cells": [
 {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": null, "outputs": [],
  "source": "FROM faults-base"},
 {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": null, "outputs": [],
  "source": "RUN seq 1 20000"}]}
"""


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (["run", "nb.ipynb", "-o", "nb.ipynb"], "nb.ipynb"),
        (["export", "nb.ipynb", "-o", "Dockerfile"], "Dockerfile"),
        (["import", "Made", "-o", "made.ipynb"], "made.ipynb"),
        (["save", "faults-base", "-o", "base.tar"], "base.tar"),
    ],
    ids=["run", "export", "import", "save"],
)
def test_a_full_folder_of_the_reader_keeps_what_was_there(
    command: list[str], written: str, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        missing("embedded", "a small disk needs root")
    place = EmbeddedPlace(1, tmp_path / "home").make()
    with small_disk(tmp_path / "reader", "512k") as folder:
        (folder / "nb.ipynb").write_text(NOTEBOOK)
        (folder / "Made").write_text("FROM faults-base\n" + "RUN true\n" * 300)
        if written != "nb.ipynb":
            (folder / written).write_text("what was there")
        before = (folder / written).read_text()
        ballast = fill(folder, 0)
        there = sorted(folder.iterdir())
        done = dockernb(command, folder, place)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "No space left on device" in done.stderr or "is full" in done.stderr
        assert written in done.stderr
        assert "InternalError" not in done.stderr
        assert "Traceback" not in done.stderr
        assert (folder / written).read_text() == before
        assert sorted(folder.iterdir()) == there
        free(ballast)
        if written != "base.tar":  # which has more bytes than the disk
            assert dockernb(command, folder, place).returncode == 0
            assert (folder / written).read_text() != before


def test_an_export_of_a_kernel_to_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("embedded", "a small disk needs root")
    with (
        small_disk(tmp_path / "reader", "64k") as folder,
        started("tests.functional.kernel.scripted", folder) as kernel,
    ):
        kernel.run("\n".join(f"ENV number={n}" for n in range(300)), cell_id="many")
        (folder / "Dockerfile").write_text("what was there")
        ballast = fill(folder, 0)
        ran = kernel.run("%export --force", cell_id="export")
        assert "No space left on device" in ran.traceback
        assert "is as it was" in ran.traceback
        assert (folder / "Dockerfile").read_text() == "what was there"
        free(ballast)
        assert kernel.run("%export --force", cell_id="export").reply["status"] == "ok"
        assert "number=299" in (folder / "Dockerfile").read_text()
        assert [path.name for path in folder.iterdir()] == ["Dockerfile"]


def dockernb(
    command: list[str], folder: Path, place: EmbeddedPlace
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dockernb", *command],
        cwd=folder,
        env={**os.environ, **place.environment},
        capture_output=True,
        text=True,
        check=False,
    )
