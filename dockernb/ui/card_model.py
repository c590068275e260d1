"""Folds the events of a build into the view of one card. Pure: no widgets, no threads, no timer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
    StepStarted,
)
from ..engines.base import Progress
from .card_json import card_json
from .card_view import CardView, view_of
from .live_log import LiveLog
from .rate import RateOf
from .saved_card import from_card_json
from .tree import FileTree

__all__ = ["CardModel", "card_json", "from_card_json"]

_MAX_PULLS = 500  # more layers than an image can have; a hostile registry may name more


class CardModel:
    """The state of one card while events come in.

    Args:
        view: Where to begin; a saved card is opened with its finished view.
        clock: Seconds that only grow; tests give their own.

    Attributes:
        log: The output, as it came.
        tree: The changed files; empty until the step is finished.
        revision: Grows with every change but output, so that a reader knows whether to look.
    """

    def __init__(
        self, view: CardView | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._view = view or CardView()
        self._clock = clock
        self._started = clock()
        self._pulls: dict[str, Progress] = {}
        self._rate = RateOf(clock)
        self.log = LiveLog()
        self.tree = self._view.tree
        self.revision = 0
        if self._view.status != "running":
            self.log.finish(self._view.log)

    @property
    def view(self) -> CardView:
        """What the card shows now."""
        if self._view.status == "running":
            pulls = tuple(self._pulls.values())
            return replace(self._view, pulls=pulls, rate=self._rate.of(pulls))
        return self._view

    @property
    def elapsed(self) -> float:
        """Seconds since the step started; the total once it is finished."""
        if self._view.status == "running":
            return self._clock() - self._started
        return self._view.seconds.get("total", 0.0)

    def title(self) -> None:
        """The card says which instruction it is about: its cell holds several."""
        self._view = replace(self._view, titled=True)
        self.revision += 1

    def apply(self, event: BuildEvent) -> None:
        """Takes one event; events after `StepFinished` open the card again (a step run again)."""
        match event:
            case OutputReceived():
                self.log.append(event.data)
                return
            case StepStarted():
                self._start(event)
            case PhaseStarted():
                phases = {**self._view.phases, event.phase: event.detail}
                self._view = replace(self._view, phases=phases)
            case PullProgressed():
                if event.progress.id in self._pulls or len(self._pulls) < _MAX_PULLS:
                    self._pulls[event.progress.id] = event.progress
                    self._rate.note(self._pulls.values())
            case StepFinished():
                self._finish(event)
        self.revision += 1

    def _start(self, event: StepStarted) -> None:
        self._view = CardView(
            instruction=event.instruction,
            source=event.source,
            stage=event.stage,
            step=event.step,
            engine=event.engine,
            cell_id=event.cell_id,
            parent_id=event.parent_id,
            titled=self._view.titled,
        )
        self._started = self._clock()
        self._pulls.clear()
        self._rate = RateOf(self._clock)
        self.log = LiveLog()
        self.tree = FileTree()

    def _finish(self, event: StepFinished) -> None:
        view = view_of(event.result, parent_id=self._view.parent_id)
        self._view = replace(
            view,
            phases=self._view.phases,
            pulls=tuple(self._pulls.values()),
            titled=self._view.titled,
        )
        self.tree = self._view.tree
        self.log.finish(view.log)
