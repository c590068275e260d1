"""What can be refused before the build is refused before the build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Invoke, ScriptedSession

Write = Callable[..., Path]
Sessions = list[ScriptedSession]


@pytest.mark.parametrize("tag", ["BAD TAG", "UPPER", "a:b:c", ""])
def test_a_wrong_tag_is_refused_before_anything_is_built(
    invoke: Invoke, notebook: Write, sessions: Sessions, tag: str
) -> None:
    result = invoke("run", notebook("FROM a"), "-t", tag)
    assert result.exit_code == 1
    assert f'"{tag}" is no image name' in result.stderr
    assert sessions == []


def test_a_build_arg_that_no_arg_declares_is_warned_of(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    path = notebook("FROM a", "ARG KNOWN=1 OTHER")
    given = ["--build-arg", "NOPE=1", "--build-arg", "OTHER=2", "--build-arg", "http_proxy=x"]
    result = invoke("run", path, *given)
    assert result.exit_code == 0
    assert "warning: one or more build-args [NOPE] were not consumed" in result.stdout
    assert "not consumed" not in invoke("run", path, "--build-arg", "KNOWN=2").stdout


def test_quiet_leaves_a_line_a_step(invoke: Invoke, notebook: Write, sessions: Sessions) -> None:
    result = invoke("run", notebook("FROM a", "RUN b"), "--quiet")
    assert "output of" not in result.stdout
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize("command", ["run", "verify", "export", "import", "doctor", "install"])
def test_help_has_no_marks_in_it(invoke: Invoke, command: str) -> None:
    text = invoke(command, "--help").stdout
    assert "\\b" not in text
    assert "\b" not in text


def test_help_of_verify_keeps_its_table(invoke: Invoke) -> None:
    lines = invoke("verify", "--help").stdout.splitlines()
    starts = [line.split()[0] for line in lines if line.startswith("    ")]
    assert starts[:3] == ["tree", "config", "history"]
