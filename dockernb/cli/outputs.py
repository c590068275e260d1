"""The executed notebook: each cell's cards as its outputs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from dockernb.build.result import StepResult
from dockernb.cli.execution import CellOutcome
from dockernb.errors import DockernbError
from dockernb.notebook.cells import Notebook
from dockernb.ui.card_json import view_json
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text

__all__ = ["CARD_MIME", "card_bundle", "executed_notebook"]

CARD_MIME = "application/vnd.dockernb.card+json"


def executed_notebook(notebook: Notebook, outcomes: Sequence[CellOutcome]) -> dict[str, Any]:
    """A copy of the notebook's data in which the cells have the outputs of this run.

    Cells that did not run (below a failure, or in a stage that was not needed) have none. The
    cells' IDs are written where the notebook had none, for the cards name them.
    """
    data = copy.deepcopy(notebook.data)
    by_index = {outcome.cell.index: outcome for outcome in outcomes}
    for cell in notebook.cells:
        target = data["cells"][cell.index]
        target.setdefault("metadata", {})
        if notebook_has_ids(data):
            target["id"] = cell.id
        if cell.kind != "code":
            continue
        outcome = by_index.get(cell.index)
        target["outputs"] = [] if outcome is None else _outputs(outcome)
        target["execution_count"] = None if outcome is None else outcome.number
    data.setdefault("metadata", {})
    return data


def notebook_has_ids(data: Mapping[str, Any]) -> bool:
    """Whether the notebook's format (4.5 and newer) has cell IDs."""
    version = (data.get("nbformat", 4), data.get("nbformat_minor", 0))
    return all(isinstance(part, int) for part in version) and version >= (4, 5)


def card_bundle(result: StepResult) -> dict[str, Any]:
    """A finished step as mime bundle: card JSON, static html and text; no live widget."""
    view = view_of(result)
    return {
        CARD_MIME: view_json(view),
        "text/html": card_html(view),
        "text/plain": card_text(view),
    }


def _outputs(outcome: CellOutcome) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "data": card_bundle(result), "metadata": {}}
        for result in outcome.results
    ]
    if outcome.error is not None:
        outputs.append(_error_output(outcome.error))
    return outputs


def _error_output(error: DockernbError) -> dict[str, Any]:
    return {
        "output_type": "error",
        "ename": error.name,
        "evalue": error.message,
        "traceback": error.format_message().splitlines(),
    }
