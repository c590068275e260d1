"""`dockernb import` and `dockernb export`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb import __version__

from .conftest import Invoke

RAW = b"\xef\xbb\xbf# a\r\nFROM b\r\n\r\n\r\n# caf\xc3\xa9\r\n\r\nRUN c"


def test_import_and_export_give_the_bytes_back(invoke: Invoke, tmp_path: Path) -> None:
    source, middle, result = (tmp_path / name for name in ("Dockerfile", "a.ipynb", "again"))
    source.write_bytes(RAW)
    assert invoke("import", source, "-o", middle).exit_code == 0
    assert invoke("export", middle, "-o", result).exit_code == 0
    assert result.read_bytes() == RAW


def test_both_write_to_standard_output_and_read_standard_input(invoke: Invoke) -> None:
    imported = invoke("import", "-", input=RAW)
    assert json.loads(imported.stdout)["nbformat"] == 4
    assert invoke("export", "-", "-o", "-", input=imported.stdout_bytes).stdout_bytes == RAW


def test_export_of_another_kernels_notebook_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "p.ipynb"
    path.write_text('{"cells": [], "metadata": {"kernelspec": {"name": "python3"}}}')
    result = invoke("export", path)
    assert result.exit_code == 1
    assert "NotebookError" in result.stderr


def test_import_of_bytes_that_are_not_utf8_says_which_line(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM a\nRUN \xff\n")
    result = invoke("import", path, "-o", tmp_path / "a.ipynb")
    assert result.exit_code == 1
    assert "byte 0xff in line 2" in result.stderr
    assert not (tmp_path / "a.ipynb").exists()


def test_version_and_help_name_all_commands(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"dockernb {__version__}\n"
    listed = invoke("--help").stdout
    for command in ("doctor", "export", "import", "install", "run", "verify"):
        assert f"  {command} " in listed
        assert invoke(command, "--help").exit_code == 0


def test_unknown_command_is_a_usage_error(invoke: Invoke) -> None:
    assert invoke("nope").exit_code == 2


def test_python_m_dockernb_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dockernb", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"dockernb {__version__}\n"


def test_closed_pipe_is_quiet(tmp_path: Path, notebook: Callable[..., Path]) -> None:
    path = notebook(*(f"RUN {'x' * 1000} {n}" for n in range(2000)))
    reader = subprocess.run(
        f'"{sys.executable}" -m dockernb export "{path}" | head -c 10',
        shell=True,
        capture_output=True,
        check=False,
    )
    assert reader.stdout == b"RUN xxxxxx"
    assert reader.stderr == b""


@pytest.mark.parametrize("command", ["export", "run", "verify"])
def test_missing_notebook_is_one_clear_line(invoke: Invoke, command: str) -> None:
    result = invoke(command, "/no/such.ipynb")
    assert result.exit_code == 1
    assert result.stderr == (
        'NotebookError: cannot read "/no/such.ipynb": No such file or directory\n'
    )


def test_help_loads_neither_docker_nor_nbformat_nor_jupyter() -> None:
    code = (
        "import sys; from dockernb.cli import commands\n"
        "try: commands(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'docker', 'nbformat', 'ipykernel', 'ipywidgets', 'jupyter_client', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
