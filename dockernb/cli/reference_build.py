"""The other side of `dockernb verify`: a `docker build` by Docker's own command line."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dockernb.errors import BuildError, EngineNotAvailableError

__all__ = [
    "INSTALL_BUILDX",
    "INSTALL_DOCKER",
    "DockerCommand",
    "Recipe",
    "find_docker",
    "has_buildkit",
]

INSTALL_DOCKER = "Install it (Debian, Ubuntu: apt-get install docker-cli docker-buildx)."
INSTALL_BUILDX = "Install it (Debian, Ubuntu: apt-get install docker-buildx)."

_TAIL_LINES = 30
_REMOVAL_TRIES = 40
_REMOVAL_PAUSE = 0.25  # seconds


@dataclass(frozen=True)
class Recipe:
    """What is built.

    Args:
        dockerfile: Its text.
        context: The build context; nothing is written there.
        flags: Further ones, as they are written.
    """

    dockerfile: str
    context: Path
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    target: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DockerCommand:
    """Docker's command line with a BuildKit client.

    Args:
        words: The command up to `build`, for example `docker buildx build --builder default`.
        options: Options that only this client knows.
        environment: With `DOCKER_HOST` set to the engine in use.
    """

    words: tuple[str, ...]
    options: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)

    @contextmanager
    def built(self, recipe: Recipe, *, no_cache: bool = False) -> Iterator[str]:
        """Builds an image without a name; gives its ID, and removes it when the block ends.

        An image that was on the engine before (BuildKit's cache led to the same one) stays.

        Raises:
            BuildError: The build failed; the message ends with its output.
        """
        before = self._image_ids()
        image_id = self._build(recipe, no_cache=no_cache)
        try:
            yield image_id
        finally:
            if image_id not in before:
                self._remove(image_id)

    def _remove(self, image_id: str) -> None:
        """Removes an image; one that got a name meanwhile is somebody's and stays.

        The container that it was read through may be going away just now, and holds it that long.
        """
        for _ in range(_REMOVAL_TRIES):
            named = self._run(
                ["docker", "image", "inspect", "--format", "{{len .RepoTags}}", image_id]
            )
            if named.returncode != 0 or named.stdout.strip() != "0":
                return
            if self._run(["docker", "image", "rm", image_id]).returncode == 0:
                return
            time.sleep(_REMOVAL_PAUSE)

    def _build(self, recipe: Recipe, *, no_cache: bool) -> str:
        with tempfile.TemporaryDirectory(prefix="dockernb-verify-") as work:
            folder = Path(work)
            arguments = _arguments(recipe, folder)
            if no_cache:
                arguments.append("--no-cache")
            command = [*self.words, *self.options, *arguments, str(recipe.context)]
            done = self._run(command)
            if done.returncode != 0:
                tail = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
                raise BuildError(
                    f"docker build of the exported Dockerfile ended with exit code "
                    f"{done.returncode}",
                    rule=f"last output:\n{tail}",
                    state="The notebook itself was built; nothing was compared.",
                )
            return (folder / "iid").read_text("utf-8").strip()

    def _image_ids(self) -> set[str]:
        done = self._run(["docker", "image", "ls", "--all", "--quiet", "--no-trunc"])
        return set(done.stdout.split())

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(self.environment),
            text=True,
            errors="replace",
            check=False,
        )


def find_docker(address: str, environment: Mapping[str, str] = os.environ) -> DockerCommand:
    """Docker's command line for the engine at `address`.

    Raises:
        EngineNotAvailableError: There is none, or it has no BuildKit client; the text says what
            to install.
    """
    env = dict(environment)
    if address.startswith("unix://"):
        # The engine may have been found at a socket that the command would not look at. Other
        # addresses come from Docker's own settings, and may need their certificates.
        env["DOCKER_HOST"] = address
        env.pop("DOCKER_CONTEXT", None)
    env["DOCKER_BUILDKIT"] = "1"
    env["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1"
    version = _answer(["docker", "version", "--format", "{{.Client.Version}}"], env)
    if version is None:
        raise EngineNotAvailableError(
            "docker's command line is not here or does not reach its engine",
            hint=INSTALL_DOCKER,
        )
    if _answer(["docker", "buildx", "version"], env) is not None:
        # The builder of the engine itself: one in a container does not see the engine's images.
        builder = "default" if "DOCKER_HOST" in env else _answer(["docker", "context", "show"], env)
        words = ("docker", "buildx", "build", "--builder", builder or "default")
        return DockerCommand(words, ("--load", "--provenance=false"), env)
    if has_buildkit(version):
        return DockerCommand(("docker", "build"), (), env)
    raise EngineNotAvailableError(
        f"docker {version} is here, but its plugin buildx is not: it cannot build with BuildKit",
        hint=INSTALL_BUILDX,
    )


def _arguments(recipe: Recipe, folder: Path) -> list[str]:
    """Options of the build; its files are written into `folder`."""
    dockerfile = folder / "Dockerfile"
    dockerfile.write_bytes(recipe.dockerfile.encode())
    ignore = recipe.context / "Dockerfile.dockerignore"
    if ignore.is_file():
        (folder / ignore.name).write_bytes(ignore.read_bytes())
    arguments = ["--progress=plain", f"--file={dockerfile}", f"--iidfile={folder / 'iid'}"]
    arguments += [f"--build-arg={key}={value}" for key, value in recipe.build_args.items()]
    for number, (secret_id, content) in enumerate(recipe.secrets.items()):
        path = folder / f"secret-{number}"  # the folder is the user's alone
        path.write_bytes(content)
        arguments.append(f"--secret=id={secret_id},src={path}")
    arguments += recipe.flags
    if recipe.target is not None:
        arguments.append(f"--target={recipe.target}")
    return arguments


def _answer(command: Sequence[str], environment: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def has_buildkit(version: str) -> bool:
    """Whether BuildKit's client is part of the command `docker` of this version: it was before 23.

    An unknown version has none.
    """
    found = re.match(r"\d+", version)
    return found is not None and int(found[0]) < 23
