"""Which docker command builds the reference, and that nothing of it is left behind."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from dockernb.cli.reference_build import DockerCommand, Recipe, find_docker
from dockernb.errors import BuildError, EngineNotAvailableError

DOCKER = """\
#!/bin/sh
echo "$DOCKER_HOST: $*" >> "{log}"
case "$*" in
  "version "*) echo {version} ;;
  "buildx version") exit {buildx} ;;
  "context show") echo mine ;;
  "image ls "*) echo sha256:old ;;
  "image inspect "*) echo 0 ;;
  *build*)
    for word; do
      case "$word" in
        --file=*) cp "${{word#--file=}}" "{log}.dockerfile" ;;
        --iidfile=*) printf {image} > "${{word#--iidfile=}}" ;;
        --secret=*) cat "${{word#*src=}}" > "{log}.secret" ;;
      esac
    done
    echo building; exit {build} ;;
esac
"""


class FakeDocker:
    """A docker command in a folder of its own; `lines` are the calls that it got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def install(
        self, version: str = "28.0.1", buildx: int = 0, build: int = 0, image: str = "sha256:new"
    ) -> DockerCommand:
        path = self.folder / "docker"
        path.write_text(
            DOCKER.format(log=self.log, version=version, buildx=buildx, build=build, image=image)
        )
        path.chmod(stat.S_IRWXU)
        return find_docker("unix:///x.sock", {"PATH": f"{self.folder}:/usr/bin:/bin"})

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    # Programs are looked up in this process's PATH, not in the given environment's.
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return FakeDocker(tmp_path)


def test_buildx_is_taken_with_the_builder_of_the_engine(docker: FakeDocker) -> None:
    command = docker.install()
    assert command.words == ("docker", "buildx", "build", "--builder", "default")
    assert command.environment["DOCKER_HOST"] == "unix:///x.sock"


def test_old_docker_without_buildx_builds_with_its_own_client(docker: FakeDocker) -> None:
    command = docker.install(version="20.10.24", buildx=1)
    assert command.words == ("docker", "build")
    assert command.environment["DOCKER_BUILDKIT"] == "1"


def test_new_docker_without_buildx_is_refused(docker: FakeDocker) -> None:
    with pytest.raises(EngineNotAvailableError, match="buildx") as caught:
        docker.install(buildx=1)
    assert caught.value.hint is not None
    assert "docker-buildx" in caught.value.hint


def test_no_docker_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineNotAvailableError, match="command line"):
        find_docker("tcp://x", {"PATH": str(tmp_path)})


def test_build_gets_all_of_the_recipe_and_the_image_is_removed(
    docker: FakeDocker, tmp_path: Path
) -> None:
    command = docker.install()
    recipe = Recipe("FROM a\r\n", tmp_path, {"A": "1"}, {"s": b"secret"}, "final")
    with command.built(recipe, no_cache=True) as image_id:
        assert image_id == "sha256:new"
    (build,) = [line for line in docker.lines if " buildx build " in line]
    for word in ("--build-arg=A=1", "--target=final", "--no-cache", "--provenance=false"):
        assert word in build
    assert build.endswith(str(tmp_path))
    assert Path(f"{docker.log}.dockerfile").read_bytes() == b"FROM a\r\n"
    assert Path(f"{docker.log}.secret").read_bytes() == b"secret"
    assert docker.lines[-1] == "unix:///x.sock: image rm sha256:new"


def test_image_that_was_there_before_stays(docker: FakeDocker, tmp_path: Path) -> None:
    command = docker.install(image="sha256:old")
    with command.built(Recipe("FROM a", tmp_path)):
        pass
    assert not any("image rm" in line for line in docker.lines)


def test_failed_build_shows_its_output(docker: FakeDocker, tmp_path: Path) -> None:
    command = docker.install(build=1)
    with (
        pytest.raises(BuildError, match="exit code 1") as caught,
        command.built(Recipe("FROM a", tmp_path)),
    ):
        pass
    assert caught.value.rule == "last output:\nbuilding"


def test_secrets_are_in_no_argument(docker: FakeDocker, tmp_path: Path) -> None:
    command = docker.install()
    with command.built(Recipe("FROM a", tmp_path, secrets={"s": b"hidden"})):
        pass
    assert "hidden" not in docker.log.read_text()
    assert subprocess.run(["ls", tmp_path], capture_output=True, check=True).stdout
