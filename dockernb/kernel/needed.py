"""What the lab extension makes the button "Run what is needed" from."""

from __future__ import annotations

from dockernb.errors import CellsNotRunError

from .publish import Publisher

__all__ = ["NEEDED", "offer_needed"]

NEEDED = "application/vnd.dockernb.needed+json"


def offer_needed(publisher: Publisher, cell_id: str | None, error: CellsNotRunError) -> None:
    """Offers to run the cells that a refused cell needs, where there is a page that can."""
    cells = [{"id": cell.cell_id, "label": cell.label} for cell in error.missing if cell.cell_id]
    if cell_id is None or not cells or publisher.front_end != "notebook":
        return
    names = ", ".join(str(cell["label"]).partition(":")[0] for cell in cells)
    publisher.display(
        {
            NEEDED: {"version": 1, "cell_id": cell_id, "cells": cells},
            "text/plain": f"needed: {names}",
        }
    )
