"""A step that does not succeed says why, and what stands."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.testbed import api

from . import notebook
from .lab import Lab
from .waiting import until


def test_failing_run_shows_exit_code_last_lines_and_the_snapshot_that_stands(
    lab: Lab, folder: Path
) -> None:
    failing = "RUN for i in 1 2 3; do echo step $i; done; echo no such thing >&2; exit 42"
    lab.open(notebook.write(folder / "failing.ipynb", ["FROM busybox", failing]))
    base = lab.run(0).snapshot.inner_text()
    card = lab.run(1)
    card.expect_status("failed")
    expect(card.root).to_contain_text("exit code 42")
    expect(card.root.locator(".dnb-origin")).to_have_text(f"snapshot {base} still stands")
    expect(card.open_tab("Log")).to_contain_text("no such thing")
    assert ("run", "failed") in card.dots()
    traceback = lab.output(1).last
    expect(traceback).to_contain_text("InstructionFailedError")
    expect(traceback).to_contain_text("42")
    lab.screenshot("failed", 1)


def test_unknown_instruction_is_answered_with_the_one_that_was_meant(
    lab: Lab, folder: Path
) -> None:
    lab.open(notebook.write(folder / "unknown.ipynb", ["FROM busybox", "RUM echo hello"]))
    lab.run(0)
    lab.run(1)
    expect(lab.cell(1)).to_contain_text(re.compile("did you mean RUN", re.IGNORECASE))
    lab.screenshot("unknown-instruction", 1)


def test_stop_button_ends_a_step_within_two_seconds_and_leaves_no_container(
    lab: Lab, folder: Path, docker_host: str
) -> None:
    lab.open(notebook.write(folder / "sleep.ipynb", ["FROM busybox", "RUN echo up; sleep 60"]))
    lab.run(0)
    lab.start(1)
    card = lab.card(1)
    expect(card.log_lines.filter(has_text="up")).to_be_visible()
    expect(card.detail(1)).to_have_text(re.compile("^[0-9a-f]{12}$"))
    container = card.detail(1).inner_text()
    assert container in running_containers(docker_host)
    lab.screenshot("before-stop", 1)

    pressed = time.monotonic()
    lab.stop()
    card.expect_status("interrupted")
    lab.expect_executed(1)
    until(
        lab.page,
        lambda: container not in running_containers(docker_host),
        "the container is removed",
        seconds=2,
    )
    seconds = time.monotonic() - pressed

    assert seconds < 2, f"{seconds:.2f} s"
    expect(lab.output(1).last).to_contain_text("BuildInterruptedError")
    lab.screenshot("interrupted", 1)
    lab.write(1, "RUN echo after the interrupt")
    lab.run(1).expect_status("built")


def running_containers(docker_host: str) -> set[str]:
    """Short IDs of all containers of the engine, ended ones too."""
    found = api.get(urlsplit(docker_host).path, "/containers/json?all=1")
    return {container["Id"][:12] for container in found}
