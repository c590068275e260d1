"""Which notebooks the course has, and how they are read and written."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

FOLDER = Path(__file__).parents[2] / "notebooks"
#: In the order of the course. A variant, such as 01b, needs what not every machine has.
COURSE = tuple(sorted(path for path in FOLDER.glob("*.ipynb") if re.match(r"\d\d-", path.name)))
CARD = "application/vnd.dockernb.card+json"
#: Jupyter's own tag for a cell that is meant to fail; running all cells goes on below it.
FAILS = "raises-exception"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """As JupyterLab writes it: one space a level, so that a diff shows lines."""
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_meant_to_fail(cell: nbformat.NotebookNode) -> bool:
    return FAILS in cell.metadata.get("tags", ())


def cards(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cards of all steps of a cell."""
    return [output.data[CARD] for output in cell.outputs if CARD in output.get("data", {})]
