"""A base made once on each engine, of the real packages of this machine's mirror."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockernb.bases.debian import MadeBase, make_base
from dockernb.bases.name import BaseName
from dockernb.bases.report import Moment, Reporter
from dockernb.engines.base import ContainerSpec, Engine
from dockernb.engines.docker import connect
from tests.integration.docker.cleaning import Cleaner

TAG = "dockernb-test-base:bookworm-slim"


@dataclass(frozen=True)
class Made:
    """A base, the engine that has it, and what was told while it was made."""

    engine: Engine
    base: MadeBase
    moments: tuple[Moment, ...]

    def run(self, script: str, image: str | None = None) -> str:
        """What a shell script prints in a container of the base, or of another image."""
        output: list[bytes] = []
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        spec = ContainerSpec(command=("/bin/sh", "-ec", script), env=environment)
        with self.engine.create(image or self.base.image.id, spec) as container:
            code = container.run(output.append, threading.Event())
        text = b"".join(output).decode()
        assert code == 0, text
        return text


@pytest.fixture(scope="module")
def docker_engine(docker_host: str) -> Iterator[Engine]:
    with Cleaner(docker_host) as cleaner:
        engine = connect(docker_host)
        yield engine
        image = engine.find_image(TAG)
        engine.close()
        cleaner.images += [TAG, *([image.id] if image else [])]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where lists and packages are kept."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module", params=["docker"])
def made(request: pytest.FixtureRequest, downloads: Path) -> Made:
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    moments: list[Moment] = []
    base = make_base(
        engine,
        BaseName.parse("debian:bookworm-slim"),
        downloads,
        tag=TAG,
        reporter=Reporter(moment=moments.append),
        cancel=threading.Event(),
    )
    return Made(engine, base, tuple(moments))
