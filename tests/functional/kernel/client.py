"""Runs cells in a kernel process and collects everything that comes back."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpec

CARD = "application/vnd.dockernb.card+json"
ROOT = Path(__file__).parents[3]
SECONDS = 30.0


@dataclass
class Ran:
    """What one execute_request gave: the reply's content and the messages on iopub."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Contents of the messages of a type."""
        return [m["content"] for m in self.messages if m["header"]["msg_type"] == kind]

    @property
    def text(self) -> str:
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The card JSON of all finished steps."""
        outputs = self.of("update_display_data") + self.of("display_data")
        return [content["data"][CARD] for content in outputs if CARD in content["data"]]

    @property
    def traceback(self) -> str:
        return "\n".join(self.reply["traceback"])


class Kernel:
    """A running kernel process.

    Attributes:
        comms: What came on comms while requests were waited for, whoever asked for it.
    """

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.comms: list[dict[str, Any]] = []

    def send(
        self,
        code: str,
        *,
        cell_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> str:
        """Sends an execute_request as JupyterLab does when there is a `cell_id`."""
        options.setdefault("allow_stdin", cell_id is not None)
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "stop_on_error": True,
            **options,
        }
        message = self.client.session.msg("execute_request", content)
        if cell_id is not None:
            message["metadata"] = {"cellId": cell_id, "deletedCells": [], **(metadata or {})}
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def collect(self, request: str, seconds: float = SECONDS) -> Ran:
        """Waits for the request's reply and its idle status."""
        start = time.monotonic()
        messages: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=seconds)
            if message["header"]["msg_type"].startswith("comm_"):
                self.comms.append(message)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if message["content"].get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=seconds)
            if reply["parent_header"].get("msg_id") == request:
                return Ran(reply["content"], messages, time.monotonic() - start)

    def run(self, code: str, **options: Any) -> Ran:
        return self.collect(self.send(code, **options))

    def wait_for(self, kind: str) -> dict[str, Any]:
        """The next iopub message of a type."""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["header"]["msg_type"] == kind:
                return dict(message["content"])

    def ask(self, method: str, *arguments: Any) -> dict[str, Any]:
        """A request that has a reply of its own: complete, inspect, is_complete."""
        request = getattr(self.client, method)(*arguments)
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == request:
                return dict(reply["content"])


@contextlib.contextmanager
def started(
    module: str, folder: Path, *, interrupt_mode: str = "signal", **environment: str
) -> Iterator[Kernel]:
    """Starts `python -m MODULE` as a kernel in `folder` and ends it after the block."""
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", module, "-f", "{connection_file}"],
        display_name="Dockerfile",
        language="dockerfile",
        interrupt_mode=interrupt_mode,
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": path, **environment}
    manager.start_kernel(cwd=str(folder), env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        manager.cleanup_resources()


def write_notebook(
    path: Path, cells: Mapping[str, str], outputs: Mapping[str, Any] | None = None
) -> None:
    """A notebook with one code cell for each ID and text."""
    made = [
        {
            "cell_type": "code",
            "id": cell_id,
            "source": source.splitlines(keepends=True),
            "metadata": {},
            "execution_count": None,
            "outputs": (outputs or {}).get(cell_id, []),
        }
        for cell_id, source in cells.items()
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}
    path.write_text(json.dumps(notebook), "utf-8")
