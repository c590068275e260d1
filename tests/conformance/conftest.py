"""Docker that is elsewhere: the testbed's own over TLS, ssh and a context; others; Podman."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dockernb.engines.docker import DockerEngine, connect
from tests.conformance.bench import Bench
from tests.conftest import named
from tests.integration.docker.cleaning import Cleaner
from tests.integration.docker.proxy import CutProxy
from tests.testbed import tls
from tests.testbed.process import run


@pytest.fixture(scope="module")
def tls_engine(tls_environment: dict[str, str]) -> Iterator[DockerEngine]:
    with connected(tls_environment) as engine:
        yield engine


@pytest.fixture(scope="module")
def ssh_engine(ssh_environment: dict[str, str]) -> Iterator[DockerEngine]:
    with connected(ssh_environment) as engine:
        yield engine


@pytest.fixture(scope="module")
def context_engine(docker_root: Path, tls_environment: dict[str, str]) -> Iterator[DockerEngine]:
    """A context that Docker's own command line made and chose, with its TLS files."""
    address = tls_environment["DOCKER_HOST"]
    with tempfile.TemporaryDirectory(dir=docker_root / "tmp", prefix="context-") as config:
        cli = ["chroot", str(docker_root), "docker", "--config", f"/tmp/{Path(config).name}"]
        files = ",".join(f"{name}={tls.FOLDER}/{name}.pem" for name in ("ca", "cert", "key"))
        docker = f"host={address},{files}"
        run([*cli, "context", "create", "elsewhere", "--docker", docker])
        run([*cli, "context", "use", "elsewhere"])
        with connected({"DOCKER_CONFIG": config}) as engine:
            assert engine.info().address == address
            assert engine.info().way == 'TLS, context "elsewhere"'
            yield engine


@pytest.fixture(scope="module")
def docker20_engine() -> Iterator[DockerEngine]:
    with connected({"DOCKER_HOST": named("docker20", "DOCKERNB_TEST_DOCKER20_HOST")}) as engine:
        assert engine.info().version.startswith("20.10.")
        yield engine


@pytest.fixture(scope="module")
def docker28_engine() -> Iterator[DockerEngine]:
    """With the containerd image store."""
    with connected({"DOCKER_HOST": named("docker28", "DOCKERNB_TEST_DOCKER28_HOST")}) as engine:
        assert engine.info().version.startswith("28.")
        yield engine


@pytest.fixture(scope="module")
def podman_engine() -> Iterator[DockerEngine]:
    with connected({"DOCKER_HOST": named("podman", "DOCKERNB_TEST_PODMAN_HOST")}) as engine:
        assert engine.info().version.startswith("Podman ")
        again = connect()
        assert again.info() == engine.info()  # the cache is kept by what it says of itself
        again.close()
        yield engine


@pytest.fixture
def tls_bench(docker_host: str, tls_engine: DockerEngine) -> Iterator[Bench]:
    yield from bench_on(tls_engine, docker_host)


@pytest.fixture
def ssh_bench(docker_host: str, ssh_engine: DockerEngine) -> Iterator[Bench]:
    yield from bench_on(ssh_engine, docker_host)


@pytest.fixture
def context_bench(docker_host: str, context_engine: DockerEngine) -> Iterator[Bench]:
    yield from bench_on(context_engine, docker_host)


@pytest.fixture
def docker20_bench(docker20_engine: DockerEngine) -> Iterator[Bench]:
    yield from bench_on(docker20_engine, docker20_engine.info().address)


@pytest.fixture
def docker28_bench(docker28_engine: DockerEngine) -> Iterator[Bench]:
    host = docker28_engine.info().address
    yield from bench_on(docker28_engine, host, named_by_config=False)


@pytest.fixture
def podman_bench(podman_engine: DockerEngine) -> Iterator[Bench]:
    yield from bench_on(podman_engine, podman_engine.info().address)


@pytest.fixture
def far_podman_bench(podman_engine: DockerEngine, tmp_path: Path) -> Iterator[Bench]:
    """Podman whose disk is out of reach."""
    host = podman_engine.info().address
    with CutProxy(host, tmp_path) as proxy, connected({"DOCKER_HOST": proxy.address}) as engine:
        yield from bench_on(engine, host)


@contextmanager
def connected(environment: dict[str, str]) -> Iterator[DockerEngine]:
    """An engine that is found as a reader's is: by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        engine = connect()
        yield engine
        engine.close()


def bench_on(engine: DockerEngine, host: str, *, named_by_config: bool = True) -> Iterator[Bench]:
    """With the base image, and what was made removed at the end, through the socket `host`."""
    base = engine.find_image("busybox:noconfig")
    assert base is not None
    with Cleaner(host) as cleaner:
        bench = Bench(engine, base, named_by_config=named_by_config)
        yield bench
        cleaner.images += [image.id for image in bench.made]
