"""Bad input and bad luck: each a clear error, with nothing lost and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import docker
import pytest
import requests
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from dockernb.build.events import BuildEvent, StepFinished
from dockernb.build.result import StepResult
from dockernb.engines.docker import DockerEngine
from dockernb.engines.docker.api import DockerApi
from dockernb.engines.docker.errors import from_response
from dockernb.engines.docker.owner import this_process
from dockernb.errors import (
    DockernbError,
    EngineNotAvailableError,
    ImageNotFoundError,
    InstructionFailedError,
    NoStageError,
    NotInBuildContextError,
    RegistryError,
    StorageFullError,
    UnknownInstructionError,
)
from dockernb.oci.digest import short_id
from dockernb.session import CellText, Session, SessionOptions
from tests.functional.kernel.client import started
from tests.integration.docker.proxy import CutProxy

E = TypeVar("E", bound=DockernbError)

BASE = "FROM busybox:noconfig"
TMPFS_SIZE = 512 * 1024


class Notebook:
    """A session, its cells, and what the steps of the newest cell ended with."""

    def __init__(self, context: Path) -> None:
        self.session = Session(SessionOptions(engine="docker", context=context))
        self.cells: dict[str, str] = {}
        self.steps: list[StepResult] = []

    def run(self, cell: str, source: str) -> list[StepResult]:
        """Runs a cell; it is appended to the notebook, or edited where it is."""
        self.cells[cell] = source
        self.steps = []
        order = [CellText(name, text) for name, text in self.cells.items()]
        return self.session.run_cell(
            source, cell_id=cell, order=order, listener=self._listen, cancel=threading.Event()
        )

    def _listen(self, event: BuildEvent) -> None:
        if isinstance(event, StepFinished):
            self.steps.append(event.result)

    def fails(self, cell: str, source: str, kind: type[E], *, line: int = 1) -> E:
        """Runs a cell that must fail with `kind` at `line` of the cell."""
        with pytest.raises(kind) as caught:
            self.run(cell, source)
        error = caught.value
        assert type(error) is kind
        assert error.where is not None
        assert (error.where.source, error.where.line) == (source, line)
        if self.steps:
            assert self.steps[-1].status == "failed"
            assert self.steps[-1].error is error
            assert self.steps[-1].snapshot is None
        return error

    def snapshot(self) -> str:
        """The newest snapshot of the notebook, as errors write it."""
        return short_id(self.session.image_of().image_id)


@pytest.fixture
def daemon(docker_host: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=docker_host)
    yield client
    client.close()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "app.py").write_text("print()\n")
    return folder


@pytest.fixture
def notebook(
    docker_host: str,
    daemon: docker.APIClient,
    context: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Notebook]:
    """A notebook on the real engine, with a cache of its own. It leaves no container behind."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path / "home"))
    notebook = Notebook(context)
    yield notebook
    notebook.session.close()
    assert not containers(daemon, this_process().mark)


def containers(daemon: docker.APIClient, mark: str) -> list[str]:
    found = daemon.containers(all=True, filters={"name": f"^/{mark}"})
    return [str(container["Names"]) for container in found]


def stands(notebook: Notebook) -> str:
    return f"No snapshot was committed; snapshot {notebook.snapshot()} still stands."


# --- the text ---------------------------------------------------------------------------------
def test_unknown_instruction(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("a", "# typo\nRUN true\nRUM true", UnknownInstructionError, line=3)
    assert error.message == 'unknown instruction "RUM" (did you mean RUN?)'
    assert error.state == "Nothing of this cell was run."
    assert not notebook.steps


@pytest.mark.parametrize("above", ["", "ARG A=1\n\n"])
def test_instruction_before_any_from(notebook: Notebook, above: str) -> None:
    line = above.count("\n") + 1
    error = notebook.fails("a", f"{above}RUN true", NoStageError, line=line)
    assert error.message == "RUN before any FROM"
    assert error.rule == "A build begins with FROM; only ARG may stand before it."
    assert "`FROM debian:bookworm-slim`" in (error.hint or "")
    assert error.state == "No snapshot was committed."


@pytest.mark.parametrize("source", ["# only\n  # comments", "", "\n \n"])
def test_a_cell_of_comments_does_nothing(notebook: Notebook, source: str) -> None:
    notebook.run("from", BASE)
    before = notebook.snapshot()
    assert notebook.run("comments", source) == []
    assert not notebook.steps
    assert notebook.snapshot() == before
    assert notebook.run("run", "RUN true")[0].status == "built"


# --- images and registries --------------------------------------------------------------------
def test_image_that_the_registry_does_not_have(notebook: Notebook, registry: str) -> None:
    error = notebook.fails("from", f"FROM {registry}/nothing:1", ImageNotFoundError)
    assert f'"{registry}/nothing:1"' in error.message
    assert "not found" in (error.rule or "")
    assert f"`docker login {registry}`" in (error.hint or "")
    assert error.state == "No snapshot was committed."
    assert notebook.run("from", BASE)[0].status == "built"


def test_registry_that_does_not_answer(notebook: Notebook) -> None:
    error = notebook.fails("from", "\nFROM 127.0.0.1:1/x", RegistryError, line=2)
    assert '"127.0.0.1:1"' in error.message
    assert "connection refused" in (error.rule or "")
    assert "`docker login 127.0.0.1:1`" in (error.hint or "")
    assert error.state == "No snapshot was committed."


def test_a_dead_registry_below_a_snapshot_leaves_it(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("copy", "COPY --from=127.0.0.1:1/x /a /b", RegistryError)
    assert error.state == stands(notebook)
    assert notebook.run("copy", "COPY app.py /b")[0].status == "built"


# --- the daemon -------------------------------------------------------------------------------
@pytest.fixture
def away(docker_host: str, tmp_path: Path) -> Iterator[CutProxy]:
    """A daemon that does not answer until it is mended."""
    proxy = CutProxy(docker_host, tmp_path)
    yield proxy
    proxy.cut()


def test_no_daemon_and_then_it_is_back(
    away: CutProxy, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", away.address)
    with pytest.raises(EngineNotAvailableError) as caught:
        notebook.run("from", BASE)
    error = caught.value
    assert error.message == "no Docker daemon answers"
    assert f"{away.address} (DOCKER_HOST): no such socket" in (error.rule or "")
    assert "`dockernb doctor`" in (error.hint or "")
    away.mend()
    assert notebook.run("from", BASE)[0].status == "built"
    engine = notebook.session.engine()
    assert isinstance(engine, DockerEngine)
    away.cut()
    with pytest.raises(EngineNotAvailableError, match=away.address):
        notebook.run("run", "RUN true")
    away.mend()
    assert notebook.run("run", "RUN true")[0].status == "built"


def test_the_kernel_goes_on_when_the_daemon_is_back(
    away: CutProxy, tmp_path: Path, daemon: docker.APIClient
) -> None:
    environment = {
        "DOCKER_HOST": away.address,
        "DOCKERNB_ENGINE": "docker",
        "DOCKERNB_HOME": str(tmp_path / "home"),
    }
    with started("dockernb.kernel", tmp_path, **environment) as kernel:
        provisioner = kernel.manager.provisioner
        assert isinstance(provisioner, LocalProvisioner)
        mark = mark_of(provisioner.pid or 0)
        ran = kernel.run(BASE, cell_id="from")
        assert ran.reply["ename"] == "EngineNotAvailableError"
        assert f"{away.address} (DOCKER_HOST): no such socket" in ran.traceback
        assert "dockernb doctor" in ran.traceback
        away.mend()
        assert kernel.run(BASE, cell_id="from").reply["status"] == "ok"
        ran = kernel.run("RUN true", cell_id="run")
        assert [card["status"] for card in ran.cards] == ["built"]
    assert not containers(daemon, mark)


def mark_of(pid: int) -> str:
    """What the names of all containers of another process of this machine begin with."""
    here = this_process()
    return f"dockernb-{here.host}-{here.boot}-{pid}-"


# --- the build context ------------------------------------------------------------------------
def test_copy_of_a_missing_file(notebook: Notebook, context: Path) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("copy", "# take it\nCOPY ap.py /srv/", NotInBuildContextError, line=2)
    assert error.message == 'COPY source "ap.py" is not in the build context'
    assert error.rule == f"build context: {context} (1 file)."
    assert error.hint == "Did you mean app.py?"
    assert error.state == stands(notebook)
    assert notebook.run("copy", "COPY app.py /srv/")[0].status == "built"


@pytest.mark.parametrize("source", ["nothing/like/it", "../app.txt"])
def test_copy_of_what_is_nowhere_near(notebook: Notebook, source: str) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("copy", f"COPY {source} /srv/", NotInBuildContextError)
    assert "`%context FOLDER`" in (error.hint or "")
    assert ("does not lead out" in (error.rule or "")) == source.startswith("..")


@pytest.mark.parametrize(
    ("ignore", "path", "line", "pattern"),
    [
        ("# notes\n\n*.log\n", "build.log", 3, "*.log"),
        ("secret\n", "secret/key", 1, "secret"),
        ("**\n!*.py\napp.*\n", "app.py", 3, "app.*"),
    ],
)
def test_copy_of_an_ignored_file(
    notebook: Notebook, context: Path, ignore: str, path: str, line: int, pattern: str
) -> None:
    (context / path).parent.mkdir(exist_ok=True)
    (context / path).write_text("x")
    (context / ".dockerignore").write_text(ignore)
    notebook.run("from", BASE)
    error = notebook.fails("copy", f"COPY {path} /srv/", NotInBuildContextError)
    reason = f'The file exists but .dockerignore line {line} ("{pattern}") excludes it.'
    assert reason in (error.rule or "")
    assert error.state == stands(notebook)
    assert error.hint == f"Remove that line, or add `!{path}` below it."
    with (context / ".dockerignore").open("a") as file:
        file.write(f"!{path}\n")
    assert notebook.run("copy", f"COPY {path} /srv/")[0].status == "built"


# --- the command ------------------------------------------------------------------------------
def test_failing_command_leaves_the_snapshot_to_build_on(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    notebook.run("above", "RUN echo kept > /kept")
    count = "seq 1 30; echo broken; exit 3"
    error = notebook.fails(
        "a", f"# why\nRUN touch /half && \\\n  {count}", InstructionFailedError, line=2
    )
    assert error.message == "RUN ended with exit code 3"
    assert error.command_exit_code == 3
    assert error.output_tail.splitlines() == [*map(str, range(22, 31)), "broken"]
    assert error.rule == f"started from snapshot {notebook.snapshot()} as root in /"
    assert error.state == stands(notebook)
    assert error.hint == "Correct the cell and run it again."
    assert notebook.steps[0].container is not None
    assert notebook.steps[0].container.exit_code == 3
    parent = notebook.session.image_of().image_id
    (corrected,) = notebook.run("a", "RUN cat /kept; ls /half 2>&1 || true")
    assert corrected.snapshot is not None
    assert corrected.snapshot.parent == parent
    assert corrected.log.text.splitlines()[0] == "kept"
    assert "No such file" in corrected.log.text


@pytest.mark.parametrize(
    ("command", "code", "hint"),
    [
        ("RUN nosuchcommand", 127, "install it in a cell above"),
        ('RUN ["/nosuchcommand"]', 127, "install it in a cell above"),
        ("RUN /etc/passwd", 126, "`ls -l`"),
    ],
)
def test_command_that_cannot_be_executed(
    notebook: Notebook, command: str, code: int, hint: str
) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("a", command, InstructionFailedError)
    assert error.command_exit_code == code
    assert error.output_tail
    assert hint in (error.hint or "")
    assert error.state == stands(notebook)


def test_unknown_user_is_met_at_the_next_run(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    with pytest.raises(DockernbError, match="nosuchuser") as caught:
        notebook.run("a", "USER nosuchuser\nRUN id")
    error = caught.value
    assert error.where is not None
    assert error.where.line == 2
    user = notebook.steps[0].snapshot
    assert user is not None
    assert f"snapshot {user.short_id} still stands" in (error.state or "")


def test_snapshot_above_the_failing_line_of_a_cell_is_in_the_cache(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    error = notebook.fails("a", "RUN echo first\nRUN exit 4", InstructionFailedError, line=2)
    first = notebook.steps[0].snapshot
    assert first is not None
    assert error.state == f"No snapshot was committed; snapshot {first.short_id} still stands."
    again, second = notebook.run("a", "RUN echo first\nRUN true")
    assert (again.status, second.status) == ("cached", "built")
    assert again.snapshot is not None
    assert again.snapshot.id == first.id


# --- full disks -------------------------------------------------------------------------------
@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_cache_disk_full_from_the_start_costs_no_snapshot(
    small_disk: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is told once; the steps of this session are remembered all the same."""
    monkeypatch.setenv("DOCKERNB_HOME", str(small_disk / "home"))
    fill(small_disk)
    (base,) = notebook.run("from", BASE)
    assert base.status == "built"
    (warning,) = base.warnings
    assert "the disk of the build cache is full" in warning
    assert str(small_disk) in warning
    (built,) = notebook.run("a", "RUN echo x > /x")
    assert (built.status, built.warnings) == ("built", ())
    (again,) = notebook.run("a", "RUN echo x > /x")
    assert again.status == "cached"


def test_cache_disk_that_fills_up_costs_no_snapshot(
    small_disk: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More output than the disk has room for: the step stands, with a warning on its card."""
    monkeypatch.setenv("DOCKERNB_HOME", str(small_disk / "home"))
    notebook.run("from", BASE)
    fill(small_disk)
    (built,) = notebook.run("a", "RUN head -c 200000 /dev/urandom | base64 && echo x > /x")
    assert built.status == "built"
    assert built.snapshot is not None
    assert any("not in the cache" in warning and "full" in warning for warning in built.warnings)
    (below,) = notebook.run("b", "RUN cat /x")
    assert below.snapshot is not None
    assert below.snapshot.parent == built.snapshot.id


def test_command_that_fills_its_disk(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    mount = "--mount=type=tmpfs,size=1m,target=/t"
    source = f"RUN {mount} dd if=/dev/zero of=/t/f bs=1M count=3"
    error = notebook.fails("a", source, InstructionFailedError)
    assert "No space left on device" in error.output_tail
    assert error.state == stands(notebook)


def test_engine_disk_full_at_the_commit(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shared daemon's disk cannot be filled, so its answer to the commit is made up."""
    notebook.run("from", BASE)
    real = DockerApi.request

    def request(api: DockerApi, method: str, path: str, **options: object) -> requests.Response:
        if path != "/commit":
            return real(api, method, path, **options)  # type: ignore[arg-type]
        answer = requests.Response()
        answer.status_code = 500
        said = "write /var/lib/docker/tmp/layer: no space left on device"
        answer._content = json.dumps({"message": f"Error response from daemon: {said}"}).encode()
        raise from_response(answer)

    with monkeypatch.context() as patch:
        patch.setattr(DockerApi, "request", request)
        error = notebook.fails("a", "RUN echo x > /x", StorageFullError)
    assert error.message == (
        "the engine's disk is full: write /var/lib/docker/tmp/layer: no space left on device"
    )
    assert "`docker image prune`" in (error.hint or "")
    assert error.state == stands(notebook)
    assert notebook.run("a", "RUN echo x > /x")[0].status == "built"
