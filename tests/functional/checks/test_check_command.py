"""`dockernb check` and `%check`, as a grader and as a student meet them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dockernb.cli import commands
from dockernb.engines.select import open_embedded
from tests.conformance.busybox import busybox_base
from tests.functional.kernel.client import Kernel, started

pytestmark = pytest.mark.embedded

CHECK = """
title = "Say hello"
[[expect]]
name = "there"
file.path = "/hello"
says = "The file is there."
missing = "The file /hello is not there."
hints = ["Which instruction writes a file?", "RUN does."]
[[expect]]
name = "says"
needs = ["there"]
points = 2
run.command = ["/bin/cat", "/hello"]
run.output = "hello"
says = "It says hello."
missing = "It does not say hello."
hints = ["Look into it."]
"""
SLOW = """
title = "Slow"
[[expect]]
name = "slow"
run.command = ["/bin/sleep", "60"]
says = "-"
missing = "-"
hints = ["-"]
"""
RIGHT = 'RUN ["/bin/sh", "-c", "echo hello > /hello"]'


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with checks; the embedded engine has busybox."""
    folder = tmp_path_factory.mktemp("school")
    (folder / "checks").mkdir()
    (folder / "checks" / "hello.toml").write_text(CHECK)
    (folder / "checks" / "slow.toml").write_text(SLOW)
    (folder / "checks" / "broken.toml").write_text(CHECK.replace("needs", "neds"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKERNB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("DOCKERNB_ENGINE", "embedded")
        engine = open_embedded()
        engine.tag(busybox_base(engine).id, "busybox")
        engine.close()
        yield folder


def command(school: Path, cells: list[str], *options: str) -> tuple[int, Any, str]:
    """Exit code, JSON or text, and standard error of `dockernb check`."""
    notebook = school / "notebook.ipynb"
    sources = [{"cell_type": "code", "id": f"c{n}", "source": text} for n, text in enumerate(cells)]
    notebook.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": sources}))
    done = CliRunner().invoke(commands, ["check", str(notebook), *options])
    found = json.loads(done.stdout) if "--json" in options else done.stdout
    return done.exit_code, found, done.stderr


def test_each_check_is_made_where_it_stands(school: Path) -> None:
    cells = ["FROM busybox", "%check hello", RIGHT, "%check hello", 'RUN ["/bin/rm", "/hello"]']
    code, found, _ = command(school, cells, "--json")
    assert code == 1
    assert [(each["name"], each["ok"], each["score"]) for each in found["exercises"]] == [
        ("hello", False, 0),
        ("hello", True, 3),
    ]
    assert (found["score"], found["max_score"], found["ok"]) == (3, 6, False)
    first = found["exercises"][0]["expectations"]
    assert [(each["status"], each["hint"]) for each in first] == [
        ("missing", "Which instruction writes a file?"),
        ("waiting", ""),
    ]


def test_a_named_exercise_is_checked_at_the_end(school: Path) -> None:
    code, text, log = command(school, ["FROM busybox", RIGHT], "--exercise", "hello")
    assert (code, text.splitlines()[0]) == (0, "Say hello: 2 of 2 right, 3 of 3 points")
    assert "step 2" in log


def test_a_cell_that_fails_costs_the_points_and_not_the_report(school: Path) -> None:
    failing = 'RUN ["/bin/false"]'
    cells = ["FROM busybox", failing, "%check hello", "FROM busybox", RIGHT, "%check hello"]
    code, found, _ = command(school, cells, "--json")
    assert code == 1
    first, second = found["exercises"]
    assert (first["score"], second["score"]) == (0, 3)
    assert first["problem"].split("\n") == [
        "a cell above failed",
        "cell [2]: RUN ended with exit code 1",
    ]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["FROM busybox", "%check broken"], 'unknown key "expect.neds" (did you mean needs?)'),
        (["FROM busybox", "%check helo"], 'no exercise "helo" (did you mean hello?)'),
        (["FROM busybox"], "has no cell with %check"),
    ],
)
def test_what_cannot_be_checked_is_no_wrong_answer(
    school: Path, cells: list[str], words: str
) -> None:
    code, found, log = command(school, cells)
    assert (code, found) == (3, "")
    assert words in log


@pytest.fixture(scope="module")
def kernel(school: Path) -> Iterator[Kernel]:
    with started("dockernb.kernel", school) as running:
        yield running


def answer(kernel: Kernel, code: str) -> str:
    ran = kernel.run(code, cell_id="check")
    assert ran.reply["status"] == "ok", ran.reply
    (output,) = ran.of("display_data")
    assert output["data"]["text/html"].startswith("<div")
    return str(output["data"]["text/plain"])


def test_magic_gives_one_hint_more_each_time(kernel: Kernel) -> None:
    nothing = kernel.run("%check hello", cell_id="check").reply
    assert (nothing["ename"], nothing["evalue"]) == ("BuildError", "there is no snapshot yet")
    kernel.run("FROM busybox", cell_id="from")
    assert "hint 1 of 2: Which instruction writes a file?" in answer(kernel, "%check hello")
    assert "hint 2 of 2: RUN does." in answer(kernel, "%check hello")
    assert "hint 2 of 2: RUN does." in answer(kernel, "%check hello")
    kernel.run(RIGHT, cell_id="run")
    assert answer(kernel, "%check hello").startswith("Say hello: 2 of 2 right, 3 of 3 points")


def test_magic_names_the_line_of_a_broken_check_file(kernel: Kernel) -> None:
    reply = kernel.run("%check broken", cell_id="check").reply
    assert reply["ename"] == "CheckFileError"
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(reply["traceback"]))
    assert ">>> 11 | neds" in text


def test_magic_can_be_interrupted(kernel: Kernel) -> None:
    kernel.run("FROM busybox", cell_id="from")
    request = kernel.send("%check slow", cell_id="check")
    kernel.wait_for("execute_input")
    kernel.manager.interrupt_kernel()
    assert kernel.collect(request).reply["ename"] == "BuildInterruptedError"


def test_names_of_exercises_are_completed(kernel: Kernel) -> None:
    assert kernel.ask("complete", "%check he", 9)["matches"] == ["hello"]
