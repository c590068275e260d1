"""Notebooks that the tests open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

COURSE = Path(__file__).parents[2] / "notebooks"
CARD_MIME = "application/vnd.dockernb.card+json"


def write(path: Path, cells: Sequence[str], *, kernel: str = "dockernb") -> Path:
    """A notebook of code cells, with the IDs cell-0, cell-1 and so on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": kernel, "display_name": kernel, "language": "dockerfile"}
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def course(folder: Path, name: str = "01-build-an-image.ipynb") -> Path:
    """A copy of a notebook of the course that has not run, with the files of its build context."""
    shutil.copytree(COURSE, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    path = folder / name
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def with_kernel(path: Path, kernel: str) -> Path:
    """A copy of the notebook, outputs and all, that asks for another kernel."""
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"] = {"kernelspec": {"name": kernel, "display_name": kernel}}
    copy = path.with_stem(f"{path.stem}-{kernel}")
    copy.write_text(json.dumps(notebook), "utf-8")
    return copy


def saved_cards(path: Path) -> list[dict[str, Any]]:
    """The cards that the saved notebook holds, in order."""
    return list(_cards(json.loads(path.read_text("utf-8"))))


def _cards(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if card := output.get("data", {}).get(CARD_MIME):
                yield card
