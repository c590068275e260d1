"""Reading and writing .ipynb files as plain JSON.

nbformat takes more than a second to import and refuses notebooks for flaws that do not concern us;
it is asked only for notebooks older than version 4, to convert them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dockernb.errors import NotebookError

__all__ = [
    "KERNEL_NAME",
    "NAMESPACE",
    "Cell",
    "Notebook",
    "check_kernel",
    "notebook_text",
    "parse_notebook",
    "read_notebook",
    "read_text",
    "write_text",
]

KERNEL_NAME = "dockernb"
NAMESPACE = "dockernb"  # our key in the metadata of notebooks and cells
MAY_FAIL = "raises-exception"  # the tag that nbclient and JupyterLab know
STDIN_OR_STDOUT = "-"


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook.

    Args:
        index: Position among all cells, from 0.
        id: The notebook's cell ID, or `cell-<index>` where it has none.
        kind: code, markdown or raw.
        ours: What dockernb keeps in the cell's metadata.
        may_fail: It has the tag by which Jupyter goes on below a cell that fails.
    """

    index: int
    id: str
    kind: str
    source: str
    ours: Mapping[str, Any] = field(default_factory=dict)
    may_fail: bool = False


@dataclass(frozen=True)
class Notebook:
    """A notebook file.

    Args:
        data: The whole document, as JSON has it.
        name: Where it came from, for messages.
    """

    data: dict[str, Any]
    cells: tuple[Cell, ...]
    name: str = "notebook"

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def ours(self) -> Mapping[str, Any]:
        """What dockernb keeps in the notebook's metadata."""
        return _mapping(_mapping(self.data.get("metadata")).get(NAMESPACE))

    @property
    def kernel(self) -> str | None:
        """Name of the kernel that the notebook asks for; None: it does not say."""
        name = _mapping(_mapping(self.data.get("metadata")).get("kernelspec")).get("name")
        return name if isinstance(name, str) else None

    @property
    def language(self) -> str | None:
        """Language of the notebook, from the kernel's own information or its kernelspec."""
        metadata = _mapping(self.data.get("metadata"))
        name = _mapping(metadata.get("language_info")).get("name")
        name = name or _mapping(metadata.get("kernelspec")).get("language")
        return name if isinstance(name, str) else None


def read_notebook(path: Path | str) -> Notebook:
    """Reads a notebook; `-` is the standard input.

    Raises:
        NotebookError: It cannot be read, or is no notebook.
    """
    name = str(path)
    return parse_notebook(read_text(path), name="standard input" if name == "-" else name)


def parse_notebook(text: str, *, name: str = "notebook") -> Notebook:
    """A notebook from its JSON text."""
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as err:
        hint = None
        if text.lstrip().upper().startswith(("FROM ", "ARG ", "# SYNTAX")):
            hint = f"It looks like a Dockerfile: dockernb import {name} -o NOTEBOOK.ipynb"
        raise NotebookError(f'"{name}" is no notebook: {err}', hint=hint) from err
    if isinstance(data, dict) and "worksheets" in data:
        data = _converted(data, name)
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError(f'"{name}" is no notebook: it has no list "cells"')
    return Notebook(data, _unique([_cell(index, cell) for index, cell in enumerate(cells)]), name)


def check_kernel(notebook: Notebook) -> None:
    """Refuses a notebook of another kernel. One that names no kernel passes."""
    foreign_kernel = notebook.kernel not in {None, KERNEL_NAME}
    if notebook.language == "dockerfile" or (notebook.language is None and not foreign_kernel):
        return
    raise NotebookError(
        f'"{notebook.name}" is a notebook of the kernel "{notebook.kernel or notebook.language}", '
        f'not of "{KERNEL_NAME}"',
        rule="Only cells of a Dockerfile notebook can become a Dockerfile.",
        hint='Open it in JupyterLab and choose Kernel > Change Kernel > "Dockerfile".',
    )


def notebook_text(data: Mapping[str, Any]) -> str:
    """The JSON text of a notebook, as Jupyter itself writes it."""
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair in an output or a source: JSON can hold it, UTF-8 cannot.
        text = json.dumps(data, indent=1, sort_keys=True) + "\n"
    return text


def read_text(path: Path | str) -> str:
    """A file's text with its line ends as they are; `-` is the standard input.

    Raises:
        NotebookError: It cannot be read, or is not UTF-8 (a notebook can hold nothing else); the
            message names the line.
    """
    name = "standard input" if str(path) == STDIN_OR_STDOUT else str(path)
    try:
        raw = sys.stdin.buffer.read() if name == "standard input" else Path(path).read_bytes()
    except OSError as err:
        raise NotebookError(f'cannot read "{name}": {err.strerror or err}') from err
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as err:
        line = raw.count(b"\n", 0, err.start) + 1
        raise NotebookError(
            f'"{name}" is not UTF-8: byte 0x{raw[err.start]:02x} in line {line}',
            rule="A notebook holds Unicode text only; nothing was written.",
            hint=f'If it is Latin-1: iconv -f latin1 -t utf-8 "{name}" > Dockerfile.utf8',
        ) from err


def write_text(path: Path | str, text: str) -> None:
    """Writes a text in UTF-8, line ends as they are; `-` is the standard output.

    A file is written aside, synced and renamed: a reader sees the old or the new one, whole.

    Raises:
        NotebookError: It cannot be written.
    """
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as err:
        raise NotebookError(
            f"the text holds half a surrogate pair at character {err.start}, which UTF-8 cannot"
        ) from err
    if str(path) == STDIN_OR_STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    try:
        _replace(Path(path), raw)
    except OSError as err:
        raise NotebookError(f'cannot write "{path}": {err.strerror or err}') from err


def _replace(path: Path, raw: bytes) -> None:
    path = path.resolve()  # a symbolic link stays one
    if path.exists() and not path.is_file():
        path.write_bytes(raw)  # /dev/stdout, a pipe: nothing to rename there
        return
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    # There is no call that only reads it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _cell(index: int, data: Mapping[str, Any]) -> Cell:
    source = data.get("source", "")
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    metadata = _mapping(data.get("metadata"))
    ours, tags = _mapping(metadata.get(NAMESPACE)), metadata.get("tags")
    cell_id = data.get("id")
    return Cell(
        index=index,
        id=cell_id if isinstance(cell_id, str) and cell_id else f"cell-{index}",
        kind=str(data.get("cell_type", "code")),
        source=str(source),
        ours=ours,
        may_fail=isinstance(tags, list) and MAY_FAIL in tags,
    )


def _unique(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells, with a new ID where an earlier cell has the same (a merge by hand does that)."""
    seen: set[str] = set()
    result = []
    for cell in cells:
        unique = replace(cell, id=f"{cell.id[:50]}-{cell.index}") if cell.id in seen else cell
        seen.add(unique.id)
        result.append(unique)
    return tuple(result)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _converted(data: dict[str, Any], name: str) -> dict[str, Any]:
    """A notebook of format 3 or older as format 4."""
    import nbformat  # noqa: PLC0415  (slow to import, rarely needed)

    try:
        node = nbformat.reads(json.dumps(data), as_version=4)  # type: ignore[no-untyped-call]
    except Exception as err:
        raise NotebookError(f'"{name}" is a notebook in an old format: {err}') from err
    converted: dict[str, Any] = json.loads(
        nbformat.writes(node)  # type: ignore[no-untyped-call]
    )
    return converted
