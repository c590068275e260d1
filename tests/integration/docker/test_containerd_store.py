"""A Docker with the containerd image store, on which nothing can be built: it is said at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dockernb.cli import commands
from dockernb.engines.docker import connect
from dockernb.errors import UnsupportedByEngineError
from tests.conformance.bench import shell

from .own_daemon import own_daemon

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def store_host(docker_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another daemon from the testbed's root, without a network, with busybox."""
    features = {"containerd-snapshotter": True}
    work = tmp_path_factory.mktemp("store")
    with own_daemon(docker_root, "containerd-store", work, features) as daemon:
        yield daemon.host


def test_a_step_is_refused_before_anything_runs(store_host: str) -> None:
    engine = connect(store_host)
    base = engine.find_image("busybox:noconfig")
    assert base is not None
    engine.prepare(base.id, shell("true"))
    with pytest.raises(UnsupportedByEngineError) as refused, engine.create(base.id, shell("true")):
        pass
    with engine.open_image(base.id) as view:
        assert view.stat("/bin/busybox") is not None
    engine.close()
    text = refused.value.format_message()
    assert "containerd image store" in text
    assert "%engine embedded" in text


def test_doctor_says_so(store_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", store_host)
    result = CliRunner().invoke(commands, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(result.output)["checks"]}
    assert not checks["engine docker"]["ok"]
    assert "nothing can be built" in checks["engine docker"]["detail"]
    assert "containerd-snapshotter" in checks["engine docker"]["todo"]
