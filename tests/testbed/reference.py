"""The reference that notebooks are compared with: `docker buildx build` of the testbed's root."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.testbed import docker, docker28
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
from tests.testbed.process import system_environment

NEWER_SOCKET = f"/run/{docker28.NAME}.sock"
BUILDX = "/usr/libexec/docker/cli-plugins/docker-buildx"

#: Run by a shell in a new mount namespace, so that no mount outlives the build, however it ends.
#: Its arguments: the root, the folder in it for this build, the context, then the command.
BUILD = """
set -e
for folder in proc dev; do mount --rbind "/$folder" "$1/$folder"; done
mount --bind "$3" "$1$2/context"
mount -o remount,bind,ro "$1$2/context"
root=$1
shift 3
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class ReferenceBuild:
    """What a reference build gave; `output` is its plain progress log."""

    image_id: str
    seconds: float
    output: str


class ReferenceBuildFailed(TestbedError):
    """The reference builder refused or failed; the message is its output."""

    def __init__(self, output: str, exit_code: int) -> None:
        super().__init__(f"docker buildx build: exit code {exit_code}\n{output}")
        self.output = output
        self.exit_code = exit_code


def buildx_build(
    context: Path,
    dockerfile: Path,
    *,
    tag: str,
    build_args: Mapping[str, str] | None = None,
    secrets: Mapping[str, Path] | None = None,
    target: str | None = None,
    flags: Sequence[str] = (),
    no_cache: bool = False,
    newer: bool = False,
    layout: Layout | None = None,
) -> ReferenceBuild:
    """Build with BuildKit and load the image into the testbed's daemon under `tag`.

    A `Dockerfile.dockerignore` beside the Dockerfile counts, as with the command itself.
    In `flags` "CONTEXT" stands for the context; `newer`: Docker 28's BuildKit builds it. `seconds`
    is the time of the command, with the start of its client.
    """
    layout = layout or Layout.from_environment()
    root = layout.forky if newer else layout.root
    with tempfile.TemporaryDirectory(dir=root / "tmp", prefix="build-") as work:
        inside = f"/tmp/{Path(work).name}"
        (Path(work) / "context").mkdir()
        _copy(dockerfile, Path(work) / "Dockerfile")
        ignore = dockerfile.with_name(dockerfile.name + ".dockerignore")
        if ignore.exists():
            _copy(ignore, Path(work) / "Dockerfile.dockerignore")
        options = [f"--tag={tag}", f"--file={inside}/Dockerfile"]
        options += [f"--build-arg={name}={value}" for name, value in (build_args or {}).items()]
        for name, source in (secrets or {}).items():
            _copy(source, Path(work) / f"secret-{name}")
            options.append(f"--secret=id={name},src={inside}/secret-{name}")
        if target is not None:
            options.append(f"--target={target}")
        options += [flag.replace("CONTEXT", f"{inside}/context") for flag in flags]
        if no_cache:
            options.append("--no-cache")
        socket = NEWER_SOCKET if newer else docker.SOCKET
        # The plugin itself: docker's command would only look for it, and start it.
        docker_command = ["env", f"DOCKER_HOST=unix://{socket}", BUILDX, "build"]
        docker_command += ["--progress=plain", "--provenance=false"]
        docker_command.append(f"--output=type=docker,dest={inside}/image" if newer else "--load")
        shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", BUILD, "sh"]
        entered = [*shell, str(root), inside, str(context.resolve())]
        built = _build([*entered, *docker_command, *options, f"{inside}/context"])
        if newer:
            docker.cli(layout, "load", "--quiet", stdin=Path(work) / "image")
    image_id = docker.image_id(layout, tag)
    if image_id is None:
        raise ReferenceBuildFailed(f"{built.output}\nno image {tag} was loaded", 0)
    return replace(built, image_id=image_id)


def docker_cli(*arguments: str, layout: Layout | None = None) -> str:
    """Run the root's docker command, e.g. `docker_cli("image", "inspect", name)`."""
    return docker.cli(layout or Layout.from_environment(), *arguments)


def _build(command: list[str]) -> ReferenceBuild:
    begin = time.monotonic()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=system_environment(),
        check=False,
    )
    seconds = time.monotonic() - begin
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise ReferenceBuildFailed(output, done.returncode)
    return ReferenceBuild("", seconds, output)


def _copy(source: Path, target: Path) -> None:
    """Copy the content alone; secrets may not be readable by others."""
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())
