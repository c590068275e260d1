"""The cards that are alive in this kernel, and one cell's steps shown as cards."""

from __future__ import annotations

import codecs
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from dockernb.build.events import BuildEvent, OutputReceived, StepFinished, StepStarted
from dockernb.build.result import StepLog, StepResult
from dockernb.errors import DockernbError

from .publish import Publisher

__all__ = ["CardLike", "CardShelf", "Closable", "StepPresenter", "make_card"]

log = logging.getLogger(__name__)

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CARD = "application/vnd.dockernb.card+json"
RUN = "application/vnd.dockernb.run+json"
TERMINAL = "application/vnd.dockernb.terminal+json"
STEPS = "application/vnd.dockernb.steps+json"
TAIL_LINES, TAIL_WIDTH, TAIL_CHARACTERS = 10, 200, 10_000


class Closable(Protocol):
    """What the shelf uses of a card."""

    def close(self) -> None: ...


@runtime_checkable
class ShowsCell(Protocol):
    """A card of a step, to which a reader and a check can say more."""

    @property
    def view(self) -> Any: ...
    def open_files_with(self, opener: Any) -> None: ...
    def open_terminals_with(self, opener: Any) -> None: ...
    def show_findings(self, findings: Sequence[Sequence[str]]) -> None: ...


@runtime_checkable
class StepCard(Closable, Protocol):
    """A card of a step, which may become stale. That of a running container does not."""

    def mark_stale(self, reason: str) -> None: ...
    def offer(
        self, actions: Sequence[tuple[str, str]], on_action: Callable[[str], None]
    ) -> None: ...


class CardLike(StepCard, ShowsCell, Protocol):
    """What is used of `dockernb.ui.card.Card`."""

    def handle(self, event: BuildEvent) -> None: ...
    def title(self) -> None: ...
    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]: ...
    def finish(self) -> None: ...


def make_card() -> CardLike:
    """A new card. Imports ipywidgets, which is not needed to start."""
    from dockernb.ui.card import Card  # noqa: PLC0415 - keeps ipywidgets out of the kernel's start

    return Card()


class CardShelf:
    """Keeps the cards alive whose outputs may still be on a page, and closes the others.

    A cell that runs again loses its old outputs, so its old cards are closed. Cells without an ID
    (nbclient, the console) cannot be told apart: their newest `ANONYMOUS` cards are kept.

    Args:
        opener: Answers the cards when a file is opened on them (`CardFiles`).
        terminal_of: Gives what opens a card's terminals, for what the card shows and its cell.
    """

    ANONYMOUS = 500

    def __init__(
        self,
        opener: Any = None,
        terminal_of: Callable[[Callable[[], Any], str | None], Any] | None = None,
    ) -> None:
        self._opener = opener
        self._terminal_of = terminal_of
        self._by_cell: dict[str, list[Closable]] = {}
        self._anonymous: deque[Closable] = deque()

    def begin(self, cell_id: str | None) -> None:
        """The cell runs (again): its old cards are closed."""
        if cell_id is not None:
            self.forget((cell_id,))

    def add(self, cell_id: str | None, card: Closable) -> None:
        """Keeps a card until its cell runs again or is deleted."""
        if self._opener is not None and isinstance(card, ShowsCell):
            card.open_files_with(self._opener)
        if self._terminal_of is not None and isinstance(card, ShowsCell):
            card.open_terminals_with(self._terminal_of(lambda: card.view, cell_id))
        if cell_id is not None:
            self._by_cell.setdefault(cell_id, []).append(card)
            return
        self._anonymous.append(card)
        if len(self._anonymous) > self.ANONYMOUS:
            _close(self._anonymous.popleft())

    def show_findings(self, by_cell: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Shows what a check found on the last card of each cell; on all others nothing."""
        for cell_id, kept in tuple(self._by_cell.items()):
            cards = [card for card in kept if isinstance(card, ShowsCell)]
            for card in cards:
                is_last = card is cards[-1]
                card.show_findings(by_cell.get(cell_id, ()) if is_last else ())

    def mark(self, cell_id: str, reason: str, run: Callable[[], None]) -> None:
        """Shows on the cell's cards why they are stale; "": they are not.

        Args:
            run: Runs what is needed; a stale card has a button for that.
        """
        actions = [("run", "Run what is needed")] if reason else []
        for card in list(self._by_cell.get(cell_id, ())):
            if not isinstance(card, StepCard):
                continue
            try:
                card.mark_stale(reason)
                card.offer(actions, lambda _: run())
            except Exception:
                log.exception("a card could not be marked")

    def forget(self, cell_ids: Iterable[str]) -> None:
        """Closes the cards of deleted cells."""
        for cell_id in cell_ids:
            for card in self._by_cell.pop(cell_id, ()):
                _close(card)


class StepPresenter:
    """Listener of a build: one output a step, updated in place when the step ends.

    A front end that only prints gets the raw output as a stream and the card's text at the end.
    A fault of the card never stops a build: the step is then told in one line of text.

    Args:
        keep: Called with every card that is made.
        locate: Called with every error before it is shown, to name the cell.
        cell_text: The cell's text; a step that is not all of it has its instruction on its card.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        card_factory: Callable[[], CardLike],
        keep: Callable[[CardLike], None],
        locate: Callable[[DockernbError], None],
        cell_text: str = "",
    ) -> None:
        self._publisher = publisher
        self._card_factory = card_factory
        self._keep = keep
        self._locate = locate
        self._cell_text = cell_text
        self._prints = publisher.front_end == "terminal"
        self._card: CardLike | None = None
        self._display_id = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def __call__(self, event: BuildEvent) -> None:
        """Takes one event; called from the building thread."""
        if isinstance(event, StepFinished) and event.result.error is not None:
            self._locate(event.result.error)
        if isinstance(event, OutputReceived) and self._prints:
            self._publisher.stream(self._decode(event.data))
        try:
            self._show(event)
        except Exception:
            log.exception("the card failed at %s", type(event).__name__)
            self._card = None
            if isinstance(event, StepFinished):
                self._publisher.stream(one_line(event.result) + "\n")

    def abandon(self) -> None:
        """The cell ended. A step that was not finished (a bug) stops looking alive."""
        card, self._card = self._card, None
        if card is not None:
            card.finish()

    def _show(self, event: BuildEvent) -> None:
        if isinstance(event, StepStarted):
            self._begin(event)
        elif self._card is None:
            if isinstance(event, StepFinished):
                self._publisher.stream(one_line(event.result) + "\n")
        elif isinstance(event, StepFinished):
            card, self._card = self._card, None
            self._end(card, event)
        else:
            self._card.handle(event)

    def _begin(self, event: StepStarted) -> None:
        self.abandon()
        card = self._card_factory()
        self._keep(card)
        if is_part(event.source, self._cell_text):
            card.title()
        card.handle(event)
        self._card, self._display_id = card, uuid.uuid4().hex
        if not self._prints:
            self._publisher.display(*card.bundle(), self._display_id)

    def _end(self, card: CardLike, event: StepFinished) -> None:
        card.handle(event)
        card.finish()
        data, metadata = card.bundle()
        if self._prints:
            data = {kind: content for kind, content in data.items() if kind != WIDGET_VIEW}
            self._publisher.display(data, metadata)
        else:
            tail = log_tail(event.result.log)
            data["text/plain"] = "\n".join([data.get("text/plain", ""), *tail])
            self._publisher.update(data, metadata, self._display_id)


def is_part(source: str, cell_text: str) -> bool:
    """Whether an instruction is not all that its cell holds; comments and blanks do not count."""
    texts = []
    for text in (source, cell_text):
        lines = (line.strip() for line in text.splitlines())
        texts.append([line for line in lines if line and not line.startswith("#")])
    return bool(cell_text) and texts[0] != texts[1]


def log_tail(log: StepLog) -> list[str]:
    """Beginning and end of a log, cut to a width, for a reader who has only the text/plain."""
    from dockernb.ui.log_excerpt import excerpt_of  # noqa: PLC0415 - not needed to start
    from dockernb.ui.visible import visible_lines  # noqa: PLC0415

    excerpt = excerpt_of(log, TAIL_CHARACTERS, lines=TAIL_LINES)
    lines = visible_lines(excerpt.head).splitlines()
    lines += [f"[{excerpt.gap}]"] if excerpt.gap else []
    lines += visible_lines(excerpt.tail).splitlines()
    return [f"  | {line[:TAIL_WIDTH]}" for line in lines]


def one_line(result: StepResult) -> str:
    """A step's result for a reader without a card."""
    snapshot = result.snapshot.short_id if result.snapshot else "no snapshot"
    seconds = result.seconds.get("total", 0.0)
    return f"step {result.step} {result.instruction}: {result.status}, {snapshot}, {seconds:.2f} s"


def _close(card: Closable) -> None:
    try:
        card.close()
    except Exception:
        log.exception("a card could not be closed")
