"""An engine on the real daemon, and what cleans up behind the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dockernb.engines.docker import DockerEngine, connect
from tests.conformance.bench import Bench
from tests.integration.docker.cleaning import Cleaner


@pytest.fixture
def cleaner(docker_host: str) -> Iterator[Cleaner]:
    with Cleaner(docker_host) as cleaner:
        yield cleaner


@pytest.fixture
def engine(docker_host: str, cleaner: Cleaner) -> Iterator[DockerEngine]:
    engine = connect(docker_host)
    yield engine
    engine.close()  # before the cleaner: it waits for the removals


@pytest.fixture
def bench(engine: DockerEngine, cleaner: Cleaner) -> Iterator[Bench]:
    base = engine.find_image("busybox:noconfig")
    assert base is not None
    bench = Bench(engine, base)
    yield bench
    cleaner.images += [image.id for image in bench.made]
