from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.base import ContainerSpec, Engine
from dockernb.engines.docker import connect
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.oci.config import ImageConfig, RuntimeConfig
from dockernb.session import Session, SessionOptions
from tests.conftest import need_rung
from tests.integration.docker.cleaning import Cleaner
from tests.testbed import Layout
from tests.testbed.images import make_tar
from tests.testbed.process import SYSTEM_PATH

from .answers import TOKEN, Bench


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One build cache for all answers: each package is installed once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("DOCKERNB_HOME", str(folder))
        yield folder


@pytest.fixture(scope="package")
def embedded(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A session on the embedded engine, which has a base of Debian."""
    engine = EmbeddedEngine(tmp_path_factory.mktemp("store"), rung=1)
    need_rung(engine, 1)
    _make_base(engine)
    session = Session(SessionOptions(secrets={"token": TOKEN}), connect=lambda _: engine)
    yield Bench(session)
    session.close()


def _make_base(engine: Engine) -> None:
    layout = Layout.from_environment()
    with layout.locked():
        tar = make_tar(layout, "bookworm-slim.tar")
    runtime = RuntimeConfig(cmd=("bash",), env=(f"PATH={SYSTEM_PATH}",))
    scratch = engine.scratch(ImageConfig(engine.info().platform))
    with engine.create(scratch.id, ContainerSpec()) as container, tar.open("rb") as file:
        container.write(iter(lambda: file.read(1 << 20), b""))
        image = container.commit(ImageConfig(engine.info().platform, runtime), layer=True)
    engine.tag(image.id, "debian:bookworm-slim")


@pytest.fixture
def docker(docker_host: str, home: Path) -> Iterator[Bench]:
    """A session on Docker; what it made is removed."""
    engine = connect(docker_host)
    bench = Bench(Session(SessionOptions(), connect=lambda _: engine))
    with Cleaner(docker_host) as cleaner:
        yield bench
        cleaner.images += sorted(bench.made)
        bench.session.close()
