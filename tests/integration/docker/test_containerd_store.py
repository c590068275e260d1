"""Docker with the containerd image store: what goes beyond the promises that every engine keeps."""

from __future__ import annotations

import io
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from dockernb.cli import commands
from dockernb.engines.base import ContainerSpec, Image
from dockernb.engines.docker import connect
from dockernb.oci.config import ImageConfig, Platform
from dockernb.oci.manifest import OCI_INDEX, Descriptor, Index
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient
from tests.conformance.bench import Bench, next_config, shell, tar_of
from tests.conftest import named
from tests.integration.docker.cleaning import Cleaner
from tests.testbed import Layout
from tests.testbed.process import run as run_program
from tests.testbed.reference import docker_cli

pytestmark = pytest.mark.docker

NEVER = threading.Event()


@pytest.fixture
def host() -> str:
    return named("docker28", "DOCKERNB_TEST_DOCKER28_HOST")


@pytest.fixture
def bench(host: str) -> Iterator[Bench]:
    engine = connect(host)
    base = engine.find_image("busybox:noconfig")
    assert base is not None
    with Cleaner(host) as cleaner:
        bench = Bench(engine, base)
        yield bench
        engine.close()
        cleaner.images += [image.id for image in bench.made]


def docker28(*words: str) -> str:
    root = Layout.from_environment().forky
    return run_program(["chroot", str(root), "docker", "-H", "unix:///run/docker28.sock", *words])


def metadata_step(bench: Bench, parent: Image) -> Image:
    with bench.engine.create(parent.id, ContainerSpec()) as container:
        config = next_config(parent, "CMD", layer=False).with_runtime(cmd=("cat", "/made"))
        return bench.commit(container, config, layer=False)


def test_a_named_image_outlives_the_snapshots_below_it_and_leaves_the_machine(
    bench: Bench, registry: str, tmp_path: Path
) -> None:
    """Run, pushed and saved when nothing else is left of its layers; other Dockers take it."""
    made = bench.step(bench.step(bench.base, "echo made >/made"), "true")
    image = metadata_step(bench, made)
    name = f"{registry}/dockernb-{uuid4().hex}:1"
    bench.engine.tag(image.id, name)
    for snapshot in bench.made[:-1]:
        docker28("rmi", snapshot.id)
    try:
        assert docker28("run", "--rm", name) == "made\n"
        digest = bench.engine.push(name, lambda _: None, NEVER)
        archive = io.BytesIO()
        bench.engine.save([name], archive, "docker", lambda _: None, NEVER)
    finally:
        docker28("rmi", "--force", name)
    assert digest == image.id
    docker_cli("pull", "--quiet", f"{name.rpartition(':')[0]}@{digest}")
    docker_cli("rmi", image.config.image_id)
    loading = ["docker", "--host", named("docker", "DOCKERNB_TEST_DOCKER_HOST"), "load"]
    subprocess.run(loading, input=archive.getvalue(), check=True, capture_output=True)
    try:
        assert docker_cli("run", "--rm", image.config.image_id) == "made\n"
    finally:
        docker_cli("rmi", "--force", image.config.image_id)


def test_config_of_a_base_is_known_to_the_letter(bench: Bench) -> None:
    """Which the API alone does not tell: fractions of seconds, and what made an empty layer."""
    image = metadata_step(bench, bench.step(bench.base, "true"))
    again = connect(bench.engine.info().address)
    try:
        found = again.image(image.id)
        base = again.find_image("busybox:noconfig")
    finally:
        again.close()
    assert found is not None
    assert found.config == image.config
    assert base is not None
    assert "." in base.config.history[0].created


def test_each_platform_of_an_index_can_be_built_on(bench: Bench, registry: str) -> None:
    name = f"{registry}/dockernb-{uuid4().hex}:all"
    platforms = Platform("linux", "amd64"), Platform("linux", "arm64")
    push_index(bench, name, platforms)
    docker28("pull", "--quiet", name)
    engine = bench.engine
    for platform in (*reversed(platforms), *platforms):
        image = engine.find_image(name, platform) or engine.pull(
            name, platform, lambda _: None, NEVER
        )
        assert image.config.platform == platform
        with engine.create(image.id, replace(shell("true"), platform=platform)) as container:
            container.write([tar_of([("new", b"")])])
            made = bench.commit(container, next_config(image, "COPY"))
        assert made.config.platform == platform
        with engine.open_image(made.id) as view:
            assert b"".join(view.read("/is")).count(platform.architecture.encode()) == 1


def push_index(bench: Bench, name: str, platforms: tuple[Platform, ...]) -> None:
    """An image for each platform, with a file that says which."""
    client, reference, entries = RegistryClient(), Reference.parse(name), []
    try:
        for platform in platforms:
            base = bench.engine.scratch(ImageConfig(platform))
            bench.made.append(base)
            image = bench.files(base, [("is", platform.architecture.encode())])
            part = f"{name.rpartition(':')[0]}:{platform.architecture}"
            bench.engine.tag(image.id, part)
            digest = bench.engine.push(part, lambda _: None, NEVER)
            docker28("rmi", "--force", part)
            found = client.resolve(Reference.parse(part), platform, cancel=NEVER)
            size = len(found.manifest.to_bytes())
            entries.append(Descriptor(found.manifest.media_type, digest, size, platform))
        client.push_manifest(reference, Index(tuple(entries)).to_bytes(), OCI_INDEX, cancel=NEVER)
    finally:
        client.close()


def test_doctor_names_no_limit(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    result = CliRunner().invoke(commands, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(result.output)["checks"]}
    assert checks["engine docker"]["ok"]
    assert "version 28." in checks["engine docker"]["detail"]
