"""`dockernb verify` looks for what it needs before it builds anything."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.engines.base import EngineInfo
from dockernb.oci.config import Platform
from tests.unit.cli.conftest import Invoke, ScriptedSession

NO_BUILDX = """\
#!/bin/sh
case "$*" in
  "version "*) echo 26.1.5 ;;
  "--version") echo Docker 26.1.5 ;;
  *) exit 1 ;;
esac
"""


class Docker:
    """An engine that only says what it is."""

    def info(self) -> EngineInfo:
        return EngineInfo("docker", "x", "26.1.5", Platform(), "unix:///x.sock")

    def close(self) -> None:
        pass


@pytest.fixture
def no_buildx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    path.write_text(NO_BUILDX)
    path.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    monkeypatch.setattr(ScriptedSession, "engine", lambda _: Docker(), raising=False)


def test_without_buildx_nothing_is_built(
    no_buildx: None,
    invoke: Invoke,
    notebook: Callable[..., Path],
    sessions: list[ScriptedSession],
) -> None:
    result = invoke("verify", notebook("FROM a", "RUN b"))
    assert result.exit_code == 1
    assert "its plugin buildx is not" in result.stderr
    assert "Nothing was built." in result.stderr
    assert "apt-get install docker-buildx" in result.stderr
    assert sessions[0].ran == []
    assert sessions[0].closed


def test_doctor_says_the_same(no_buildx: None, invoke: Invoke) -> None:
    text = " ".join(invoke("doctor").stdout.split())
    assert "docker buildx not found" in text
    assert "apt-get install docker-buildx" in text
