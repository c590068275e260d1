"""Outputs as they are committed: readable anywhere, and as they were where nothing changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat

from .notebooks import CARD, code_cells

WIDGET = "application/vnd.jupyter.widget-view+json"
ARCHIVE = "deb.debian.org"
_FETCHED = re.compile(r"\b(?:Get|Hit|Ign|Err):\d+ https?://([^/\s]+)/(\S+?)(?:-security)? ")
#: What differs between two runs of the same cells: IDs, times, rates, the seconds of a card.
_VOLATILE = re.compile(
    r"\b[0-9a-f]{12,64}\b"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d UTC|\b\d\d:\d\d(?::\d\d)?(?:\.\d+)?\b"
    r"|\b\d+(?:\.\d+)? ?(?:ms|s|min)\b|\b\d+(?:\.\d+)? [kMG]?B/s"
    r"|\b[A-Z][a-z]{2} [ \d]\d\b|\d\d/[A-Z][a-z]{2}/\d{4}"
)


def settle(notebook: nbformat.NotebookNode, before: nbformat.NotebookNode, folder: Path) -> None:
    """Makes the outputs of a run fit to be committed.

    Args:
        notebook: As it was run; changed in place.
        before: As it was committed the last time.
        folder: Where it was run; paths below it become relative.
    """
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)  # the times of the client
        cell.outputs = [_settled(output, folder) for output in cell.outputs]
    earlier = {cell.id: cell.outputs for cell in code_cells(before)}
    now = {cell.id: cell.outputs for cell in code_cells(notebook)}
    # All or none: cells name each other's snapshots.
    if {name: _lasting(outputs) for name, outputs in earlier.items()} == {
        name: _lasting(outputs) for name, outputs in now.items()
    }:
        for cell in code_cells(notebook):
            cell.outputs = earlier[cell.id]


def _settled(output: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    data = output.get("data", {})
    data.pop(WIDGET, None)  # no kernel of the reader has that model
    if CARD in data:
        data[CARD]["model_id"] = None
    return nbformat.from_dict(_replaced(json.loads(json.dumps(output)), folder))


def _replaced(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {_text(key, folder): _replaced(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, folder) for each in value]
    return _text(value, folder) if isinstance(value, str) else value


def _text(text: str, folder: Path) -> str:
    return text.replace(f"{folder}/", "").replace(str(folder), ".")


def mirrors(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Names of the package mirror of this machine -> what they are called in public.

    apt writes them into its log, and into the names of its lists.
    """
    found = set(_FETCHED.findall(json.dumps(notebook)))
    names = {f"{host}/{path}": f"{ARCHIVE}/debian" for host, path in found}
    return names | {old.replace("/", "_"): new.replace("/", "_") for old, new in names.items()}


def without_mirrors(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy in which packages come from Debian's public archive."""
    text = json.dumps(notebook)
    for old, new in mirrors(notebook).items():
        text = text.replace(old, new)
    return nbformat.from_dict(json.loads(text))


def _lasting(outputs: list[nbformat.NotebookNode]) -> str:
    lasting = json.loads(json.dumps(outputs))
    for output in lasting:
        card = output.get("data", {}).get(CARD, {})
        for name in ("built_at", "container", "original_seconds", "phases", "seconds", "snapshot"):
            card.pop(name, None)
    return _VOLATILE.sub("#", json.dumps(lasting, sort_keys=True))
