"""A page with the lab extension, as a kernel hears it."""

from __future__ import annotations

import time
import uuid
from typing import Any

from .client import SECONDS, Kernel

__all__ = ["Page"]


class Page:
    """What the lab extension does: tells the cells, hears what they are."""

    def __init__(self, kernel: Kernel, cells: dict[str, str]) -> None:
        self.kernel = kernel
        self.comm_id = uuid.uuid4().hex
        self.cells = dict(cells)
        self.told = dict(cells)
        self.states: dict[str, str] = {}
        self.heard: list[dict[str, Any]] = []
        self.parent: str | None = None
        self.text: list[str] = []
        listed = [{"id": cell, "source": text} for cell, text in cells.items()]
        self.send("comm_open", {"version": 1, "cells": listed}, target_name="dockernb.page")

    def send(self, kind: str, data: Any, **content: Any) -> None:
        session = self.kernel.client.session
        message = session.msg(kind, {"comm_id": self.comm_id, "data": data, **content})
        self.kernel.client.shell_channel.send(message)

    def tell(self) -> None:
        """Only what is new, as the extension does."""
        changed = [
            {"id": cell, "source": text}
            for cell, text in self.cells.items()
            if self.told.get(cell) != text
        ]
        data: dict[str, Any] = {"version": 1, "changed": changed}
        if list(self.told) != list(self.cells):
            data["order"] = list(self.cells)
        self.told = dict(self.cells)
        self.send("comm_msg", data)

    def order(self, cells: str) -> None:
        self.cells = {cell: self.cells[cell] for cell in cells.split()}

    def run(self, cell: str) -> str:
        """Runs a cell to its end; what it printed."""
        self.tell()
        request = self.kernel.send(self.cells[cell], cell_id=cell)
        while self._next().get("execution_state") != "idle" or self.parent != request:
            pass
        return "".join(self.text)

    def run_all(self) -> None:
        for cell in self.cells:
            self.run(cell)

    def expect(self, *wanted: str) -> None:
        """Tells the cells and waits until they are so."""
        self.tell()
        deadline = time.monotonic() + SECONDS
        while [self.states.get(cell, "") for cell in self.cells] != list(wanted):
            assert time.monotonic() < deadline, (list(self.states.items()), wanted)
            self._next()

    def _next(self) -> dict[str, Any]:
        message = self.kernel.client.get_iopub_msg(timeout=SECONDS)
        content: dict[str, Any] = message["content"]
        parent = message["parent_header"].get("msg_id")
        if content.get("execution_state") == "busy":
            self.parent, self.text = parent, []
        if "text" in content:
            self.text.append(content["text"])
        if "data" in content and "text/plain" in content["data"]:
            self.text.append(content["data"]["text/plain"])
        data = content.get("data", {})
        if content.get("comm_id") == self.comm_id:
            self.heard.append(data)
            for state in data.get("states", ()):
                self.states[state["id"]] = f"{state['state']}: {state['reason']}".removesuffix(": ")
        return content
