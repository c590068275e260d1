"""`dockernb build` against the testbed's real `docker buildx build`."""

from __future__ import annotations

import json
import subprocess
import tarfile
import uuid

import pytest

from .conftest import Command, Write

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("buildx")]


def test_build_names_the_cells_and_ends_as_buildx_does(
    dockernb: Command, notebook: Write, environment: dict[str, str]
) -> None:
    mark = uuid.uuid4().hex
    path = notebook(
        "ARG WORD=default\n\nFROM busybox:latest AS base\n\n"
        f"ARG WORD\nRUN echo {mark} $WORD > /word\n\n"
        "FROM base AS bad\n\nWORKDIR /w\n\nRUN cat /word && exit 3\n"
    )
    name = f"dockernb-test-build:{mark}"
    options = ("--build-arg", "WORD=given", "--target=base", "-t", name)
    done = dockernb("build", path, *options)
    assert done.returncode == 0, done.stderr
    run = ["docker", "run", "--rm", name, "cat", "/word"]
    said = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == f"{mark} given\n"
    archive = path.with_name("image.tar")
    done = dockernb("save", name, "-o", archive)
    assert done.returncode == 0, done.stderr
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        assert json.load(manifest)[0]["RepoTags"] == [name]
    subprocess.run(["docker", "rmi", name], env=environment, capture_output=True, check=True)

    done = dockernb("build", path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    shown = next(line for line in lines if f"| {mark} default" in line)
    cell = shown.partition("  ")[0]
    assert f"{cell}  RUN cat /word && exit 3" in lines
    assert f"{cell} failed" in lines
    assert f'{cell}  failed process "/bin/sh -c cat /word && exit 3"' in done.stderr

    done = dockernb("build", path, "--file", "other")
    assert (done.returncode, "is set by dockernb build" in done.stderr) == (2, True)
