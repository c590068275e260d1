"""Runs a notebook in a kernel of its own, from the first to the last cell."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from .notebooks import read

PROJECT = Path(__file__).parents[2]
CELL_SECONDS = 300


class _CellClient(AsyncKernelClient):
    """Names the cell with each request, as JupyterLab does."""

    cell_id: str | None = None

    def execute(self, code: str, *_: Any, **options: Any) -> str:
        """Sends the cell; gives the request's ID."""
        content = {
            "code": code,
            "silent": False,
            "store_history": options.get("store_history", True),
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": options.get("stop_on_error", True),
        }
        request = self.session.msg("execute_request", content, metadata={"cellId": self.cell_id})
        self.shell_channel.send(request)
        return str(request["header"]["msg_id"])


class _NotebookClient(NotebookClient):
    async def async_execute_cell(
        self, cell: nbformat.NotebookNode, *arguments: Any, **options: Any
    ) -> nbformat.NotebookNode:
        self.kc.cell_id = cell["id"]
        return await super().async_execute_cell(cell, *arguments, **options)


def executed(path: Path, environment: Mapping[str, str]) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run; the file is not written.

    Args:
        path: Its folder is the kernel's, and the build context.
        environment: Beside the process's own.

    Raises:
        CellExecutionError: A cell failed that is not meant to.
    """
    manager = AsyncKernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "dockernb.kernel", "-f", "{connection_file}"],
        display_name="Dockerfile",
        language="dockerfile",
    )
    manager.client_factory = _CellClient
    client = _NotebookClient(
        read(path),
        km=manager,
        timeout=CELL_SECONDS,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    search = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": search, **environment}
    return asyncio.run(client.async_execute(env=env, cleanup_kc=True))
