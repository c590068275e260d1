"""Opens files for the cards: what a click on a row of a card's tree asks for.

Only paths that the card's own step changed can be asked for. Reading goes on in a thread, so that
cells and other messages do not wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from dockernb.errors import DockernbError, LookError
from dockernb.oci.diff import DiffEntry

from .worker import start_in_background

if TYPE_CHECKING:
    from dockernb.look.snapshot_files import SnapshotFiles
    from dockernb.ui.card_view import CardView
    from dockernb.ui.file_view import ShownFile

__all__ = ["CardFiles", "SendToCard"]

log = logging.getLogger(__name__)

DOWNLOAD_LIMIT = 16_000_000
# A server lets about a megabyte a second through; a message bigger than that would be dropped.
CHUNK = 400_000


class SendToCard(Protocol):
    """Sends a message, and bytes beside it, to a card's part in the browser."""

    def __call__(self, content: dict[str, Any], buffers: list[bytes]) -> None: ...


class CardFiles:
    """Answers `open` and `download` messages of all cards.

    Args:
        files: The snapshots of the engine in use.
    """

    def __init__(self, files: Callable[[], SnapshotFiles]) -> None:
        self._files = files
        self._turn = threading.Lock()  # one at a time: a reader looks at one file
        self._downloaded: tuple[tuple[str, str], bytes] | None = None

    def __call__(self, view: CardView, message: dict[str, Any], send: SendToCard) -> None:
        """Takes one message; returns at once."""
        start_in_background(lambda: self._answer(view, message, send), "dockernb-file")

    def _answer(self, view: CardView, message: dict[str, Any], send: SendToCard) -> None:
        kind, path = message.get("kind"), message.get("path")
        told = {"kind": "file" if kind == "open" else "chunk", "path": path}
        try:
            with self._turn:
                entry = _entry(view, path)
                if kind == "open":
                    content, buffers = self._open(view, entry)
                else:
                    content, buffers = self._chunk(view, entry, message.get("offset"))
        except DockernbError as error:
            content, buffers = _failure(error.message, error.hint), []
        except Exception:
            log.exception("a file could not be opened")
            content, buffers = _failure("the file cannot be shown: a bug in dockernb", None), []
        send({**told, **content}, buffers)

    def _open(self, view: CardView, entry: DiffEntry) -> tuple[dict[str, Any], list[bytes]]:
        from dockernb.ui.file_view import (  # noqa: PLC0415 - not needed to start
            READ_LIMIT,
            file_json,
            shown_file,
        )

        image_id = _image_of(view, entry)
        content = self._files().content(image_id, entry.path, READ_LIMIT)
        shown = shown_file(content)
        answer = {
            **file_json(shown),
            "change": entry.change,
            "download": content.entry.size <= DOWNLOAD_LIMIT,
            "diff": [],
            "diff_note": "",
        }
        parent_id = _parent_of(view)
        if entry.change == "M" and parent_id:
            answer.update(self._compared(parent_id, entry, shown))
        return answer, [shown.data] if shown.picture else []

    def _compared(self, parent_id: str, entry: DiffEntry, shown: ShownFile) -> dict[str, Any]:
        from dockernb.ui.file_diff import compared  # noqa: PLC0415 - not needed to start
        from dockernb.ui.file_view import READ_LIMIT, shown_file  # noqa: PLC0415

        try:
            before = self._files().content(parent_id, entry.path, READ_LIMIT)
        except LookError as error:
            return {"diff_note": error.message}
        return compared(shown_file(before, lambda *_: None), shown)

    def _chunk(
        self, view: CardView, entry: DiffEntry, offset: object
    ) -> tuple[dict[str, Any], list[bytes]]:
        image_id = _image_of(view, entry)
        key = (image_id, entry.path)
        if self._downloaded is None or self._downloaded[0] != key:
            content = self._files().content(image_id, entry.path, DOWNLOAD_LIMIT)
            if content.is_cut:
                raise LookError("the file is too big for a download", hint="%cat PATH -o FILE")
            self._downloaded = (key, content.data)
        data = self._downloaded[1]
        start = offset if isinstance(offset, int) and 0 <= offset <= len(data) else 0
        piece = data[start : start + CHUNK]
        if start + len(piece) == len(data):
            self._downloaded = None
        return {"offset": start, "total": len(data)}, [piece]


def _entry(view: CardView, path: object) -> DiffEntry:
    """The changed path that a row of the tree stands for; rows have paths that UTF-8 can encode."""
    from dockernb.ui.visible import encodable  # noqa: PLC0415 - not needed to start

    found = next((e for e in view.diff.entries if path in (e.path, encodable(e.path))), None)
    if found is None:
        raise LookError("this step has not changed such a path")
    return found


def _image_of(view: CardView, entry: DiffEntry) -> str:
    """What a step deleted is looked for in the snapshot before it."""
    image_id = _parent_of(view) if entry.change == "D" else view.snapshot and view.snapshot.id
    if not image_id:
        raise LookError("there is no snapshot that holds this file")
    return image_id


def _parent_of(view: CardView) -> str | None:
    return view.parent_id or (view.snapshot.parent if view.snapshot else None)


def _failure(message: str, hint: str | None) -> dict[str, Any]:
    return {"error": message, "hint": hint or ""}
