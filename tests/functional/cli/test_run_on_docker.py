"""`dockernb run` and `doctor` on a real engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from .conftest import Command, Write

pytestmark = pytest.mark.docker

DOCKERFILE = """\
ARG WORD=hello
FROM busybox:latest AS tool
RUN echo tool > /tool

FROM busybox:latest AS broken
RUN exit 7

FROM busybox:latest
ARG WORD
COPY --from=tool /tool /t
RUN echo "$WORD" > /word && cat /word
"""


def engine(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        ["docker", *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_notebook_is_built_then_comes_from_the_cache(
    dockernb: Command, notebook: Write, tmp_path: Path
) -> None:
    path = notebook("FROM busybox:latest\nRUN echo one\nENV A=1\n")
    out = tmp_path / "out.ipynb"
    first = dockernb("run", path, "-o", out)
    assert first.returncode == 0, first.stderr
    assert "\n  one\n" in first.stdout
    executed = nbformat.read(out, as_version=4)
    nbformat.validate(executed)
    cards = [cell.outputs[0].data["application/vnd.dockernb.card+json"] for cell in executed.cells]
    assert [card["instruction"] for card in cards] == ["FROM", "RUN", "ENV"]
    second = dockernb("run", "--json", path)
    again = [json.loads(line) for line in second.stdout.splitlines()]
    assert [card["status"] for card in again] == ["cached"] * 3
    assert [card["snapshot"]["id"] for card in again] == [card["snapshot"]["id"] for card in cards]


def test_failing_cell_is_named_and_ends_the_run(dockernb: Command, notebook: Write) -> None:
    done = dockernb("run", notebook(DOCKERFILE))
    assert done.returncode == 1
    assert "RUN ended with exit code 7" in done.stderr
    assert "cell [5]" in done.stderr
    assert "COPY" not in done.stdout


def test_target_and_tag_and_build_arg(
    dockernb: Command, notebook: Write, environment: dict[str, str]
) -> None:
    name = f"dockernb-test-cli:{time.time_ns()}"
    done = dockernb(
        "run", notebook(DOCKERFILE), "--target=2", "-t", name, "--build-arg", "WORD=bye"
    )
    try:
        assert done.returncode == 0, done.stderr
        assert "  bye\n" in done.stdout
        assert "exit 7" not in done.stdout
        assert engine(environment, "run", "--rm", name, "cat", "/word", "/t") == "bye\ntool"
    finally:
        engine(environment, "image", "rm", "-f", name)


def test_interrupted_run_leaves_no_container(notebook: Write, environment: dict[str, str]) -> None:
    path = notebook("FROM busybox:latest\nRUN echo begun; sleep 1000\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "dockernb", "run", path],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "begun":
            break
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "interrupted" in errors.lower()
    mine = f"name=dockernb-.*{process.pid}"
    assert engine(environment, "ps", "--all", "--quiet", "--filter", mine) == ""


def test_doctor_says_that_the_engine_answers(dockernb: Command, docker_host: str) -> None:
    done = dockernb("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["engine docker"]["ok"]
    assert docker_host in checks["engine docker"]["detail"]
    assert checks["build cache"]["ok"]
