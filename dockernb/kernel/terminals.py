"""Terminals on cards: where they are opened, and where what was typed goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dockernb.errors import RunError
from dockernb.use.terminal import Place

if TYPE_CHECKING:
    from dockernb.session import Session
    from dockernb.ui.card_view import CardView
    from dockernb.use.terminal import TerminalSession

    from .lazy_session import LazySession

__all__ = ["CardTerminal", "TellPage", "failed_place", "view_place"]

_TITLE = 60

# Says something to the page whose cell ran last; whether there is one.
TellPage = Callable[[dict[str, Any]], bool]


class CardTerminal:
    """What one card asks for; see `OpensTerminals`.

    Args:
        place: Where its terminals are opened; called in a thread of its own.
        cell_id: Of the card's cell; a new cell goes below it, or, from a failed state, above it.
    """

    def __init__(
        self,
        session: LazySession,
        tell_page: TellPage,
        place: Callable[[], Place],
        cell_id: str | None,
    ) -> None:
        self._session = session
        self._tell_page = tell_page
        self._place = place
        self._cell_id = cell_id

    def open(self) -> TerminalSession:
        session = self._session.get()
        return session.terminals.open(session.engine, self._place)

    def offer(self, session: TerminalSession, source: str) -> bool:
        if self._cell_id is None:
            return False
        failed = session.place is not None and session.place.failed
        at = session.place.cell_id if failed and session.place is not None else self._cell_id
        place = "above" if failed else "below"
        return self._tell_page({"insert": {place: at or self._cell_id, "source": source}})


def view_place(session: LazySession, view: CardView, cell_id: str | None) -> Place:
    """What the terminal of a step's card is opened in.

    Raises:
        RunError: the step has left nothing.
    """
    if view.snapshot is not None:
        return Place(view.snapshot.id, f"snapshot {view.snapshot.short_id}", cell_id=cell_id)
    if cell_id is None:
        raise RunError("this step has no snapshot")
    return failed_place(session.get(), cell_id)


def failed_place(session: Session, cell_id: str | None) -> Place:
    """The failed state of a cell (None: the newest one). Makes an image of it.

    Raises:
        RunError: there is none.
        EngineError: it is gone.
    """
    found = session.failed.find(cell_id)
    first = (found.instruction.strip().splitlines() or [""])[0]
    short = first if len(first) <= _TITLE else first[: _TITLE - 3] + "..."
    image = found.files.image()
    return Place(image.id, f"the failed state of {short}", failed=True, cell_id=found.cell_id)
