"""What buildx prints is told by the notebook's cells."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from dockernb.build.result import StepLog
from dockernb.errors import InstructionFailedError
from dockernb.ui.build_card import SavedBuildCard
from dockernb.ui.build_view import (
    BuildView,
    build_html,
    build_json,
    build_text,
    build_trait,
    is_build_trait,
    report_json,
)
from dockernb.use.buildx.command import Built, Job, run_buildx
from dockernb.use.buildx.lines import LineReader
from dockernb.use.buildx.rows import BuildRows
from dockernb.use.buildx.steps import BuildCell, cell_steps

SOURCES = [
    "ARG V=1",
    "FROM busybox AS base",
    "RUN make",
    "%arg X=1\n\n# why\nFROM base AS Web\nWORKDIR /w\nENV A=1",
    "RUN one\nRUN two \\\n  and more",
    "FROM scratch\nCOPY --from=web /w /w",
    "%%shell\nls",
    "RUM broken",
]
CELLS = [BuildCell(f"[{n}]", source, f"id-{n}") for n, source in enumerate(SOURCES, 1)]


def told(*lines: str) -> list[tuple[object, ...]]:
    reader = LineReader(cell_steps(SOURCES))
    shown = [line for text in lines if (line := reader.read(text)) is not None]
    return [(line.kind, line.cell, line.platform, line.status, line.text) for line in shown]


def test_steps_are_counted_as_buildkit_does() -> None:
    steps = [(s.stage, s.at, s.name, s.cell, s.line, s.end) for s in cell_steps(SOURCES)]
    assert steps == [
        ("", 0, "ARG", 1, 1, 1),
        ("base", 1, "FROM", 2, 1, 1),
        ("base", 2, "RUN", 3, 1, 1),
        ("web", 0, "FROM", 4, 4, 4),
        ("web", 1, "WORKDIR", 4, 5, 5),
        ("web", 0, "ENV", 4, 6, 6),
        ("web", 2, "RUN", 5, 1, 1),
        ("web", 3, "RUN", 5, 2, 3),
        ("stage-2", 0, "FROM", 6, 1, 1),
        ("stage-2", 1, "COPY", 6, 2, 2),
    ]


def test_a_step_is_told_by_its_cell() -> None:
    assert told(
        "#5 [web 2/3] RUN one",
        "#5 0.123 DONE 1.0s",
        "#5 DONE 1.2s",
        "",
        "#6 [stage-2 1/1] COPY --from=web /w /w",
        "#6 CACHED",
    ) == [
        ("begin", 5, "", "", "RUN one"),
        ("print", 5, "", "", "DONE 1.0s"),
        ("end", 5, "", "done", ""),
        ("begin", 6, "", "", "COPY --from=web /w /w"),
        ("end", 6, "", "cached", ""),
    ]


def test_platforms_and_steps_of_one_stage_alone_are_told_by_their_cell() -> None:
    assert told("#7 [linux/arm64 base 2/2] RUN make", "#8 [linux/amd64 2/2] RUN make") == [
        ("begin", 3, "linux/arm64", "", "RUN make"),
        ("begin", None, "", "", "[linux/amd64 2/2] RUN make"),  # two stages have a second RUN
    ]


def test_triggers_of_the_base_image_are_no_steps_of_the_notebook() -> None:
    assert [line[1] for line in told("#7 [base 2/3] RUN trigger", "#8 [base 3/3] RUN make")] == [
        None,
        3,
    ]


def test_steps_that_go_on_at_the_same_time_are_kept_apart() -> None:
    lines = told(
        "#5 [web 2/3] RUN one",
        "#5 ...",
        "",
        "#6 [base 2/2] RUN make",
        "#6 0.100 made",
        "#5 [web 2/3] RUN one",
        "#5 0.200 done",
    )
    assert [line[:2] for line in lines] == [("begin", 5), ("begin", 3), ("print", 3), ("print", 5)]


def rows_of(*lines: str) -> BuildRows:
    rows = BuildRows(CELLS, clock=lambda: 10.0)
    for line in lines:
        rows.take(line)
    return rows


def states(rows: BuildRows) -> list[tuple[str, str]]:
    return [(row.text, row.status) for row in rows.rows]


LINES = (
    '#0 building with "default" instance using docker driver',
    "#1 [internal] load build definition from Dockerfile",
    "#1 DONE 0.0s",
    "#5 [base 1/2] FROM docker.io/library/busybox",
    "#5 CACHED",
    "#6 [linux/arm64 base 2/2] RUN make",
    "#7 [linux/amd64 base 2/2] RUN make",
    "#6 0.1 cc\x1b[2J",
    "#6 DONE 1.2s",
)


def test_every_instruction_has_a_row_and_every_platform() -> None:
    rows = rows_of(*LINES, "#9 exporting to image")
    assert states(rows) == [
        ("ARG V=1", "config"),
        ("FROM busybox AS base", "cached"),
        ("RUN make", "done"),
        ("RUN make", "running"),
        ("FROM base AS Web", "config"),
        ("WORKDIR /w", "waiting"),
        ("ENV A=1", "config"),
        ("RUN one", "waiting"),
        ("RUN two and more", "waiting"),
        ("FROM scratch", "config"),
        ("COPY --from=web /w /w", "waiting"),
        ("exporting to image", "running"),
    ]
    view = BuildView(rows.rows, now=12.0)
    assert view.figure == "2 of 7 steps"
    assert build_trait(view)["rows"][3] == [
        "[3]", "id-3", "base linux/amd64", "RUN make", "running", "2.0 s", 2.0, "",
    ]  # fmt: skip
    rows.finish(0)
    ended = dict(states(rows))
    assert (ended["RUN one"], ended["exporting to image"]) == ("not needed", "canceled")
    rows = rows_of("#5 [web 2/3] RUN one", "#5 DONE 0.1s")
    rows.finish(0)
    ended = dict(states(rows))  # what another stage has as well is told of one of them
    assert (ended["WORKDIR /w"], ended["RUN make"]) == ("cached", "not needed")


def test_a_failed_step_is_told_with_its_cell_and_the_end_of_its_log() -> None:
    rows = rows_of(
        *LINES,
        "#8 [web 3/3] RUN two   and more",
        "#8 0.1 <b>no such file",
        '#8 ERROR: process "/bin/sh -c two" did not complete successfully: exit code: 7',
        "#7 CANCELED",
        "ERROR: failed to solve: process did not complete",
    )
    rows.finish(1)
    error = rows.error(1)
    assert isinstance(error, InstructionFailedError)
    assert error.message == "RUN ended with exit code 7"
    text = error.format_message()
    assert "cell [5]\n" in text
    assert ">>> 2 | RUN two \\\n  >>> 3 |   and more" in text
    assert "<b>no such file" in text
    view = BuildView(rows.rows, seconds=3.0, status="failed", built=Built(1), error=error)
    assert report_json(view)["steps"][8]["log"] == ["<b>no such file"]
    assert dict(states(rows))["WORKDIR /w"] == "waiting"
    assert "<b>" not in build_html(view)
    assert "failed, 2 of 7 steps, 3.0 s" in build_text(view)


def test_a_build_that_fails_before_any_step_says_why() -> None:
    rows = rows_of("ERROR: no builder cloud found", "")
    assert rows.error(1).message == "no builder cloud found"


def test_a_saved_card_comes_back_without_what_is_not_its_own() -> None:
    view = BuildView(rows_of(*LINES).rows, now=12.0)
    saved = build_json(build_trait(view), StepLog("a\nb\n", 2, 0), model_id="m", cell_id="c")
    card = SavedBuildCard(saved, "m")
    assert card._widget.build["status"] == "lost"
    assert {row[1] for row in card._widget.build["rows"]} == {""}
    card.close()
    for wrong in (None, {}, {**saved["build"], "rows": [["x"]]}, {**saved["build"], "image": 3}):
        assert not is_build_trait(wrong)
        with pytest.raises(ValueError, match="no card"):
            SavedBuildCard({**saved, "build": wrong}, "n")


DOCKER = """#!/bin/sh
case "$*" in --version|"buildx version") exit 0;; esac
for word; do case $word in
  --metadata-file=*)
    echo '{"image.name": "app:1,app:2", "containerimage.digest": "sha256:ab"}' > "${word#*=}";;
  --file=*) sed 's/^/#1 0.1 /' "${word#*=}" >&2;;
  --secret=*) cat "${word#*,src=}" >&2; echo >&2;;
  --wait) trap 'echo "#2 CANCELED" >&2; exit 130' INT; echo waiting >&2
    while :; do sleep 0.02; done;;
esac; done
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("docker")
def test_buildx_gets_the_dockerfile_and_secrets_and_says_what_it_made(tmp_path: Path) -> None:
    heard: list[str] = []
    job = Job("FROM a\n", tmp_path, secrets={"id": b"hidden", "given": b"x"},
              options=("--secret=id=given,src=/dev/null",))  # fmt: skip
    built = run_buildx(job, heard.append)
    assert built == Built(0, ("app:1", "app:2"), "sha256:ab")
    assert heard == ["#1 0.1 FROM a", "***", ""]


@pytest.mark.usefixtures("docker")
def test_an_interrupt_ends_buildx_and_what_it_started(tmp_path: Path) -> None:
    cancel, heard = threading.Event(), []

    def hear(text: str) -> None:
        heard.append(text)
        if text == "waiting":
            cancel.set()

    built = run_buildx(Job("FROM a\n", tmp_path, options=("--wait",)), hear, cancel=cancel)
    assert (built.exit_code, heard[-1]) == (130, "#2 CANCELED")
