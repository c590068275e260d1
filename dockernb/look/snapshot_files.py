"""The files of snapshots on an engine; trees that were read are kept for the next question."""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..engines.base import Engine, FileView, Image, OnProgress
from ..errors import EngineError, LookError
from ..oci.diff import DiffEntry
from ..oci.digest import short_id
from .content import FileContent, copy_content, read_content, resolve
from .entries import read_entries
from .image_layers import layer_changes
from .listing import Listing

__all__ = ["SnapshotFiles"]

_KEPT_LISTINGS = 4


class SnapshotFiles:
    """Looks into the snapshots of one engine. Safe from several threads.

    Args:
        engine: Where the images are.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._layers: tuple[str, Sequence[tuple[DiffEntry, ...]]] | None = None
        self._listings: OrderedDict[str, Listing] = OrderedDict()

    @contextmanager
    def view(self, image_id: str) -> Iterator[FileView]:
        """The files of a snapshot.

        Raises:
            LookError: the engine does not have it any more.
        """
        try:
            with self._engine.open_image(image_id) as view:
                yield view
        except EngineError as err:
            raise LookError(
                f"the files of snapshot {short_id(image_id)} cannot be read: {err.message}",
                rule=err.rule,
                hint=err.hint or "Run the cell again to make the snapshot anew.",
            ) from err

    def image(self, image_id: str) -> Image | None:
        """The snapshot as the engine has it, if it still does."""
        return self._engine.image(image_id)

    def layers(
        self, image_id: str, on_progress: OnProgress, cancel: threading.Event
    ) -> Sequence[tuple[DiffEntry, ...]]:
        """What each layer of an image changed; those of the newest base image are kept."""
        with self._lock:
            known = self._layers
        if known is None or known[0] != image_id:
            known = image_id, layer_changes(self._engine, image_id, on_progress, cancel)
            with self._lock:
                self._layers = known
        return known[1]

    def content(self, image_id: str, path: str, limit: int) -> FileContent:
        """At most `limit` bytes of a file, links followed."""
        with self.view(image_id) as view:
            return read_content(view, path, limit)

    def write(self, image_id: str, path: str, target: Path) -> int:
        """Writes a file of a snapshot to a new file, which appears when it is whole; its bytes.

        Raises:
            LookError: it is not in the snapshot, or `target` exists.
            OSError: `target` cannot be written.
        """
        if target.exists():
            raise LookError(
                f'"{target}" exists', state="Nothing was written.", hint="Choose another name."
            )
        aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with aside.open("xb") as out, self.view(image_id) as view:
                size = copy_content(view, path, out).size
                out.flush()
                os.fsync(out.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        return size

    def listing(self, image_id: str, path: str = "/") -> Listing:
        """What is at a path and below it. Links on the way are followed, `path` may be one.

        Only what lies below the path is read. A whole tree is kept.
        """
        with self._lock:
            known = self._listings.get(image_id)
        if known is not None and known.entry(path) is not None:
            entry = known.entry(path)
            if entry is not None and entry.type == "dir":
                return known
        with self.view(image_id) as view:
            real = resolve(view, path) if path != "/" else "/"
            try:
                listing = Listing(real, read_entries(view, real))
            except FileNotFoundError as err:
                raise LookError(f'there is no "{path}" in the snapshot') from err
        if real == "/":
            with self._lock:
                self._listings[image_id] = listing
                while len(self._listings) > _KEPT_LISTINGS:
                    self._listings.popitem(last=False)
        return listing

    def sizes(self, image_id: str) -> Mapping[str, int]:
        """Sizes of all files of a snapshot, by path."""
        entries = self.listing(image_id).below("/")
        return {e.path: e.size for e in entries if e.type == "file" and not e.is_hard_link}
