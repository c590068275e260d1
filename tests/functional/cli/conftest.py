"""The command line as a process of its own, on the testbed's engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[[str], Path]


@pytest.fixture
def environment(docker_host: str, tmp_path: Path) -> dict[str, str]:
    """Of a user whose engine is the testbed's, with a build cache of their own."""
    return {
        **os.environ,
        "DOCKER_HOST": docker_host,
        "DOCKERNB_HOME": str(tmp_path / "home"),
        "DOCKERNB_ENGINE": "docker",
        "NO_COLOR": "1",
    }


@pytest.fixture
def buildx(environment: dict[str, str], docker_root: Path, tmp_path: Path) -> None:
    """Makes the testbed's docker command and its buildx plugin the user's."""
    plugins, commands = tmp_path / "docker-config" / "cli-plugins", tmp_path / "bin"
    plugins.mkdir(parents=True)
    commands.mkdir()
    plugin = docker_root / "usr/libexec/docker/cli-plugins/docker-buildx"
    (plugins / "docker-buildx").symlink_to(plugin)
    (commands / "docker").symlink_to(docker_root / "usr/bin/docker")
    environment["DOCKER_CONFIG"] = str(plugins.parent)
    environment["PATH"] = f"{commands}:{environment['PATH']}"


@pytest.fixture
def dockernb(environment: dict[str, str]) -> Command:
    """Runs a command: `dockernb("run", path)`."""

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dockernb", *map(str, words)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=300,
        )

    return call


@pytest.fixture
def notebook(tmp_path: Path, dockernb: Command) -> Write:
    """A notebook of a Dockerfile, in a folder of its own (the build context)."""

    def write(dockerfile: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        source = tmp_path / "Dockerfile"
        source.write_text(dockerfile)
        path = folder / "lesson.ipynb"
        done = dockernb("import", source, "-o", path)
        assert done.returncode == 0, done.stderr
        return path

    return write
