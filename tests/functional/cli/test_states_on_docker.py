"""`dockernb plan`, `history` and `diff`: before a run, after it, and between two images."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Command, Write

CELLS = """\
FROM busybox:latest
ARG VERSION=1
COPY app /app
RUN cat /app/*
"""


def test_plan_run_history_and_diff(dockernb: Command, notebook: Write, tmp_path: Path) -> None:
    path = notebook(CELLS)
    app = path.parent / "app"
    app.mkdir()
    (app / "main.py").write_text("1\n")
    (app / "debug.log").write_text("log\n")
    out = path.parent / "out.ipynb"

    def plan() -> list[dict[str, str]]:
        done = dockernb("plan", path, "--json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    assert [cell["action"] for cell in plan()] == ["build"] * 4
    assert dockernb("run", path, "-q", "-t", "states-one").returncode == 0
    assert [cell["action"] for cell in plan()] == ["from cache"] * 4

    (path.parent / ".dockerignore").write_text("# logs\n**/*.log\n")
    (app / "main.py").write_text("2\n")
    cells = plan()
    assert [cell["action"] for cell in cells] == ["from cache", "from cache", "build", "build"]
    line = ".dockerignore line 2: **/*.log"
    assert cells[2]["reason"] == f"app/debug.log removed ({line}); app/main.py changed"
    assert cells[3]["reason"] == "cell 3 above would be built"
    text = dockernb("plan", path, "--build-arg", "VERSION=2").stdout
    assert "2     ARG VERSION=1        would be built  ARG VERSION: 1 -> 2" in text

    assert dockernb("run", path, "-q", "-t", "states-two", "-o", out).returncode == 0
    steps = json.loads(dockernb("history", out, "--json").stdout)
    assert [step["cache"]["causes"] for step in steps[:2]] == [[], []]
    removed, changed = steps[2]["cache"]["causes"]
    assert removed == {
        "kind": "file", "name": "app/debug.log", "change": "removed", "ignored_by": line,
    }  # fmt: skip
    assert changed == {"kind": "file", "name": "app/main.py", "change": "changed"}
    (parent,) = steps[3]["cache"]["causes"]
    assert (parent["kind"], parent["after"]) == ("parent", steps[2]["snapshot"])
    given = ("--build-arg", "VERSION=2")
    assert dockernb("run", path, "-q", *given, "-o", path.parent / "arg.ipynb").returncode == 0
    steps_of_arg = json.loads(dockernb("history", path.parent / "arg.ipynb", "--json").stdout)
    assert steps_of_arg[1]["cache"]["causes"] == [
        {"kind": "argument", "name": "VERSION", "before": "1", "after": "2"}
    ]
    assert "cell above was rebuilt" in dockernb("history", out).stdout
    assert "no cell of this notebook has run" in dockernb("history", path).stdout
    assert "COPY app /app # buildkit" in dockernb("history", "states-two").stdout

    found = json.loads(dockernb("diff", "states-one", "states-two", "--json").stdout)
    assert [(file["change"], file["path"]) for file in found["files"]] == [
        ("D", "/app/debug.log"),
        ("M", "/app/main.py"),
    ]
    assert (
        "0 added, 1 modified, 1 deleted, -4 B"
        in dockernb("diff", "states-one", "states-two").stdout
    )
    missing = dockernb("diff", "states-one", "states-none")
    assert missing.returncode == 1
    assert 'no image "states-none"' in missing.stderr
