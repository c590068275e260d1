"""What `%history` and `%space` show in a notebook: a live table or picture, and both as plain html.

The json beside it is what a later kernel makes the live one from again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..look.space_tree import SpaceNode
from ..look.step_row import StepRow
from .card import WIDGET_MIME
from .icicle import icicle_html, icicle_text, icicle_trait
from .look_tables import NameOf, steps_table
from .table import table_html, table_text
from .visible import encodable_json, visible

if TYPE_CHECKING:
    from .steps_widget import StepsWidget

__all__ = ["STEPS_MIME", "StepsCard", "steps_report"]

STEPS_MIME = "application/vnd.dockernb.steps+json"


def steps_report(
    rows: Sequence[StepRow], root: SpaceNode, name_of: NameOf
) -> tuple[dict[str, str], dict[str, Any]]:
    """The static bundle (text and html), and the values of the live one.

    Args:
        rows: Of the table; none: only the picture is shown.
        root: Of the picture.
    """
    texts, pages = [], []
    values: dict[str, Any] = {"table": None, "space": None}
    if rows:
        table = steps_table(rows, name_of)
        texts.append(table_text(table))
        pages.append(table_html(table))
        values["table"] = {
            "columns": [[column.title, column.kind] for column in table.columns],
            "rows": [[visible(text) for text in row] for row in table.rows],
            "keys": [_keys(row, cells) for row, cells in zip(rows, table.rows, strict=True)],
            "note": visible(table.note),
        }
    if root.size:
        texts.append(icicle_text(root, name_of))
        pages.append(icicle_html(root, name_of))
        values["space"] = icicle_trait(root, name_of)
    static = {"text/plain": "\n\n".join(texts), "text/html": "".join(pages)}
    return static, encodable_json(values)


def _keys(row: StepRow, cells: Sequence[str]) -> list[str | int | float]:
    """What each column is sorted by; the columns are those of `steps_table`."""
    keys: list[str | int | float] = [*cells]
    keys[0], keys[4], keys[5] = row.result.step, row.seconds, row.added
    keys[6], keys[7] = row.total, sum(row.files)
    return keys


class StepsCard:
    """The live one; kept until its cell runs again.

    Args:
        values: See `steps_report`.
        cell_id: Of the cell that shows it.
        model_id: Of the widget, when it is made again.
    """

    def __init__(
        self, values: Mapping[str, Any], cell_id: str | None, model_id: str | None = None
    ) -> None:
        from .steps_widget import StepsWidget  # noqa: PLC0415 (ipywidgets stays out of the start)

        arguments = {} if model_id is None else {"model_id": model_id}
        self._values = dict(values)
        self._cell_id = cell_id
        self._widget: StepsWidget = StepsWidget(steps=self._values, **arguments)

    @classmethod
    def restore(cls, data: Mapping[str, Any], model_id: str) -> StepsCard:
        """The one of a saved notebook.

        Raises:
            ValueError: `data` is none.
        """
        table, space = data.get("table"), data.get("space")
        if not (_is_table(table) and _is_node(space, 0)) or not (table or space):
            raise ValueError("no steps")
        return cls({"table": table, "space": space}, None, model_id)

    def mime(self) -> dict[str, Any]:
        """What is shown beside the static bundle."""
        model_id = self._widget.model_id
        view = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        saved = {"version": 1, "kind": "steps", "model_id": model_id, "cell_id": self._cell_id}
        return {WIDGET_MIME: view, STEPS_MIME: {**saved, **self._values}}

    def close(self) -> None:
        """The cell was run again or deleted."""
        self._widget.layout.close()
        self._widget.close()


def _is_table(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or not isinstance(value.get("note"), str):
        return False
    lists = [value.get(key) for key in ("columns", "rows", "keys")]
    return all(
        isinstance(each, list) and all(isinstance(row, list) for row in each) for each in lists
    )


def _is_node(value: object, depth: int) -> bool:
    if value is None:
        return depth == 0
    if not isinstance(value, dict) or depth > 20 or not isinstance(value.get("children"), list):
        return False
    texts = all(isinstance(value.get(key), str) for key in ("name", "facts"))
    figures = all(isinstance(value.get(key), int) for key in ("bytes", "lost"))
    return texts and figures and all(_is_node(child, depth + 1) for child in value["children"])
