"""What a kernel tells a page of its cells, on the real engine; and the magics that go with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import ROOT, SECONDS, Kernel, started, write_notebook
from .page import Page

pytestmark = pytest.mark.docker

NEW = "not run: has not run"
EDITED = "stale: edited since it ran"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states")


@pytest.fixture(scope="module")
def environment(docker_host: str, folder: Path) -> dict[str, str]:
    return {
        "DOCKER_HOST": docker_host,
        "DOCKERNB_HOME": str(folder / "home"),
        "DOCKERNB_ENGINE": "docker",
    }


@pytest.fixture(scope="module")
def kernel(environment: dict[str, str], folder: Path) -> Iterator[Kernel]:
    (folder / "note.txt").write_text("first\n")
    with started("dockernb.kernel", folder, **environment) as running:
        yield running


@pytest.fixture
def page(kernel: Kernel) -> Page:
    """FROM, COPY, ENV: run; nothing but FROM has run before in this kernel."""
    kernel.run("%reset")
    made = Page(kernel, {"a": "FROM busybox:latest", "b": "COPY note.txt /note", "c": "ENV C=1"})
    made.run_all()
    made.expect("built", "built", "built")
    return made


def test_states_follow_what_the_reader_does_with_cells(page: Page, folder: Path) -> None:
    page.cells["b"] = "COPY note.txt /other"
    page.expect("built", EDITED, f"stale: cell 2 above is {EDITED}")
    page.cells["b"] = "COPY note.txt /note"
    page.expect("built", "built", "built")

    page.cells["n"] = "ENV N=1"  # inserted
    page.order("a n b c")
    above = "stale: cell 2 above has not run"
    page.expect("built", NEW, above, above)
    page.order("a b c")  # deleted
    page.expect("built", "built", "built")

    page.order("a c b")  # moved
    moved = "stale: it was built on cell 3; now cell 1 is above it"
    page.expect("built", moved, f"stale: cell 2 above is {moved}")
    page.order("a b c")
    page.cells["copy"] = page.cells["c"]  # copied
    page.expect("built", "built", "built", NEW)
    page.order("a b c")

    whole = page.cells["c"]
    page.cells |= {"b": "# note", "n": "COPY note.txt /note"}  # split
    page.order("a b n c")
    gone = "stale: cell 3 above has not run"
    page.expect("built", "", NEW, gone)
    page.cells |= {"b": f"COPY note.txt /note\n{whole}"}  # merged
    page.order("a b")
    page.expect("built", EDITED)
    page.cells |= {"b": "COPY note.txt /note", "c": whole}  # both undone
    page.expect("built", "built", "built")

    page.order("a c")  # deleted with JupyterLab's own message, and undone
    page.expect("built", "stale: the cell that it was built on is gone")
    page.cells |= {"b": "COPY note.txt /note"}
    page.order("a b c")
    page.expect("built", "built", "built")

    (folder / "note.txt").write_text("second\n")
    changed = "stale: note.txt changed"
    page.expect("built", changed, f"stale: cell 2 above is {changed}")
    page.run("c")  # it may not stand on the old file
    page.expect("built", changed, f"stale: cell 2 above is {changed}")
    (folder / "note.txt").write_text("first\n")
    page.expect("built", "built", "built")


def test_cell_that_runs_says_so_while_it_runs(kernel: Kernel, page: Page) -> None:
    page.cells["r"] = f"RUN echo {uuid.uuid4().hex}; sleep 600"
    page.expect("built", "built", "built", NEW)
    kernel.send(page.cells["r"], cell_id="r")
    page.expect("built", "built", "built", "running")
    kernel.manager.interrupt_kernel()
    page.expect("built", "built", "built", "failed: was interrupted")


def test_plan_undo_goto_and_diff(page: Page) -> None:
    first = page.run("c")
    assert first
    page.cells |= {"plan": "%plan --json", "c": f"ENV C={uuid.uuid4().hex}", "d": "ENV D=1"}
    page.order("a b c d plan")
    plan = json.loads(page.run("plan"))
    assert [cell["action"] for cell in plan] == ["nothing", "nothing", "build", "build"]
    assert [cell["number"] for cell in plan] == [1, 2, 3, 4]
    assert plan[2]["reason"] == "the instruction was edited"
    assert plan[3]["reason"] == "cell 3 above would be built"

    page.run("c")
    page.cells["do"] = "%undo"
    assert page.run("do").startswith("cell 3 is again what it was: ")
    heard = next(heard for heard in reversed(page.heard) if "edits" in heard)
    assert heard["edits"] == [{"id": "c", "source": "ENV C=1"}]
    assert heard["run"] == ["c"]
    page.cells["c"] = "ENV C=1"
    page.order("a b c do")
    page.run("c")
    page.expect("built", "built", "built", "")
    assert page.run("do") == "cell 3 is as if it had not run\n"
    assert next(heard for heard in reversed(page.heard) if "clear" in heard)["clear"] == ["c"]
    page.expect("built", "built", NEW, "")
    page.run("c")

    page.cells["do"] = "%diff 1 3"
    text = page.run("do")
    assert "1 added, 0 modified, 0 deleted, +6 B" in text
    assert "\nA  /note  (6 B)\n" in text
    assert "config  Env.C: not set -> 1" in text
    page.cells["do"] = "%diff 3 1 --json"
    found = json.loads(page.run("do"))
    assert (found["deleted"], found["bytes"], found["files"][0]["path"]) == (1, -6, "/note")

    page.cells["do"] = "%goto 1\n%tag states-goto"
    text = page.run("do")
    assert "of cell 1" in text
    image = text.split("sha256:")[1][:12]
    assert f"the current snapshot is {image}" in text
    assert page.heard[-1]["go"] == "a"


def test_new_kernel_takes_from_the_cache_what_was_built_and_once_more_when_an_arg_is_given(
    kernel: Kernel, page: Page
) -> None:
    mark = uuid.uuid4().hex
    page.cells |= {"set": "%arg W=2", "arg": f"ARG W=1\nENV W=$W{mark}"}
    page.run("set")
    page.run("arg")
    page.expect(*["built"] * 5)
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=SECONDS)
    again = Page(kernel, {**page.cells, "n": f"ENV N={mark}"})
    again.expect("built", "built", "built", NEW, NEW, NEW)
    again.run("set")
    again.expect("built", "built", "built", "built", "built", NEW)
    kernel.run("%arg W")


def test_command_line_does_with_an_edited_notebook_what_the_page_does(
    kernel: Kernel, folder: Path, environment: dict[str, str]
) -> None:
    def dockernb(command: str) -> str:
        write_notebook(path, {cell: text for cell, text in page.cells.items() if cell != "plan"})
        return subprocess.run(
            [sys.executable, "-m", "dockernb", command, path, "--json"],
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def planned() -> list[dict[str, str]]:
        return list(json.loads(page.run("plan")))

    path, mark = folder / "headless.ipynb", uuid.uuid4().hex
    (folder / "app.txt").write_text(mark)
    kernel.run("%reset")
    page = Page(
        kernel,
        {
            "note": "# What this is",
            "base": "%arg V=2\nFROM busybox:latest AS base\nARG V=1",
            "copy": "COPY app.txt /app",
            "gone": f"ENV GONE={mark}",
            "move": f"ENV MOVE={mark}",
            "last": f"FROM base\nENV V=$V ID={mark}",
            "plan": "%plan --json",
        },
    )
    page.run_all()
    # Edited, moved, deleted, inserted; and a file is another one.
    page.cells |= {"last": f"FROM base\nENV V=$V ID={mark}2", "new": "ENV NEW=1"}
    page.order("note base move copy new last plan")
    (folder / "app.txt").write_text(f"{mark}2")
    before, headless = planned(), json.loads(dockernb("plan"))
    assert [cell["action"] for cell in before] == ["nothing"] + ["build"] * 4
    assert [cell["action"] for cell in headless] == ["from cache"] + ["build"] * 4
    for one, other in zip(before, headless, strict=True):
        same = ["number", "id", "title", "snapshot"] + ["reason"] * (one["action"] == "build")
        assert [one[name] for name in same] == [other[name] for name in same]

    for cell in ("move", "copy", "new", "last"):  # "Run what is needed"
        page.run(cell)
    after = planned()
    assert [cell["action"] for cell in after] == ["nothing"] * 5
    cards = [json.loads(line) for line in dockernb("run").splitlines()]
    assert [card["cell_id"] for card in cards] == [
        "base",
        "base",
        "move",
        "copy",
        "new",
        "last",
        "last",
    ]
    assert {card["status"] for card in cards} == {"cached"}
    snapshots = {card["cell_id"]: card["snapshot"]["id"] for card in cards}
    assert snapshots == {cell["id"]: cell["snapshot"] for cell in after}

    fields = ("cell_id", "instruction", "source", "stage", "step", "snapshot", "diff", "config")
    made = [card for cell in snapshots for card in kernel.run(page.cells[cell], cell_id=cell).cards]
    assert [[card[name] for name in fields] for card in made] == [
        [card[name] for name in fields] for card in cards
    ]
    kernel.run("%arg V")
