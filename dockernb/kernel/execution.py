"""Runs one cell: its magics, then its Dockerfile text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dockernb.build.events import BuildEvent, Listener, PhaseStarted
from dockernb.checks.attempts import Attempts
from dockernb.errors import (
    BuildInterruptedError,
    CellsNotRunError,
    DockernbError,
    NoStageError,
    Where,
)

from . import reply
from .cards import CardLike, CardShelf, StepPresenter, make_card
from .cell import Cell, MagicLine, split_cell
from .interrupt import Cancel, Interrupts
from .lazy_session import LazySession
from .order import CellOrder
from .publish import Publisher
from .worker import start_in_thread

if TYPE_CHECKING:
    from dockernb.look.snapshot_files import SnapshotFiles
    from dockernb.look.snapshot_index import SnapshotIndex
    from dockernb.session import Session

__all__ = ["CellRequest", "CellRunner", "Workspace"]

# After an interrupt the build has this long to end by itself; then the reply goes out all the same.
GRACE_SECONDS = 1.5


@dataclass
class Workspace:
    """What lives as long as the kernel and is shared by all cells.

    Attributes:
        tell_page: Says something to the page whose cell runs, if there is one.
        working: Called when a step begins that is not in the cache: its cell runs for a while.
        settings_ran: See `CellStates`.
    """

    session: LazySession
    order: CellOrder
    interrupts: Interrupts = field(default_factory=Interrupts)
    cards: CardShelf = field(default_factory=CardShelf)
    card_factory: Callable[[], CardLike] = make_card
    build_args: dict[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)
    tell_page: Callable[[dict[str, Any]], bool] = lambda _: False
    working: Callable[[], None] = lambda: None
    settings_ran: dict[str, Sequence[str]] = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)
    counts: dict[str, int] = field(default_factory=dict)  # cell ID -> the number beside the cell
    _files: tuple[object, SnapshotFiles] | None = None
    _index: tuple[SnapshotFiles, SnapshotIndex] | None = None

    def files(self) -> SnapshotFiles:
        """The snapshots of the engine in use."""
        from dockernb.look.snapshot_files import SnapshotFiles  # noqa: PLC0415 - not to start

        engine = self.session.get().engine()
        if self._files is None or self._files[0] is not engine:
            self._files = engine, SnapshotFiles(engine)
        return self._files[1]

    def index(self) -> SnapshotIndex:
        """Folders, programs and users of the same snapshots."""
        from dockernb.look.snapshot_index import SnapshotIndex  # noqa: PLC0415 - not to start

        files = self.files()
        if self._index is None or self._index[0] is not files:
            if self._index is not None:
                self._index[1].close()
            self._index = files, SnapshotIndex(files)
        return self._index[1]


@dataclass(frozen=True)
class CellRequest:
    """One execute_request.

    Args:
        count: Execution count; names the cell in errors.
        ask: Asks the reader for a secret; on the main thread only.
    """

    code: str
    count: int
    cell_id: str | None
    publisher: Publisher
    ask: Callable[[str], str]

    @property
    def label(self) -> str:
        return f"cell [{self.count}]"


class CellRunner:
    """Runs cells one after the other."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._straggler: asyncio.Future[None] | None = None

    async def run(self, request: CellRequest) -> None:
        """Runs the cell to its end.

        Raises:
            DockernbError: what failed, with its place in the cell.
        """
        cell = split_cell(request.code)
        with self._workspace.interrupts.cell() as cancel:
            try:
                await self._wait_for_straggler(cancel)
                self._workspace.cards.begin(request.cell_id)
                for line in cell.magics:
                    await self._run_magic(line, cell, request, cancel)
                self._note_settings(cell, request.cell_id)
                await self._run_body(cell, request, cancel)
            except Exception as caught:  # noqa: BLE001 - what is not ours becomes an InternalError
                error = reply.as_dockernb_error(caught)
                reply.locate(error, cell, request.label)
                raise error from error.__cause__

    def forget_cells(self, cell_ids: Iterable[str]) -> None:
        """The reader deleted these cells."""
        ids = tuple(cell_ids)
        session = self._workspace.session.peek()
        if session is not None:
            session.drop_cells(ids)
        self._workspace.order.delete(ids)
        self._workspace.cards.forget(ids)

    def _note_settings(self, cell: Cell, cell_id: str | None) -> None:
        """Remembers which settings count now; needed for the states of the cells below."""
        ran = self._workspace.settings_ran
        if cell_id is None or not (cell.magics or cell_id in ran):
            return
        from dockernb.session import setting_lines  # noqa: PLC0415 - most cells have none

        ran[cell_id] = setting_lines(cell.source)

    async def _run_magic(
        self, line: MagicLine, cell: Cell, request: CellRequest, cancel: Cancel
    ) -> None:
        from .magics import MagicCall, find_magic  # noqa: PLC0415 - most cells have none

        call = MagicCall(
            line=line,
            body=cell.magic_body,
            workspace=self._workspace,
            publisher=request.publisher,
            ask=request.ask,
            cell_id=request.cell_id,
            cancel=cancel.event,
        )
        try:
            magic = find_magic(line.name, cell_magic=line.cell_magic)
            if magic.on_main_thread:
                magic.function(call)
            else:
                await self._in_thread(lambda: magic.function(call), cancel)
        except DockernbError as error:
            raise error.at(Where(cell.source, line.line)) from error.__cause__

    async def _run_body(self, cell: Cell, request: CellRequest, cancel: Cancel) -> None:
        workspace = self._workspace
        workspace.order.executed(request.cell_id, cell.source)
        if request.cell_id is not None:
            workspace.counts[request.cell_id] = request.count
        if not cell.body.strip():
            # It made nothing: where the order is not known, it stands where it is executed next.
            workspace.order.refused(request.cell_id)
        else:
            session, order = workspace.session, workspace.order
            presenter = self._presenter(cell, request)

            def listen(event: BuildEvent) -> None:
                presenter(event)
                if isinstance(event, PhaseStarted) and event.phase in {"pull", "container"}:
                    workspace.working()

            def work() -> None:
                try:
                    _build(session.get(), cell, request, order, listen, cancel)
                finally:
                    presenter.abandon()

            try:
                await self._in_thread(work, cancel)
            except (CellsNotRunError, NoStageError):
                order.refused(request.cell_id)
                raise
            order.succeeded(request.cell_id)

    def _presenter(self, cell: Cell, request: CellRequest) -> StepPresenter:
        return StepPresenter(
            request.publisher,
            card_factory=self._workspace.card_factory,
            keep=lambda card: self._workspace.cards.add(request.cell_id, card),
            locate=lambda error: reply.locate(error, cell, request.label),
            cell_text=cell.body,
        )

    async def _in_thread(self, work: Callable[[], None], cancel: Cancel) -> None:
        """Runs `work` in a thread; gives up waiting a moment after an interrupt."""
        future = start_in_thread(work)
        requested = asyncio.ensure_future(cancel.requested())
        try:
            await asyncio.wait((future, requested), return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                await asyncio.wait({future}, timeout=GRACE_SECONDS)
        finally:
            requested.cancel()
        if not future.done():
            self._straggler = future
            raise BuildInterruptedError(
                "interrupted; the step is still being ended in the background",
                state="No snapshot is committed. The next cell waits until the step has ended.",
            )
        future.result()

    async def _wait_for_straggler(self, cancel: Cancel) -> None:
        """A session builds one step at a time: the step of an interrupted cell ends first."""
        straggler = self._straggler
        if straggler is None:
            return
        requested = asyncio.ensure_future(cancel.requested())
        try:
            await asyncio.wait((straggler, requested), return_when=asyncio.FIRST_COMPLETED)
        finally:
            requested.cancel()
        if not straggler.done():
            raise BuildInterruptedError(
                "the step of the cell interrupted before has not ended yet",
                hint="Run the cell again later, or restart the kernel.",
            )
        straggler.exception()  # its reply has gone out; nobody else looks at it
        self._straggler = None


def _build(
    session: Session,
    cell: Cell,
    request: CellRequest,
    order: CellOrder,
    listener: Listener,
    cancel: Cancel,
) -> None:
    session.run_cell(
        cell.body,
        cell_id=request.cell_id,
        order=order.cells(request.cell_id),
        listener=listener,
        cancel=cancel.event,
    )
