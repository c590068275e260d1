"""What is particular to the Docker engine, on a real daemon."""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.image_tree import read_tree
from dockernb.engines.base import ContainerSpec, Mount
from dockernb.engines.docker import DockerEngine, connect
from dockernb.engines.docker.api import DockerApi
from dockernb.engines.docker.diff import api_diff, local_diff
from dockernb.engines.docker.errors import from_message
from dockernb.engines.docker.output import ContainerOutput
from dockernb.errors import BuildError, EngineNotAvailableError, InternalError
from dockernb.oci.config import Healthcheck, HistoryEntry, ImageConfig, RuntimeConfig
from tests.conformance.bench import Bench, next_config, run, shell, tar_of
from tests.integration.docker.cleaning import Cleaner
from tests.integration.docker.proxy import CutProxy

pytestmark = pytest.mark.docker

INIT_DIED = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: waiting for init preliminary setup: "
    "read init-p: connection reset by peer: unknown"
)
NO_USER = "unable to find user nobody-here: no matching entries in passwd file"


def test_config_on_the_daemon_is_the_wanted_one(bench: Bench, cleaner: Cleaner) -> None:
    """Trap T1: on a base without any config, nothing of the RUN may become the image's."""
    image = bench.step(bench.base, "echo hi >/f")
    found = cleaner.inspect(image.id)
    assert {key: value for key, value in found["Config"].items() if value} == {}
    assert found["RootFS"]["Layers"] == list(image.config.diff_ids)
    assert found["Parent"] == bench.base.id


def test_full_config_is_kept(bench: Bench, docker_host: str) -> None:
    """What another engine object reads is what was committed."""
    runtime = RuntimeConfig(
        user="1:2",
        exposed_ports=("80/tcp",),
        env=("A=1", "B="),
        entrypoint=(),
        cmd=("a", "b"),
        volumes=("/v",),
        working_dir="/w",
        labels={"x": "y"},
        stop_signal="SIGINT",
        healthcheck=Healthcheck(("CMD", "true"), interval=10**9, start_interval=2 * 10**9),
        onbuild=("RUN true",),
        shell=("/bin/sh", "-ec"),
    )
    config = ImageConfig(bench.base.config.platform, runtime, "me", "2026-01-01T00:00:00Z")
    image = bench.step(bench.base, "echo hi >/f", config)
    other = connect(docker_host)
    found = other.image(image.id)
    other.close()
    assert found is not None
    assert found.config.to_bytes() == image.config.to_bytes()


def test_remote_reading_of_a_config(bench: Bench, docker_host: str, tmp_path: Path) -> None:
    """Where the daemon's disk is out of reach, all but fractions of seconds is the same."""
    with CutProxy(docker_host, tmp_path) as proxy:
        remote = connect(proxy.address)
        found = remote.find_image("busybox:latest")
        remote.close()
    exact = bench.engine.find_image("busybox:latest")
    assert found is not None
    assert exact is not None
    assert found.config.runtime == exact.config.runtime
    assert found.config.diff_ids == exact.config.diff_ids
    assert [entry.comment for entry in found.config.history] == ["Imported from -"]
    assert [entry.empty_layer for entry in found.config.history] == [False]


def test_history_that_does_not_fit_is_our_bug(bench: Bench) -> None:
    with (
        bench.engine.create(bench.base.id, ContainerSpec()) as container,
        pytest.raises(InternalError, match="2 entries"),
    ):
        container.commit(next_config(bench.base, "ENV"), layer=False)


def test_both_diffs_say_the_same(bench: Bench, engine: DockerEngine) -> None:
    parent = bench.step(
        bench.base,
        "mkdir -p /a/b/c /d/e /again /mode; echo 1 >/a/f; echo 1 >/a/b/g; echo 1 >/d/e/f;"
        "echo 1 >/again/x; ln -s f /a/l; mkdir /file; echo 1 >/file/x; echo 1 >/mode/x",
    )
    parent = bench.step(parent, "rm /a/f; rm -r /again; mkdir /again; echo 2 >/again/y")
    script = (
        "echo 1 >/a/f; rm /a/b/g; rm -r /d; rm -r /again; mkdir /again; echo 3 >/again/z;"
        "ln -sf t /a/l; rm -r /file; echo x >/file; chmod 700 /mode; echo 2 >/mode/x; mkfifo /p;"
        "chown 1:2 /etc/passwd; mkdir -p /n/m; echo 1234 >/n/m/f; chmod 4755 /n/m/f; touch /bin"
    )
    with engine.create(parent.id, shell(script)) as container:
        assert run(container) == (0, "")
        local = local_diff(engine._api, engine._disk, container.id)
        api = api_diff(engine._api, container.id, lambda: engine._open_archive(parent.id))
    if os.geteuid() == 0 and sys.platform == "linux":
        assert local is not None, "the testbed's daemon is local"
        assert sorted(local, key=lambda e: e.path) == sorted(api, key=lambda e: e.path)
    assert "/mode" in {entry.path for entry in api}
    assert "/again" not in {entry.path for entry in api}


def test_diff_of_very_deep_directories(bench: Bench) -> None:
    """More of them than there may be open files: slower, but an answer."""
    script = "i=0; while [ $i -lt 1500 ]; do mkdir d; cd d; i=$((i+1)); done; echo 1 >f"
    assert len(bench.diff(script)) >= 1000


def test_marks_that_a_container_sets_are_not_believed(bench: Bench) -> None:
    """`user.overlay.opaque` hides nothing where the daemon uses trusted attributes."""
    info = tarfile.TarInfo("etc")
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    info.pax_headers = {"SCHILY.xattr.user.overlay.opaque": "y"}
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        container.write([tar_of([info, ("etc/new", b"1")])])
        deleted = [entry for entry in container.diff().entries if entry.change == "D"]
    assert deleted == []


def test_tag(bench: Bench, engine: DockerEngine, cleaner: Cleaner) -> None:
    image = bench.step(bench.base, "true")
    engine.tag(image.id, "localhost:5000/dockernb-test:one")
    cleaner.images.append("localhost:5000/dockernb-test:one")
    assert "localhost:5000/dockernb-test:one" in engine.local_references()
    found = engine.find_image("localhost:5000/dockernb-test:one")
    assert found is not None
    assert found.id == image.id


def test_healthcheck_of_the_parent_does_not_run(bench: Bench, cleaner: Cleaner) -> None:
    health = Healthcheck(("CMD", "true"), interval=10**9)
    config = next_config(bench.base, "H", layer=False).with_runtime(healthcheck=health)
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        parent = bench.commit(container, config, layer=False)
    with bench.engine.create(parent.id, shell("true")) as container:
        found = cleaner.client.inspect_container(container.id)
    assert found["Config"]["Healthcheck"]["Test"] == ["NONE"]


def test_chain_shows_only_its_end(bench: Bench, cleaner: Cleaner) -> None:
    first = bench.step(bench.base, "echo 1 >/1")
    second = bench.step(first, "echo 2 >/2")
    shown = {image["Id"] for image in cleaner.client.images()}
    assert second.id in shown
    assert first.id not in shown


def test_history_reaches_docker_history(bench: Bench, cleaner: Cleaner) -> None:
    image = bench.step(bench.base, "echo 1 >/1")
    assert cleaner.created_by(image.id) == "echo 1 >/1"
    assert image.config.history[-1] == HistoryEntry("2026-01-01T00:00:00Z", "echo 1 >/1")


@pytest.mark.parametrize("remote", [False, True])
def test_files_that_the_daemon_lays_into_containers_are_in_no_image(
    bench: Bench, docker_host: str, tmp_path: Path, remote: bool
) -> None:
    with CutProxy(docker_host, tmp_path) as proxy:
        engine = connect(proxy.address if remote else docker_host)
        with engine.open_image(bench.base.id) as view:
            assert view.stat("/etc/hosts") is None
            assert view.stat("/etc/passwd") is not None
            paths = set(read_tree(view.read("/")))
        engine.close()
    assert "/etc/passwd" in paths
    assert not paths & {"/.dockerenv", "/etc/hosts", "/etc/mtab", "/dev/console", "/dev/pts"}


class BrokenRuntime:
    """The daemon's first refusals to start containers, in place of its answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *refusals: str) -> None:
        self.refusals = list(refusals)
        answer = DockerApi.request

        def request(api: DockerApi, method: str, path: str, **rest: Any) -> Any:
            if path.endswith("/start") and self.refusals:
                raise from_message(self.refusals.pop(0), 500)
            return answer(api, method, path, **rest)

        monkeypatch.setattr(DockerApi, "request", request)


def test_runtime_that_broke_before_the_command_ran_is_asked_once_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = BrokenRuntime(monkeypatch, INIT_DIED)
    with bench.engine.create(bench.base.id, shell("echo once >>/f; cat /f")) as container:
        assert run(container) == (0, "once\n")
    assert not runtime.refusals


@pytest.mark.parametrize("refusals", [(INIT_DIED, INIT_DIED), (NO_USER,)])
def test_runtime_that_breaks_again_or_refuses_is_an_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, refusals: tuple[str, ...]
) -> None:
    runtime = BrokenRuntime(monkeypatch, *refusals)
    with (
        bench.engine.create(bench.base.id, shell("true")) as container,
        pytest.raises(BuildError, match="could not be started"),
    ):
        run(container)
    assert not runtime.refusals


def test_daemon_lost_at_the_start_leaves_no_connection(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, closed = DockerApi.request, list[ContainerOutput]()

    def request(api: DockerApi, method: str, path: str, **rest: Any) -> Any:
        if path.endswith("/start"):
            raise api.lost(ConnectionResetError("gone"))
        return answer(api, method, path, **rest)

    def close(output: ContainerOutput) -> None:
        closed.append(output)

    monkeypatch.setattr(DockerApi, "request", request)
    monkeypatch.setattr(ContainerOutput, "close", close)
    with (
        bench.engine.create(bench.base.id, shell("true")) as container,
        pytest.raises(EngineNotAvailableError),
    ):
        run(container)
    (output,) = closed
    monkeypatch.undo()
    output.close()


def test_a_mount_over_what_the_daemon_mounts_itself_is_explained(bench: Bench) -> None:
    mount = Mount("bind", "/etc", files=lambda name: [tar_of([folder(name)])], read_only=True)
    with (
        bench.engine.create(bench.base.id, shell("true", mounts=(mount,))) as container,
        pytest.raises(BuildError) as refused,
    ):
        run(container)
    assert 'The mount at "/etc" hides' in (refused.value.hint or "")
    with (
        bench.engine.create(bench.base.id, shell("true", user="stranger")) as container,
        pytest.raises(BuildError) as refused,
    ):
        run(container)
    assert "useradd" in (refused.value.hint or "")


def folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def test_link_that_leads_to_itself_is_a_link(bench: Bench) -> None:
    image = bench.step(bench.base, "ln -s loop /loop")
    with bench.engine.open_image(image.id) as view:
        found = view.stat("/loop")
    assert found is not None
    assert (found.type, found.link_target) == ("symlink", "loop")
