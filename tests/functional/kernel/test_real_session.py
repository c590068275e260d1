"""The whole way: kernel, session and a real Docker engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import Kernel, started

BASE = "FROM busybox:latest"


@pytest.fixture(scope="module")
def docker_kernel(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    environment = {
        "DOCKER_HOST": docker_host,
        "DOCKERNB_HOME": str(tmp_path_factory.mktemp("home")),
        "DOCKERNB_ENGINE": "docker",
    }
    (folder / "hello.txt").write_text("hello\n", "utf-8")
    with started("dockernb.kernel", folder, **environment) as running:
        yield running


def test_cells_build_on_each_other(docker_kernel: Kernel) -> None:
    cells = {
        "from": BASE,
        "env": "ENV PORT=6379",
        "copy": "COPY hello.txt /srv/",
        "run": "RUN cat /srv/hello.txt && echo $PORT",
    }
    parents = [None]
    for cell_id, source in cells.items():
        ran = docker_kernel.run(source, cell_id=cell_id)
        assert ran.reply["status"] == "ok", ran.reply
        (card,) = ran.cards
        assert card["snapshot"]["parent"] == parents[-1] or cell_id == "from"
        parents.append(card["snapshot"]["id"])
    assert "6379" in ran.of("update_display_data")[0]["data"]["text/plain"]


def test_failed_run_answers_error_and_the_next_cell_goes_on(docker_kernel: Kernel) -> None:
    docker_kernel.run(BASE, cell_id="from")
    ran = docker_kernel.run("RUN echo broken >&2; exit 3", cell_id="bad")
    assert ran.reply["ename"] == "InstructionFailedError"
    assert "broken" in ran.traceback
    assert f"cell [{ran.reply['execution_count']}]" in ran.traceback
    assert docker_kernel.run("RUN true", cell_id="bad").reply["status"] == "ok"


def test_cell_run_again_is_cached(docker_kernel: Kernel) -> None:
    docker_kernel.run(BASE, cell_id="from")
    source = f"RUN echo {time.time()}"
    assert docker_kernel.run(source, cell_id="again").cards[0]["status"] == "built"
    ran = docker_kernel.run(source, cell_id="again")
    assert ran.cards[0]["status"] == "cached"


def test_last_cell_first_is_no_dead_end_where_only_the_order_of_execution_is_known(
    docker_host: str, tmp_path: Path
) -> None:
    cells = {"from": BASE, "one": "RUN echo 1 > /one", "two": "RUN cat /one"}
    environment = {"DOCKER_HOST": docker_host, "DOCKERNB_HOME": str(tmp_path / "home")}
    with started("dockernb.kernel", tmp_path, DOCKERNB_ENGINE="docker", **environment) as kernel:
        assert kernel.run(cells["two"], cell_id="two").reply["ename"] == "NoStageError"
        for cell_id, source in cells.items():
            ran = kernel.run(source, cell_id=cell_id)
            assert ran.reply["status"] == "ok", ran.reply
        assert kernel.run("RUN RUM", cell_id="bad").reply["status"] == "error"
        refused = kernel.run("ENV A=1", cell_id="below").reply
        assert (refused["ename"], refused["evalue"]) == ("CellsNotRunError", "a cell above failed")
        assert kernel.run("RUN cat /one", cell_id="bad").reply["status"] == "ok"
        assert kernel.run("ENV A=1", cell_id="below").reply["status"] == "ok"


def test_running_container_is_interrupted_within_two_seconds(docker_kernel: Kernel) -> None:
    docker_kernel.run(BASE, cell_id="from")
    request = docker_kernel.send("RUN echo started; sleep 100", cell_id="long")
    docker_kernel.wait_for("display_data")
    time.sleep(1)  # the container starts; there is no message for that
    start = time.monotonic()
    docker_kernel.manager.interrupt_kernel()
    ran = docker_kernel.collect(request)
    assert time.monotonic() - start < 2
    assert ran.reply["ename"] == "BuildInterruptedError"
    assert ran.cards[-1]["status"] == "interrupted"
    assert docker_kernel.run("RUN true", cell_id="long").reply["status"] == "ok"
