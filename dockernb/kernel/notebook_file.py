"""The saved notebook of this kernel: where it is, and its cells.

Read with `json`: importing nbformat takes longer than starting the kernel. The file is somebody
else's text: sizes are bounded and wrong shapes are skipped.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .server import notebook_path_from_server

if TYPE_CHECKING:
    from dockernb.session import CellText

__all__ = ["NotebookFile", "SavedCells", "Version", "make_cell"]

MAX_BYTES = 64_000_000
MAX_CELLS = 10_000
ASK_AGAIN_SECONDS = 10.0

# One saving of the notebook: time of change, size and number of its file. Two of them are compared
# for being the same and never for which is later: a clock may have been set back between them. The
# path is no part of it, so that a renamed notebook is none that was saved.
Version = tuple[int, int, int]


def make_cell(cell_id: str, source: str) -> CellText:
    """A `CellText`; importing the session is left to the first cell that runs."""
    from dockernb.session import CellText  # noqa: PLC0415

    return CellText(cell_id, source)


@dataclass(frozen=True)
class SavedCells:
    """The code cells of the saved notebook, in order, and which saving of it that is."""

    cells: tuple[CellText, ...]
    version: Version

    def __contains__(self, cell_id: str) -> bool:
        return any(cell.id == cell_id for cell in self.cells)


class NotebookFile:
    """Finds and reads the notebook.

    The path is the one that the server gave when the kernel started. When nothing is there, or a
    cell that runs is not in it, the notebook may have been renamed: then the server is asked, at
    most every ten seconds.

    Args:
        environment: Where JPY_SESSION_NAME and JPY_PARENT_PID are.
        kernel_id: As in the name of the connection file.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, kernel_id: str = "") -> None:
        self._environment = os.environ if environment is None else environment
        self._kernel_id = kernel_id
        name = self._environment.get("JPY_SESSION_NAME", "")
        self._path = Path(name).absolute() if name else None
        self._asked_at = float("-inf")
        self._read: tuple[Path, Version] | None = None
        self._saved: SavedCells | None = None

    def path(self) -> Path | None:
        """The notebook's path, when it is there."""
        if self._path is not None and self._path.is_file():
            return self._path
        return self.ask_server()

    def ask_server(self) -> Path | None:
        """The path as the server says it now; remembered. None: it says nothing of use."""
        if time.monotonic() - self._asked_at < ASK_AGAIN_SECONDS:
            return None
        self._asked_at = time.monotonic()
        found = notebook_path_from_server(self._environment, self._kernel_id)
        if found is None or not found.is_file():
            return None
        self._path = found
        return found

    def cells(self, running: str | None = None) -> SavedCells | None:
        """The code cells, when they are known and have IDs.

        Args:
            running: ID of a cell that should be among them.
        """
        saved = self._read_cells()
        if running is not None and (saved is None or running not in saved) and self.ask_server():
            return self._read_cells()
        return saved

    def version(self) -> Version | None:
        """Which saving of the notebook is there now; None: it is not where it was last seen."""
        return None if self._path is None else _version_of(self._path)

    def outputs(self) -> Iterator[Mapping[str, Any]]:
        """The mime bundles of all outputs, in order."""
        path = self.path()
        for cell in _code_cells(_load(path)) if path else ():
            for output in _list(cell.get("outputs")):
                data = output.get("data") if isinstance(output, dict) else None
                if isinstance(data, dict):
                    yield data

    def _read_cells(self) -> SavedCells | None:
        path = self.path()
        if path is None:
            return None
        version = _version_of(path)
        if version is None:
            return None
        if (path, version) != self._read:
            self._read = path, version
            self._saved = _saved_cells(_load(path), version)
        return self._saved


def _version_of(path: Path) -> Version | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _saved_cells(notebook: Mapping[str, Any], version: Version) -> SavedCells | None:
    cells = []
    for cell in _code_cells(notebook):
        cell_id, source = cell.get("id"), cell.get("source")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if not isinstance(cell_id, str) or not isinstance(source, str):
            return None  # notebooks before format 4.5 have no IDs
        cells.append(make_cell(cell_id, source))
    return SavedCells(tuple(cells), version)


def _code_cells(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in _list(notebook.get("cells"))[:MAX_CELLS]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            yield cell


def _load(path: Path) -> Mapping[str, Any]:
    """The notebook's JSON; empty when it cannot be read, is too large or is no object."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        notebook = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return notebook if isinstance(notebook, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
