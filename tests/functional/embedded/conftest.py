"""Trees and benches: root has rungs 1 and 5, an ordinary user 2, 3 and 4."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.functional.embedded.battery import battery_tar
from tests.functional.embedded.bench import RUNGS, USER_RUNGS, Bench, unpack
from tests.testbed import Layout

Trees = Callable[[str, bool], Path]


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that ordinary users reach: pytest's own are for their owner only."""
    if os.geteuid() != 0:
        missing("embedded", "only root can run guests as root and as another user")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def trees(open_folder: Path) -> Trees:
    """The finished tree of "busybox" or "battery" for root or for a user, made once."""
    made: dict[tuple[str, bool], Path] = {}

    def tree(name: str, user: bool) -> Path:
        if (name, user) not in made:
            layout = Layout.from_environment()
            tar = battery_tar(layout) if name == "battery" else layout.images / "busybox.tar"
            if not tar.exists():
                missing("embedded", f"{tar} is not there: run `python -m tests.testbed up images`")
            folder = open_folder / f"{name}-{'user' if user else 'root'}"
            made[name, user] = unpack(tar, folder, user=user)
        return made[name, user]

    return tree


@pytest.fixture(params=RUNGS, ids=RUNGS.values())
def bench(request: pytest.FixtureRequest, open_folder: Path, trees: Trees) -> Bench:
    """A fresh busybox tree on each rung."""
    need_proot(request.param)
    return new_bench(request.param, open_folder, trees)


@pytest.fixture(params=[2, 3, 4, 6], ids=["overlay-user", "bind", "chroot", "proot"])
def user_bench(request: pytest.FixtureRequest, open_folder: Path, trees: Trees) -> Bench:
    """The same, only on the rungs with a supervisor."""
    need_proot(request.param)
    return new_bench(request.param, open_folder, trees)


@pytest.fixture(params=[1, 2, 3], ids=["overlay-root", "overlay-user", "bind"])
def mount_bench(request: pytest.FixtureRequest, open_folder: Path, trees: Trees) -> Bench:
    """The same, only on the rungs with mounts."""
    return new_bench(request.param, open_folder, trees)


def need_proot(rung: int) -> None:
    if rung == 6 and shutil.which("proot") is None:
        missing("embedded", "PRoot is not there: apt-get install proot")


def new_bench(rung: int, open_folder: Path, trees: Trees, name: str = "busybox") -> Bench:
    folder = Path(tempfile.mkdtemp(dir=open_folder)) / "bench"
    folder.parent.chmod(0o755)
    return Bench(rung, folder, trees(name, rung in USER_RUNGS)).setup()
