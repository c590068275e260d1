"""A real kernel that is timed from a request to its idle message."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from .measure import Sample

__all__ = ["CARD", "TimedKernel", "start_seconds", "started_kernel"]

CARD = "application/vnd.dockernb.card+json"
_TIMEOUT = 600


class TimedKernel:
    """A kernel of its own.

    Attributes:
        outputs: What the last cell displayed: mime type -> content, one for each output.
    """

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._client = client
        self.pid = int(manager.provisioner.pid)  # type: ignore[union-attr]
        self._process = psutil.Process(self.pid)
        self.outputs: dict[str, dict[str, Any]] = {}

    def cell(self, source: str, cell_id: str | None = None) -> Sample:
        """Runs a cell to its idle message and its reply; it must succeed.

        Args:
            cell_id: As a notebook's front end names it; None: as a program that runs notebooks.
        """
        self.outputs = {}
        cpu, begin = self._cpu(), time.perf_counter()
        content = self._executed(source, {"cellId": cell_id} if cell_id else {})
        seconds = time.perf_counter() - begin
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        return Sample(seconds, self._cpu() - cpu)

    def _executed(self, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """The content of the reply, when the kernel has said that it is idle."""
        request = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        message = self._client.session.msg("execute_request", request, metadata=metadata)
        self._client.shell_channel.send(message)
        number = message["header"]["msg_id"]
        while not self._is_idle(self._client.get_iopub_msg(timeout=_TIMEOUT), number):
            pass
        while True:
            reply = self._client.get_shell_msg(timeout=_TIMEOUT)
            if reply["parent_header"].get("msg_id") == number:
                return dict(reply["content"])

    def _is_idle(self, message: dict[str, Any], number: str) -> bool:
        content = message["content"]
        if message["parent_header"].get("msg_id") != number:
            return False
        if message["msg_type"] in ("display_data", "update_display_data"):
            self.outputs[content["transient"]["display_id"]] = content["data"]
        return message["msg_type"] == "status" and content["execution_state"] == "idle"

    def card(self) -> dict[str, Any]:
        """The card of the last cell."""
        (card,) = (data[CARD] for data in self.outputs.values() if CARD in data)
        return dict(card)

    def peak_memory(self) -> int:
        """The most bytes that the kernel's process ever had in memory (VmHWM of proc(5))."""
        text = Path(f"/proc/{self.pid}/status").read_text("ascii")
        (line,) = (line for line in text.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def _cpu(self) -> float:
        """Seconds of processor time of the kernel, of what it runs, and of what of that ended."""
        total = 0.0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
            total += times.children_user + times.children_system
        return total


@contextmanager
def started_kernel(
    environment: Mapping[str, str], folder: Path | None = None
) -> Iterator[TimedKernel]:
    """A kernel with these variables beside ours, in `folder`."""
    manager = KernelManager(kernel_name="dockernb")
    manager.start_kernel(env={**os.environ, **environment}, cwd=folder)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield TimedKernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def start_seconds(kernel_name: str) -> float:
    """Seconds from the start of a kernel's process to its answer to kernel_info."""
    begin = time.perf_counter()
    manager = KernelManager(kernel_name=kernel_name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        return time.perf_counter() - begin
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
