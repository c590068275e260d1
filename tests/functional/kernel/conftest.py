from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.kernel.execution import Workspace
from dockernb.kernel.lazy_session import LazySession
from dockernb.kernel.notebook_file import NotebookFile
from dockernb.kernel.order import CellOrder

from .client import ROOT, Kernel, started
from .scripted import ScriptedSession


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with a scripted session, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("notebook")
    with started("tests.functional.kernel.scripted", folder) as running:
        yield running


@pytest.fixture(scope="module")
def kernelspec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name under which Jupyter finds the scripted kernel."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "dockernb-scripted"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "tests.functional.kernel.scripted", "-f", "{connection_file}"]
    text = {"argv": argv, "display_name": "Dockerfile", "language": "dockerfile"}
    (spec / "kernel.json").write_text(json.dumps({**text, "env": {"PYTHONPATH": str(ROOT)}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield spec.name


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """What magics and completion work with; the context is an empty folder."""
    notebook = NotebookFile({})
    made = Workspace(LazySession(ScriptedSession), CellOrder(notebook))  # type: ignore[arg-type]
    made.session.get().set_context(tmp_path)
    return made
