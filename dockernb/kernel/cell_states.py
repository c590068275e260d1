"""Keeps the pages told of what every cell is: built, stale, not run, failed, and why.

Worked out in a thread of its own whenever something happened: a page said something, a cell ran, a
file that a cell copied changed. What happens meanwhile is taken together. A page hears only of
what is not as it heard last.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dockernb.errors import DockernbError

from .cards import CardShelf
from .comms import PageComms
from .lazy_session import LazySession
from .notebook_file import make_cell
from .pages import VERSION
from .panel import panel_data
from .watch import Watch

if TYPE_CHECKING:
    from dockernb.session import CellState, Session

__all__ = ["CellStates"]

log = logging.getLogger(__name__)

MAX_REASON = 500  # characters

# What a page has heard of its cells: ID -> condition and reason.
Heard = dict[str, tuple[str, str]]


class CellStates:
    """Tells the pages.

    Args:
        no_request: The context in which the pages are told.

    Attributes:
        settings_ran: For each cell the magic lines that it ran with and that cells below depend on.
    """

    def __init__(
        self,
        session: LazySession,
        page_comms: PageComms,
        cards: CardShelf,
        no_request: contextvars.Context,
    ) -> None:
        self._session = session
        self._comms = page_comms
        self._context = no_request
        self._cards = cards
        self._heard: dict[str, Heard] = {}
        self._heard_lock = threading.Lock()
        self._wake = threading.Event()
        self._look = False
        self._restored_with: Mapping[str, Sequence[str]] | None = None
        self._panels: dict[str, object] = {}
        self._thread: threading.Thread | None = None
        self._watch = Watch(lambda: self.changed(files=True))
        self.settings_ran: dict[str, Sequence[str]] = {}

    def page_opened(self, page: str) -> None:
        """A page begins to listen; it has heard nothing."""
        with self._heard_lock:
            self._heard[page] = {}
        self.changed()

    def page_closed(self, page: str) -> None:
        """The page is gone."""
        with self._heard_lock:
            self._heard.pop(page, None)
        self._panels.pop(page, None)

    def show_panel(self, page: str, *, on: bool) -> None:
        """The page shows the side panel, or does not any more."""
        if on:
            self._panels[page] = None
            self.changed()
        else:
            self._panels.pop(page, None)

    def changed(self, *, files: bool = False) -> None:
        """Something may be otherwise than the pages heard. From any thread; returns at once.

        Args:
            files: Copied files may have changed.
        """
        self._look = self._look or files
        if not self._heard:
            return
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._context.run, args=(self._run,), name="dockernb-states", daemon=True
            )
            self._thread.start()

    def mark_cards(self) -> None:
        """Shows on the cards what was told: some may have been made again since."""
        for page, heard in list(self._heard.items()):
            for cell, (condition, reason) in heard.items():
                self._mark(page, cell, condition, reason)

    def of(self, page: str) -> list[CellState]:
        """What the cells of a page are now."""
        told = self._comms.pages.told(page)
        if told is None:
            return []
        cells = [make_cell(*cell) for cell in told]
        return self._session.get().survey(cells, self.settings_ran)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            try:
                self._tell_pages()
            except Exception:
                log.exception("the states of the cells could not be told")

    def _tell_pages(self) -> None:
        session = self._session.get()
        looked, self._look = self._look, False
        if looked:
            session.files.look_again()
        for page in list(self._heard):
            self._restore(session, page)
            states = self.of(page)
            self._tell(page, states)
            self._tell_panel(session, page, states, files=looked)
        self._follow_files(session)

    def _restore(self, session: Session, page: str) -> None:
        """What an earlier kernel built counts, as far as the cache has it with the settings of now.

        Once at the start, and again when a magic gave an ARG its value: that may be the one with
        which the cells were built.
        """
        told = self._comms.pages.told(page)
        settings = {cell: lines for cell, lines in self.settings_ran.items() if lines}
        if not told or self._restored_with == settings:
            return
        try:
            if not session.restore([make_cell(*cell) for cell in told]):
                return
        except DockernbError as error:
            log.info("nothing was taken from the cache: %s", error.message)
        self._restored_with = settings

    def _tell(self, page: str, states: Sequence[CellState]) -> None:
        heard = self._heard.get(page)
        if heard is None:
            return
        now: Heard = {
            state.id: (state.condition or "", state.reason[:MAX_REASON]) for state in states
        }
        news = {cell: word for cell, word in now.items() if heard.get(cell, ("", "")) != word}
        with self._heard_lock:
            if self._heard.get(page) is not heard:
                return  # it closed, or opened again and waits for all
            self._heard[page] = now
        if news:
            listed = [
                {"id": cell, "state": word[0], "reason": word[1]} for cell, word in news.items()
            ]
            self._comms.send(page, {"version": VERSION, "states": listed})
        for cell, (condition, reason) in news.items():
            self._mark(page, cell, condition, reason)

    def _tell_panel(
        self, session: Session, page: str, states: Sequence[CellState], *, files: bool
    ) -> None:
        if page not in self._panels:
            return
        data = panel_data(session, states, self._watch.problem)
        if page in self._panels and (files or self._panels[page] != data):
            self._panels[page] = data
            self._comms.send(page, {"version": VERSION, "panel": data})

    def _mark(self, page: str, cell: str, condition: str, reason: str) -> None:
        shown = reason if condition == "stale" else ""
        self._cards.mark(cell, shown, partial(self._run_needed, page, cell))

    def _run_needed(self, page: str, cell: str) -> None:
        """Has the page run the cells that a stale cell needs, and the cell itself."""
        needed = [state.needs for state in self.of(page) if state.id == cell]
        if needed:
            self._comms.send(page, {"version": VERSION, "run": [*needed[0], cell]})

    def _follow_files(self, session: Session) -> None:
        """Watches what the cells have copied by now."""
        session.files.watched = self._watch.watch(session.folders_read())
