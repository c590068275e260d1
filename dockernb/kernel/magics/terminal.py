"""`%terminal`: a shell that a reader types into."""

from __future__ import annotations

from collections.abc import Callable

from dockernb.errors import RunError
from dockernb.kernel.terminals import CardTerminal, failed_place
from dockernb.oci.digest import short_id
from dockernb.use.terminal import Place

from .registry import MagicCall, MagicError, magic
from .target import find_target

__all__ = ["failed_cell"]

_USAGE = "%terminal [CELL | WHAT | --failed [CELL]]"


@magic(_USAGE, values=("--failed",), takes=("snapshot",))
def terminal(call: MagicCall) -> None:
    """Opens a shell in a throw-away container, with a terminal on the card; the notebook goes on.

    It stands on the snapshot of the cell above; CELL is the number of another code cell, WHAT a
    stage, a snapshot by its ID, or an image. --failed takes what a failed RUN left, the newest one
    or that of CELL. It ends with its cell: when that is run again or deleted. Esc Esc leaves it.
    """
    words = call.words(2)
    if call.publisher.front_end != "notebook":
        raise RunError(
            "a terminal needs a page of JupyterLab or Notebook",
            state="Nothing was started.",
            hint="On the command line: dockernb shell NOTEBOOK",
        )
    place, title = _place(call, words)

    from dockernb.ui.terminal_card import TerminalCard  # noqa: PLC0415 - loads ipywidgets

    workspace = call.workspace
    opener = CardTerminal(workspace.session, workspace.tell_page, place, call.cell_id)
    card = TerminalCard(opener, title, call.cell_id)
    workspace.cards.add(call.cell_id, card)
    card.open()
    call.publisher.display(*card.bundle())


def _place(call: MagicCall, words: list[str]) -> tuple[Callable[[], Place], str]:
    if words[:1] == ["--failed"]:
        cell = failed_cell(call, words[1] if len(words) > 1 else "")
        state = call.session.failed.find(cell)
        return lambda: failed_place(call.session, state.cell_id), "the failed state of a step"
    if len(words) > 1:
        raise MagicError("%terminal takes one place", hint=f"usage: {_USAGE}")
    image_id = _image(call, words[0] if words else "")
    found = Place(image_id, f"snapshot {short_id(image_id)}", cell_id=call.cell_id)
    return lambda: found, found.title


def _image(call: MagicCall, word: str) -> str:
    if not word.isdecimal():
        return find_target(call, word).image_id
    snapshot = call.session.scope(_cell(call, word)).snapshot
    if snapshot is None:
        raise RunError(f'cell "{word}" has no snapshot', hint="Run the cell first.")
    return snapshot


def failed_cell(call: MagicCall, number: str) -> str | None:
    """The cell whose failed state is meant; None: the newest."""
    return _cell(call, number) if number else None


def _cell(call: MagicCall, number: str) -> str:
    cells = call.workspace.order.cells(call.cell_id) or []
    if not (number.isdecimal() and 0 < int(number) <= len(cells)):
        raise MagicError(
            f'there is no cell "{number}"',
            rule=f"The notebook has {len(cells)} code cells, counted from the top.",
            hint="`%plan` lists the cells with their numbers.",
        )
    return cells[int(number) - 1].id
