"""Images of the embedded engine to and from a registry, archives and the real Docker."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.build.image_tree import image_tree
from dockernb.engines.base import Image, Progress
from dockernb.engines.docker import connect
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.errors import BuildInterruptedError, ImageNotFoundError, RegistryError
from dockernb.oci.config import Platform
from tests.conformance.bench import next_config, shell
from tests.conformance.bench import run as run_in
from tests.testbed.layout import Layout
from tests.testbed.reference import docker_cli

NEVER = threading.Event()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "store")
    yield engine
    engine.close()


def pull(engine: EmbeddedEngine, name: str) -> Image:
    return engine.pull(name, None, lambda _: None, NEVER)


def made(engine: EmbeddedEngine, base: Image) -> Image:
    """A snapshot with a file of another owner, a link, and something deleted."""
    script = "echo made >/made; chown 12:34 /made; ln -s made /link; rm /bin/vi"
    with engine.create(base.id, shell(script)) as container:
        assert run_in(container) == (0, "")
        return container.commit(next_config(base, "RUN"), layer=True)


def test_a_pulled_image_is_the_one_that_docker_has(
    engine: EmbeddedEngine, registry: str, docker_host: str
) -> None:
    image = pull(engine, f"{registry}/busybox:latest")
    docker = connect(docker_host)
    try:
        original = docker.find_image("busybox:latest")
        assert original is not None
        assert image.id == original.id
        assert image.config == original.config
        assert image.size == original.size
        assert image_tree(engine, image.id) == image_tree(docker, image.id)
    finally:
        docker.close()


def test_progress_tells_of_every_layer(engine: EmbeddedEngine, registry: str) -> None:
    seen: list[Progress] = []
    engine.pull(f"{registry}/busybox:latest", None, seen.append, NEVER)
    statuses = [each.status for each in seen]
    assert statuses[-1] == "Pull complete"
    assert "Downloading" in statuses
    assert all(each.current <= each.total for each in seen)


def test_a_second_pull_fetches_nothing(engine: EmbeddedEngine, registry: str) -> None:
    pull(engine, f"{registry}/busybox:latest")
    seen: list[Progress] = []
    engine.pull(f"{registry}/busybox:latest", None, seen.append, NEVER)
    assert "Downloading" not in {each.status for each in seen}


def test_a_pulled_image_has_its_name_and_digest(engine: EmbeddedEngine, registry: str) -> None:
    image = pull(engine, f"{registry}/busybox:latest")
    assert engine.local_references() == [f"{registry}/busybox:latest"]
    again = pull(engine, f"{registry}/busybox@{image.digest}")
    assert again.id == image.id


@pytest.mark.parametrize(
    ("name", "error"),
    [("{}/nothing:1", ImageNotFoundError), ("127.0.0.1:1/nothing:1", RegistryError)],
)
def test_what_cannot_be_pulled_leaves_nothing(
    engine: EmbeddedEngine, registry: str, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        pull(engine, name.format(registry))
    assert engine.local_references() == []


def test_an_image_of_another_platform_is_refused(engine: EmbeddedEngine, registry: str) -> None:
    with pytest.raises(ImageNotFoundError, match="linux/s390x"):
        engine.pull(f"{registry}/busybox:latest", Platform("linux", "s390x"), lambda _: None, NEVER)
    assert engine.local_references() == []


def test_an_interrupted_pull_leaves_no_image(engine: EmbeddedEngine, registry: str) -> None:
    cancel = threading.Event()

    def on_progress(progress: Progress) -> None:
        cancel.set()

    with pytest.raises(BuildInterruptedError):
        engine.pull(f"{registry}/debian:bookworm-slim", None, on_progress, cancel)
    assert engine.local_references() == []


def test_a_pushed_image_runs_in_docker(
    engine: EmbeddedEngine, registry: str, docker_root: Path
) -> None:
    name = f"{registry}/dockernb-pushed:1"
    image = made(engine, pull(engine, f"{registry}/busybox:latest"))
    engine.tag(image.id, name)
    digest = engine.push(name, lambda _: None, NEVER)
    told: list[Progress] = []
    assert engine.push(name, told.append, NEVER) == digest
    assert "Layer already exists" in {progress.status for progress in told}
    assert "Compressing" not in {progress.status for progress in told}
    moved = f"{registry}/dockernb-{secrets.token_hex(4)}:1"  # nothing was ever pushed there
    engine.tag(image.id, moved)
    told.clear()
    assert engine.push(moved, told.append, NEVER) == digest
    mounted = [progress for progress in told if progress.status.startswith("Mounted from ")]
    assert len(mounted) == len(image.config.diff_ids)
    assert "Compressing" not in {progress.status for progress in told}
    docker_cli("pull", "--quiet", f"{registry}/dockernb-pushed@{digest}")
    try:
        script = "cat /link; stat -c %u:%g /made; ls /bin/vi"
        printed = docker_cli("run", "--rm", image.id, "sh", "-c", f"{script} 2>/dev/null || true")
    finally:
        docker_cli("rmi", image.id)
    assert printed == "made\n12:34\n"


def test_what_is_not_there_cannot_be_pushed(engine: EmbeddedEngine, registry: str) -> None:
    with pytest.raises(ImageNotFoundError, match="nothing"):
        engine.push(f"{registry}/nothing:1", lambda _: None, NEVER)


@pytest.mark.parametrize("form", ["docker", "oci"])
def test_a_saved_image_runs_in_docker(
    engine: EmbeddedEngine, registry: str, docker_root: Path, form: str, tmp_path: Path
) -> None:
    image = made(engine, pull(engine, f"{registry}/busybox:latest"))
    engine.tag(image.id, "dockernb-saved:1")
    archive = Layout.from_environment().root / "tmp" / f"{tmp_path.name}.tar"
    try:
        with archive.open("wb") as out:
            engine.save(
                ["dockernb-saved:1"],
                out,
                "docker" if form == "docker" else "oci",
                lambda _: None,
                NEVER,
            )
        assert "dockernb-saved:1" in docker_cli("load", "--input", f"/tmp/{archive.name}")
        printed = docker_cli(
            "run", "--rm", "dockernb-saved:1", "sh", "-c", "cat /link; stat -c %u:%g /made"
        )
        docker_cli("rmi", "dockernb-saved:1")
    finally:
        archive.unlink(missing_ok=True)
    assert printed == "made\n12:34\n"


@pytest.mark.parametrize("form", ["docker", "oci"])
def test_a_saved_image_is_loaded_into_another_store(
    engine: EmbeddedEngine, registry: str, form: str, tmp_path: Path
) -> None:
    image = made(engine, pull(engine, f"{registry}/busybox:latest"))
    engine.tag(image.id, "app:1")
    with (tmp_path / "app.tar").open("wb") as out:
        engine.save(["app:1"], out, "docker" if form == "docker" else "oci", lambda _: None, NEVER)
    other = EmbeddedEngine(tmp_path / "other", rung=4)
    try:
        ((loaded, names),) = other.load(tmp_path / "app.tar", lambda _: None, NEVER)
        assert loaded.id == image.id
        assert names == ("docker.io/library/app:1",)
        assert image_tree(other, loaded.id) == image_tree(engine, image.id)
    finally:
        other.close()


def test_pruning_keeps_named_images_and_what_is_in_use(
    engine: EmbeddedEngine, registry: str, tmp_path: Path
) -> None:
    base = pull(engine, f"{registry}/busybox:latest")
    image = made(engine, base)
    assert engine.prune().images == (), "this engine made it and may go on from it"
    engine.close()
    later = EmbeddedEngine(tmp_path / "store")
    try:
        assert later.prune().images == (image.id,)
        assert later.image(base.id) is not None
        with later.create(base.id, shell("cat /etc/passwd")) as container:
            assert run_in(container)[0] == 0
    finally:
        later.close()
