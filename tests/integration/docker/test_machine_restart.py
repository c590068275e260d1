"""What was built is there after the machine was off: another daemon process, another kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.kernel.client import started
from tests.functional.kernel.page import Page

from .own_daemon import own_daemon

pytestmark = pytest.mark.docker

NEW = "not run: has not run"
CELLS = {"a": "FROM busybox:noconfig", "b": "COPY note.txt /note", "c": "ENV C=1"}


def test_cells_are_built_after_the_daemon_and_the_kernel_died_and_the_notebook_moved(
    docker_root: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    (before / "note.txt").write_text("note\n")
    with own_daemon(docker_root, "restarted", tmp_path) as daemon:
        environment = {
            "DOCKER_HOST": daemon.host,
            "DOCKERNB_HOME": str(tmp_path / "home"),
            "DOCKERNB_ENGINE": "docker",
        }
        with started("dockernb.kernel", before, **environment) as kernel:
            page = Page(kernel, CELLS)
            page.run_all()
            page.expect("built", "built", "built")
            pid = kernel.manager.provisioner.pid
            os.kill(pid, 9)
        daemon.stop()
        daemon.start()
        before.rename(after)
        with started("dockernb.kernel", after, **environment) as kernel:
            page = Page(kernel, {**CELLS, "d": "ENV D=1"})
            page.expect("built", "built", "built", NEW)
            (after / "note.txt").write_text("other\n")
            changed = "stale: note.txt changed"
            page.expect("built", changed, f"stale: cell 2 above is {changed}", NEW)
