"""A Docker with the containerd image store, on which nothing can be built: it is said at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dockernb.cli import commands
from dockernb.engines.docker import connect
from dockernb.errors import UnsupportedByEngineError
from tests.conformance.bench import shell
from tests.conftest import missing
from tests.testbed import Layout, api, images, namespace
from tests.testbed.process import is_alive, run, start_daemon, stop, system_environment, wait_until

pytestmark = pytest.mark.docker

NAME = "containerd-store"


@pytest.fixture(scope="module")
def store_host(docker_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another daemon from the testbed's root, without a network, with busybox."""
    if os.geteuid() != 0:
        missing("docker", "starting a daemon in the testbed's root needs root")
    work = tmp_path_factory.mktemp("store")
    config = docker_root / f"etc/{NAME}.json"
    config.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
    mark = f"--pidfile=/run/{NAME}.pid"
    daemon = ["/usr/sbin/dockerd", mark, f"--config-file=/etc/{NAME}.json", "--group=0"]
    daemon += [f"--host=unix:///run/{NAME}.sock", "--bridge=none", "--iptables=false"]
    daemon += [f"--data-root=/var/lib/{NAME}", f"--exec-root=/run/{NAME}"]
    socket, pid_file = docker_root / f"run/{NAME}.sock", work / "pid"
    pid = start_daemon(namespace.inside(docker_root, daemon), work / "log")
    pid_file.write_text(str(pid))
    try:
        wait_until(lambda: api.answers(socket) or not is_alive(pid), 60)
        assert api.answers(socket), (work / "log").read_text()
        client = ["chroot", str(docker_root), "docker", f"--host=unix:///run/{NAME}.sock"]
        tar = images.make_tar(Layout.from_environment(), "busybox.tar")
        run([*client, "import", "-", "busybox:noconfig"], stdin=tar)
        yield f"unix://{socket}"
    finally:
        stop(pid_file, docker_root, ("dockerd", mark))
        left = [config, docker_root / f"var/lib/{NAME}", docker_root / f"run/{NAME}"]
        run(["rm", "-rf", "--one-file-system", *map(str, left)], environment=system_environment())


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
