"""A real kernel that is timed from a request to its idle message."""

from __future__ import annotations

import time

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

__all__ = ["cell_seconds", "start_seconds"]


def cell_seconds(client: BlockingKernelClient, source: str) -> float:
    """Seconds from the request to idle and the reply; the cell must succeed."""
    begin = time.perf_counter()
    reply = client.execute_interactive(source, timeout=300, output_hook=lambda message: None)
    seconds = time.perf_counter() - begin
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return seconds


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
