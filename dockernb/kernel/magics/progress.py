"""Bytes on their way, shown in one output that is drawn anew a few times a second."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dockernb.kernel.worker import start_in_background
from dockernb.use.transfer import Transfer

from .registry import MagicCall

__all__ = ["shown_progress"]

_EVERY_SECONDS = 0.2


@contextmanager
def shown_progress(call: MagicCall, what: str, *, if_any: bool = False) -> Iterator[Transfer]:
    """Gives what takes the progress. A front end that cannot draw anew gets the last line only.

    Args:
        what: "pushing NAME".
        if_any: Nothing is shown unless something is on its way.
    """
    transfer, over = Transfer(), threading.Event()
    show = _drawing(call, what, transfer, if_any=if_any)

    def draw() -> None:
        while not over.wait(_EVERY_SECONDS):
            show(done=False)

    drawing = None
    if call.publisher.front_end != "terminal":
        show(done=False)
        drawing = start_in_background(draw, "dockernb-transfer")
    try:
        yield transfer
    finally:
        over.set()
        if drawing is not None:
            drawing.join()
        show(done=True)


def _drawing(
    call: MagicCall, what: str, transfer: Transfer, *, if_any: bool
) -> Callable[..., None]:
    from dockernb.ui.transfer_view import transfer_html, transfer_text  # noqa: PLC0415

    display_id = uuid.uuid4().hex
    begun = False

    def show(*, done: bool) -> None:
        nonlocal begun
        state = transfer.state
        if if_any and not state.rows:
            return
        text = transfer_text(what, state, done=done)
        if call.publisher.front_end == "terminal":
            call.say(text)
            return
        bundle = {"text/plain": text, "text/html": transfer_html(what, state, done=done)}
        if begun:
            call.publisher.update(bundle, {}, display_id)
        else:
            call.publisher.display(bundle, {}, display_id)
        begun = True

    return show
