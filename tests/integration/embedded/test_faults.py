"""What goes wrong for real on the embedded engine: a clear error, and the store as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.base import Image
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.errors import EngineError
from tests.conformance.bench import next_config, run, shell
from tests.conformance.busybox import busybox_base
from tests.conftest import missing

RUNGS = [1, 4]


@pytest.fixture(params=RUNGS, ids=["overlay", "without mounts"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    if os.geteuid() != 0:
        missing("embedded", "these tests run commands as root")
    engine = EmbeddedEngine(tmp_path / "store", rung=request.param)
    yield engine
    engine.close()


@pytest.fixture
def base(engine: EmbeddedEngine) -> Image:
    return busybox_base(engine)


def helper_of(engine: EmbeddedEngine) -> int:
    process = engine._helper._process
    assert process is not None
    return process.pid


def step(engine: EmbeddedEngine, base: Image) -> Image:
    with engine.create(base.id, shell("echo again >/again")) as container:
        assert run(container) == (0, "")
        return container.commit(next_config(base, "RUN"), layer=True)


def test_a_helper_killed_between_steps_is_replaced(engine: EmbeddedEngine, base: Image) -> None:
    before = helper_of(engine)
    os.kill(before, signal.SIGKILL)
    assert step(engine, base).size == base.size + 6
    assert helper_of(engine) != before


def test_a_step_outlives_its_helper(engine: EmbeddedEngine, base: Image) -> None:
    def kill(_: bytes) -> None:
        os.kill(helper_of(engine), signal.SIGKILL)

    with engine.create(base.id, shell("echo started; echo made >/made")) as container:
        assert container.run(kill, threading.Event()) == 0
        image = container.commit(next_config(base, "RUN"), layer=True)
    assert image.size == base.size + 5
    assert step(engine, image).size == base.size + 11


def test_a_worker_killed_during_a_command_is_told_and_nothing_is_left(
    engine: EmbeddedEngine, base: Image
) -> None:
    mark = f"MARK={os.urandom(8).hex()}"

    def kill(_: bytes) -> None:
        helper = helper_of(engine)
        workers = Path(f"/proc/{helper}/task/{helper}/children").read_text().split()
        os.kill(int(workers[-1]), signal.SIGKILL)

    spec = shell("echo started; while :; do sleep 1000; done", env=dict([mark.split("=")]))
    with (
        engine.create(base.id, spec) as container,
        pytest.raises(EngineError, match="was killed") as caught,
    ):
        container.run(kill, threading.Event())
    assert caught.value.state == "Nothing of this step was kept."
    assert "Run the cell again" in (caught.value.hint or "")
    while processes_with(mark):  # the test's own time limit ends this if they live on
        os.sched_yield()
    assert step(engine, base).size == base.size + 6
    engine.remove_leftovers()
    assert engine.remove_leftovers() == []


def processes_with(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


FULL_DISK = """
import sys, threading
from pathlib import Path
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.errors import StorageFullError
from tests.conformance.bench import next_config, run, shell
from tests.conformance.busybox import busybox_base

engine = EmbeddedEngine(Path(sys.argv[1]), rung=int(sys.argv[2]))
base = busybox_base(engine)
blobs = sorted(file.name for file in Path(sys.argv[1], "oci/blobs/sha256").iterdir())
with engine.create(base.id, shell("dd if=/dev/urandom of=/large bs=1M count=9 2>&1")) as container:
    code, output = run(container)
    assert code == 0, output
    try:
        container.commit(next_config(base, "RUN"), layer=True)
    except StorageFullError as error:
        print(error.format_message())
    else:
        raise SystemExit("there was room")
assert blobs == sorted(file.name for file in Path(sys.argv[1], "oci/blobs/sha256").iterdir())
with engine.create(base.id, shell("dd if=/dev/zero of=/larger bs=1M count=99 2>&1")) as container:
    code, output = run(container)
    assert code == 1, output
    assert "No space left on device" in output
with engine.create(base.id, shell("echo small >/small")) as container:
    assert run(container) == (0, "")
    container.commit(next_config(base, "RUN"), layer=True)
engine.close()
print("fine")
"""


@pytest.mark.parametrize("rung", RUNGS)
def test_a_full_disk_ends_the_step_and_not_the_store(tmp_path: Path, rung: int) -> None:
    """On a disk of 20 MB: the base takes a few, the file 9, and its layer finds no room."""
    if os.geteuid() != 0:
        missing("embedded", "a small disk needs root")
    script = 'mount -t tmpfs -o size=20m tmpfs "$1" && exec "$2" -c "$3" "$1/store" "$4"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", tmp_path, sys.executable, FULL_DISK,
         str(rung)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is full" in done.stdout
    assert "dockernb prune" in done.stdout
    assert done.stdout.endswith("fine\n")


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("embedded", "a read-only disk needs root")
    script = 'mount -t tmpfs -o ro tmpfs "$1" && DOCKERNB_HOME="$1" exec "$2" -m dockernb doctor'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", tmp_path, sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'the image store "{tmp_path}/store" cannot be written' in done.stdout
    assert "Set DOCKERNB_HOME" in done.stdout
