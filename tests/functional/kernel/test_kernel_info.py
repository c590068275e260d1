from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dockernb import __version__
from dockernb.errors import DockernbError
from dockernb.kernel.install import install

from .client import ROOT, Kernel

HEAVY = {"docker", "ipywidgets", "anywidget", "nbformat", "numpy", "requests", "sqlite3", "debugpy"}


def test_start_loads_nothing_heavy() -> None:
    code = "import sys, dockernb.kernel.kernel; print(*{n.partition('.')[0] for n in sys.modules})"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    # IPython, which ipykernel imports, brings its own; only what we add counts.
    code = "import sys, ipykernel.kernelapp; print(*{n.partition('.')[0] for n in sys.modules})"
    run = [sys.executable, "-c", code]
    before = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not (set(loaded.split()) - set(before.split())) & HEAVY


def test_kernel_info_names_the_language_and_no_debugger(kernel: Kernel) -> None:
    info = kernel.ask("kernel_info")
    assert info["language_info"]["name"] == "dockerfile"
    assert info["language_info"]["nbconvert_exporter"] == "dockerfile"
    assert "debugger" not in info["supported_features"]
    assert info["help_links"]
    assert info["banner"].startswith("dockernb")


def test_cursor_beyond_the_end_is_clamped(kernel: Kernel) -> None:
    assert kernel.ask("complete", "FR", 9)["matches"] == ["FROM"]
    assert kernel.ask("inspect", "FROM", 99)["found"]


def test_is_complete_understands_magics(kernel: Kernel) -> None:
    assert kernel.ask("is_complete", "%help")["status"] == "complete"
    assert kernel.ask("is_complete", "%cache on\nRUN a \\")["status"] == "incomplete"


def test_install_names_this_python(tmp_path: Path) -> None:
    folder = install(prefix=tmp_path)
    assert folder == tmp_path / "share" / "jupyter" / "kernels" / "dockernb"
    spec = json.loads((folder / "kernel.json").read_text("utf-8"))
    assert spec["argv"] == [
        sys.executable, "-m", "dockernb.kernel", "-f", "{connection_file}"
    ]  # fmt: skip
    assert spec["display_name"] == "Dockerfile"
    for logo in ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg"):
        assert (folder / logo).stat().st_size > 0
    assert install(prefix=tmp_path) == folder, "a second time is fine"


def test_install_brings_the_lab_extension_of_this_version(tmp_path: Path) -> None:
    folder = install(prefix=tmp_path).parent.parent / "labextensions" / "dockernb"
    package = json.loads((folder / "package.json").read_text("utf-8"))
    assert package["version"] == __version__
    assert (folder / package["jupyterlab"]["_build"]["load"]).stat().st_size > 0


def test_install_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("in the way", "utf-8")
    with pytest.raises(DockernbError, match="cannot be written"):
        install(prefix=tmp_path)
