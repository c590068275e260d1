"""`dockernb build` against the testbed's real `docker buildx build`."""

from __future__ import annotations

import json
import re
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
    done = dockernb("build", path, *options, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["status"], report["names"]) == ("built", [f"docker.io/library/{name}"])
    assert report["digest"].startswith("sha256:")
    steps = {step["instruction"]: step for step in report["steps"]}
    assert steps["WORKDIR /w"]["status"] == "not needed"
    made = next(step for text, step in steps.items() if mark in text)
    assert (made["cell"], made["status"], made["line"]) == (4, "done", 1)
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
    cell = shown.partition("    | ")[0]
    assert f"{cell}  running  RUN cat /word && exit 3" in lines
    failed = re.escape(cell) + r"  failed [\d.]+ m?s  RUN cat /word && exit 3: process .*/sh -c cat"
    assert re.search(failed, done.stderr)
    assert "\nInstructionFailedError: RUN ended with exit code 3\n" + cell in done.stderr
    assert "  >>> 1 | RUN cat /word && exit 3" in lines
    (row,) = [line.split() for line in lines if line.startswith(cell.removeprefix("cell ") + " ")]
    assert row[1:3] == ["bad", "failed"]

    done = dockernb("build", path, "--file", "other")
    assert (done.returncode, "is set by dockernb build" in done.stderr) == (2, True)
