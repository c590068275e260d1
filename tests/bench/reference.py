"""The references of Docker: its builders as commands, and the bare Engine API."""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

from .measure import timed

__all__ = ["BareApi", "DockerBuild", "builders", "unique"]


class DockerBuild:
    """Builds one Dockerfile again and again in the root of the testbed's daemon.

    Args:
        folder: The build context, in that root.
        words: The build command behind `docker --host=...`.
    """

    def __init__(self, root: Path, folder: Path, docker_host: str, words: Sequence[str]) -> None:
        self._folder = folder
        inside = "/" + str(folder.relative_to(root))
        socket = docker_host.removeprefix("unix://").removeprefix(str(root))
        self._command = ["chroot", str(root), "docker", f"--host=unix://{socket}", *words, inside]

    def seconds(self, lines: Sequence[str]) -> float:
        """Seconds that a build of these lines takes."""
        (self._folder / "Dockerfile").write_text("\n".join(lines) + "\n")
        environment = {**os.environ, "DOCKER_BUILDKIT": "0"}  # `docker buildx` does not look at it
        return timed(
            lambda: subprocess.run(self._command, check=True, capture_output=True, env=environment)
        )


@contextmanager
def builders(folder: Path | None = None) -> Iterator[tuple[DockerBuild, DockerBuild]]:
    """BuildKit and the classic builder of the testbed that the environment names.

    Args:
        folder: The build context, below the root's /tmp; None: an empty one.
    """
    root = Path(os.environ["DOCKERNB_TEST_DOCKER_ROOT"])
    host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    with tempfile.TemporaryDirectory(dir=root / "tmp", prefix="bench-") as empty:
        context = folder or Path(empty)
        words = ["buildx", "build", "--quiet", "--provenance=false", "--load"]
        buildx = DockerBuild(root, context, host, words)
        yield buildx, DockerBuild(root, context, host, ["build", "--quiet"])


class BareApi:
    """What a step costs without any builder."""

    def __init__(self, docker_host: str) -> None:
        self.client: Any = docker.APIClient(base_url=docker_host, version="1.45", timeout=600)

    def run_step(self, image: str, script: str) -> float:
        """Seconds of create, start, wait, commit and remove; the image is removed after that."""
        made: list[str] = []

        def step() -> None:
            api = self.client
            container = api.create_container(image, ["sh", "-c", script])["Id"]
            api.start(container)
            api.wait(container)
            made.append(api.commit(container)["Id"])
            api.remove_container(container)

        seconds = timed(step)
        self.client.remove_image(made[0], noprune=True)
        return seconds

    def changes(self, container: str) -> float:
        """Seconds of GET /containers/ID/changes."""
        return timed(lambda: self.client.diff(container))

    def close(self) -> None:
        self.client.close()


def unique() -> str:
    """A word that no build has seen."""
    return uuid.uuid4().hex
