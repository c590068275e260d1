"""Cards of a saved notebook come alive again in a new kernel.

A page that opens an old notebook looks for the widgets by the model IDs saved in it, and shows
"model not found" where they are missing. So each card is made again under its old ID from the card
JSON beside it. The notebook may come from anybody: nothing in it is run, and number and size of
the cards are bounded.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .cards import CARD, RUN, STEPS, TERMINAL, Closable

__all__ = ["Rehydrator", "restore_card", "saved_cards"]

log = logging.getLogger(__name__)

MAX_CARDS = 500
MAX_CARD_BYTES = 1_000_000
_MODEL_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")


def saved_cards(outputs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Model ID and card JSON of the outputs that hold a card, each ID once, at most MAX_CARDS."""
    seen: set[str] = set()
    for data in outputs:
        card = next((data[kind] for kind in (CARD, RUN, STEPS, TERMINAL) if data.get(kind)), None)
        if not isinstance(card, dict) or card.get("version") != 1:
            continue
        model_id = card.get("model_id")
        if not isinstance(model_id, str) or not _MODEL_ID.match(model_id) or model_id in seen:
            continue
        if len(json.dumps(card)) > MAX_CARD_BYTES:
            continue
        seen.add(model_id)
        yield model_id, card
        if len(seen) == MAX_CARDS:
            return


def restore_card(card: dict[str, Any], model_id: str) -> Closable | None:
    """Makes the card's widget again; None when this kernel has a widget of that ID already."""
    import comm  # noqa: PLC0415 - not needed to start

    from dockernb.ui.card import Card  # noqa: PLC0415 - not needed to start
    from dockernb.ui.run_card import RunCard  # noqa: PLC0415
    from dockernb.ui.steps_card import StepsCard  # noqa: PLC0415
    from dockernb.ui.terminal_card import TerminalCard  # noqa: PLC0415

    if model_id in comm.get_comm_manager().comms:  # a widget's model ID is its comm's ID
        return None
    if card.get("kind") == "run":
        return RunCard.restore(card, model_id)
    if card.get("kind") == "terminal":
        return TerminalCard.restore(model_id)
    if card.get("kind") == "steps":
        return StepsCard.restore(card, model_id)
    return Card.restore(card, model_id)


class Rehydrator:
    """Restores the cards of the saved notebook whenever a page connects.

    Pages may ask on several threads at once; each finds all cards when its call returns.

    Args:
        outputs: Reads the mime bundles of the saved notebook.
        keep: Called with the card's cell ID and the card.
    """

    def __init__(
        self,
        outputs: Callable[[], Iterable[Mapping[str, Any]]],
        keep: Callable[[str | None, Closable], None],
        restore: Callable[[dict[str, Any], str], Closable | None] = restore_card,
    ) -> None:
        self._outputs = outputs
        self._keep = keep
        self._restore = restore
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Restores what is not there yet. Never raises: a page works without its old cards."""
        with self._lock:
            try:
                for model_id, card in saved_cards(self._outputs()):
                    self._restore_one(model_id, card)
            except Exception:
                log.exception("the saved notebook could not be read for its cards")

    def _restore_one(self, model_id: str, card: dict[str, Any]) -> None:
        try:
            restored = self._restore(card, model_id)
        except Exception:
            log.warning("a saved card could not be restored", exc_info=True)
            return
        if restored is not None:
            cell_id = card.get("cell_id")
            self._keep(cell_id if isinstance(cell_id, str) else None, restored)
