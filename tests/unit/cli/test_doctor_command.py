"""`dockernb doctor` says what works, and what to do about what does not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dockernb import __version__
from dockernb.cli import checks
from dockernb.engines.base import EngineInfo
from dockernb.errors import EngineNotAvailableError
from dockernb.oci.config import Platform

from .conftest import Invoke


class AnsweringEngine:
    def info(self) -> EngineInfo:
        return EngineInfo("docker", "id", "26.1", Platform(), "unix:///x.sock")

    def remove_leftovers(self) -> list[str]:
        return ["a", "b"]

    def close(self) -> None:
        pass


def silent(name: str) -> AnsweringEngine:
    raise EngineNotAvailableError(f"no {name} here", hint="start it")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of its own: empty Jupyter folders, no docker command, its own cache."""
    for name in ("JUPYTER_DATA_DIR", "DOCKERNB_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "HOME").mkdir()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for folders in ("ENV_JUPYTER_PATH", "SYSTEM_JUPYTER_PATH"):
        monkeypatch.setattr(f"jupyter_core.paths.{folders}", [])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(checks, "ENGINES", ("docker", "embedded"))
    monkeypatch.setattr(checks, "open_engine", lambda name: AnsweringEngine())
    return tmp_path


def install_kernelspec(folder: Path, python: str) -> None:
    spec = folder / "jupyter" / "kernels" / "dockernb" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [python, "-m", "dockernb.kernel"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "D", "language": "dockerfile"}))


def install_extension(folder: Path, version: str = __version__) -> Path:
    package = folder / "jupyter" / "labextensions" / "dockernb" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"name": "dockernb", "version": version}))
    return package


def rows(invoke: Invoke) -> tuple[int, dict[str, Any]]:
    done = invoke("doctor", "--json")
    assert done.stdout, done.stderr
    data = json.loads(done.stdout)
    assert data["ok"] == (done.exit_code == 0)
    return done.exit_code, {row["name"]: row for row in data["checks"]}


def test_all_is_well_when_an_engine_answers_and_the_kernel_is_installed(
    invoke: Invoke, machine: Path
) -> None:
    install_kernelspec(machine, sys.executable)
    code, found = rows(invoke)
    assert code == 0
    assert found["engine docker"]["detail"] == "version 26.1, linux/amd64, unix:///x.sock"
    assert found["leftovers on docker"]["detail"] == "2 containers of dead processes removed"
    assert sys.executable in found["kernelspec"]["detail"]


def test_one_engine_is_enough(
    invoke: Invoke, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_kernelspec(machine, sys.executable)
    answer = lambda name: silent(name) if name == "docker" else AnsweringEngine()  # noqa: E731
    monkeypatch.setattr(checks, "open_engine", answer)
    code, found = rows(invoke)
    assert code == 0
    assert not found["engine docker"]["ok"]
    assert found["engine docker"]["todo"] == "start it"


def test_no_engine_is_a_problem(
    invoke: Invoke, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_kernelspec(machine, sys.executable)
    monkeypatch.setattr(checks, "open_engine", silent)
    assert rows(invoke)[0] == 1


def test_missing_docker_command_is_no_need(invoke: Invoke, machine: Path) -> None:
    install_kernelspec(machine, sys.executable)
    code, found = rows(invoke)
    assert code == 0
    assert not found["docker command"]["ok"]
    assert "verify" in found["docker command"]["todo"]


@pytest.mark.parametrize("python", ["/no/such/python", ""])
def test_kernelspec_of_a_python_that_is_gone_is_a_problem(
    invoke: Invoke, machine: Path, python: str
) -> None:
    install_kernelspec(machine, python)
    code, found = rows(invoke)
    assert code == 1
    assert found["kernelspec"]["todo"] == "dockernb install"


def test_lab_extension_is_found(invoke: Invoke, machine: Path) -> None:
    package = install_extension(machine)
    found = rows(invoke)[1]["lab extension"]
    assert (found["ok"], found["detail"]) == (True, f"{__version__}, {package.parent}")


def test_missing_lab_extension_is_a_problem_but_no_need(invoke: Invoke, machine: Path) -> None:
    install_kernelspec(machine, sys.executable)
    code, found = rows(invoke)
    assert code == 0
    assert not found["lab extension"]["ok"]
    assert "dockernb install" in found["lab extension"]["todo"]


def test_lab_extension_of_another_version_is_a_problem(invoke: Invoke, machine: Path) -> None:
    install_extension(machine, "0.0.1")
    found = rows(invoke)[1]["lab extension"]
    assert not found["ok"]
    assert f"but dockernb is {__version__}" in found["detail"]


@pytest.mark.parametrize("text", ["", "[]", "{}", "\0"])
def test_broken_lab_extension_is_a_problem(invoke: Invoke, machine: Path, text: str) -> None:
    install_extension(machine).write_text(text)
    assert not rows(invoke)[1]["lab extension"]["ok"]


@pytest.mark.parametrize("disabled", [{"dockernb": True}, {"dockernb:cells": True}])
def test_disabled_lab_extension_is_a_problem(
    invoke: Invoke, machine: Path, monkeypatch: pytest.MonkeyPatch, disabled: dict[str, bool]
) -> None:
    install_extension(machine)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(machine / "config"))
    config = machine / "config" / "labconfig" / "page_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": disabled}))
    found = rows(invoke)[1]["lab extension"]
    assert (found["ok"], found["todo"]) == (False, "jupyter labextension enable dockernb")


def test_table_shows_what_to_do_below_a_problem(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "open_engine", silent)
    lines = invoke("doctor").stdout.splitlines()
    index = next(n for n, line in enumerate(lines) if "engine docker" in line)
    assert lines[index].split() == ["problem", "engine", "docker", "no", "docker", "here"]
    assert lines[index + 1].strip() == "start it"
