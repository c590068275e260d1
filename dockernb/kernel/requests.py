"""What the kernel's requests mean: cells, completion, help, pages that connect.

Imported after the kernel is ready.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dockernb.dockerfile.completeness import is_complete
from dockernb.errors import CellsNotRunError, DockernbError

from . import reply
from .card_files import CardFiles
from .cards import CardShelf
from .cell import split_cell
from .cell_states import CellStates
from .comms import PageComms
from .completion import Completion
from .execution import CellRequest, CellRunner, Workspace
from .export import export_page
from .interrupt import Interrupts
from .lazy_session import LazySession
from .needed import offer_needed
from .notebook_file import NotebookFile
from .order import CellOrder
from .pages import VERSION
from .panel import context_data, prune_text
from .publish import Publisher, Send, front_end_of
from .rehydrate import Rehydrator
from .terminals import CardTerminal, view_place
from .worker import start_in_background, start_in_thread

if TYPE_CHECKING:
    from dockernb.ui.card_view import CardView

__all__ = ["Requests"]

log = logging.getLogger(__name__)

# How long completion and help wait for the session; a slow engine must not hold up typing.
LOOK_SECONDS = 1.0


class Requests:
    """Answers the requests of one kernel.

    Args:
        page_comms: The pages that show the notebook.
        kernel_id: Finds the notebook on the server after it was renamed.
        no_request: The context of what is sent unasked.
    """

    def __init__(
        self,
        session: LazySession,
        interrupts: Interrupts,
        page_comms: PageComms,
        kernel_id: str,
        no_request: contextvars.Context,
    ) -> None:
        notebook = NotebookFile(kernel_id=kernel_id)
        self._workspace = Workspace(session, CellOrder(notebook, page_comms.pages), interrupts)
        self._workspace.cards = CardShelf(CardFiles(self._workspace.files), self._terminal_of)
        self._page_comms = page_comms
        self._no_request = no_request
        self._states = CellStates(session, page_comms, self._workspace.cards, no_request)
        self._workspace.settings_ran = self._states.settings_ran
        self._workspace.working = self._states.changed
        order = self._workspace.order
        self._workspace.tell_page = lambda data: no_request.copy().run(
            page_comms.send, order.page, data
        )
        self._runner = CellRunner(self._workspace)
        self._completion = Completion(self._workspace)
        self._rehydrate = Rehydrator(notebook.outputs, self._workspace.cards.add)

    def _terminal_of(self, view: Callable[[], CardView], cell_id: str | None) -> CardTerminal:
        """What opens the terminals of a step's card."""
        workspace = self._workspace
        return CardTerminal(
            workspace.session,
            workspace.tell_page,
            lambda: view_place(workspace.session, view(), cell_id),
            cell_id,
        )

    def restore_cards(self) -> None:
        """A page connects: the cards of the saved notebook come alive."""
        self._rehydrate()
        self._states.mark_cards()

    def warm_up(self) -> None:
        """Imports what the first card needs, connects to the engine, removes leftovers."""
        from dockernb.ui import widget  # noqa: F401, PLC0415 - to be there for the first card

        self._workspace.session.warm_up()

    async def execute(  # noqa: PLR0913 - all that an execute_request brings
        self,
        code: str,
        *,
        cell_id: str | None,
        metadata: Mapping[str, Any],
        page: str,
        count: int,
        allow_stdin: bool,
        send: Send | None,
        ask: Callable[[str], str],
    ) -> dict[str, Any]:
        """Runs a cell and gives the content of its reply.

        Args:
            page: Session ID of the front end that sent the request.
            metadata: Of the request: JupyterLab names deleted cells there.
            send: Sends an iopub message; None: nothing is published.
            ask: Asks the reader for a secret, on the main thread.
        """
        front_end = front_end_of(metadata, allow_stdin=allow_stdin)
        publisher = Publisher(send, front_end)
        deleted = metadata.get("deletedCells")
        if isinstance(deleted, list):
            self._runner.forget_cells(cell for cell in deleted if isinstance(cell, str))
        self._workspace.order.page = page
        try:
            if threading.current_thread() is not threading.main_thread():
                raise _subshell_error()
            self._states.changed()
            await self._runner.run(CellRequest(code, count, cell_id, publisher, ask))
        except DockernbError as error:
            publisher.error(reply.error_content(error))
            if isinstance(error, CellsNotRunError):
                offer_needed(publisher, cell_id, error)
            return reply.error_reply(error, count)
        finally:
            self._states.changed()
        return reply.ok_reply(count)

    def hear_page(self, page: str, data: Mapping[str, Any] | None) -> None:
        """A page said something; None: it is gone."""
        if data is None:
            self._states.page_closed(page)
        elif "cells" in data:
            self._states.page_opened(page)
        elif data.get("do") == "panel":
            self._states.show_panel(page, on=data.get("on") is True)
        elif data.get("do") in ("context", "export", "prune"):
            start_in_background(lambda: self._do(page, str(data["do"])), "dockernb-do")
        else:
            self._states.changed(files=data.get("do") == "look")

    def _do(self, page: str, action: str) -> None:
        """What the side panel asks for: the build context, or what a button says, told in words."""
        told = self._page_comms.pages.told(page) or ()
        session = self._workspace.session.get()
        answer: dict[str, Any] = {}
        try:
            if action == "context":
                answer["files"] = context_data(session.view_context([cell for cell, _ in told]))
            elif action == "export":
                answer["said"] = export_page(self._workspace, told)
            else:
                answer["said"] = prune_text(*session.prune())
        except DockernbError as error:
            answer["said"] = error.format_message()
        self._no_request.copy().run(self._page_comms.send, page, {"version": VERSION, **answer})

    async def complete(self, code: str, cursor: int, page: str) -> dict[str, Any]:
        """Content of a complete_reply. JupyterLab may send a cursor beyond the end.

        Args:
            page: Session ID of the front end that asks.
        """
        cursor = min(max(cursor, 0), len(code))
        empty = {"matches": [], "cursor_start": cursor, "cursor_end": cursor, "metadata": {}}
        found = await _look(lambda: self._completion.complete(code, cursor, page), empty)
        return {**found, "status": "ok"}

    async def inspect(self, code: str, cursor: int, page: str) -> dict[str, Any]:
        """Content of an inspect_reply."""
        cursor = min(max(cursor, 0), len(code))
        data = await _look(lambda: self._completion.inspect(code, cursor, page), {})
        return {"status": "ok", "found": bool(data), "data": data, "metadata": {}}

    def is_complete(self, code: str) -> dict[str, Any]:
        """Content of an is_complete_reply."""
        body = split_cell(code).body
        if not body.strip():
            return {"status": "complete"}
        answer = is_complete(body)
        if answer.status == "incomplete":
            return {"status": "incomplete", "indent": answer.indent}
        return {"status": answer.status}


def _subshell_error() -> DockernbError:
    return DockernbError(
        "a cell cannot run in a subshell: cells are built one after the other",
        hint="Run it in the notebook, or in a console without a subshell.",
    )


async def _look(
    look: Callable[[], Mapping[str, Any]], otherwise: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What `look` finds, or `otherwise` when it takes too long or fails."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await start_in_thread(look, "dockernb-look")
    except TimeoutError:
        return otherwise
    except Exception:
        log.exception("looking something up failed")
        return otherwise
