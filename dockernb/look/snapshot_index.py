"""Folders, programs and users of snapshots, kept in memory.

Only a base image is read from the engine, once. What a step changed is known from its diff, so the
snapshots above cost nothing; a step that wrote /etc/passwd or /etc/group has that file read anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ..build.result import StepResult
from ..errors import LookError
from .entries import FileEntry, read_entries
from .folder_index import FolderIndex
from .in_background import InBackground
from .snapshot_files import SnapshotFiles

__all__ = ["SnapshotIndex"]

_KEPT = 64  # snapshots: they share nearly all
_LARGEST_LIST = 1 << 20  # bytes of /etc/passwd
# Of a bigger image only the folders of programs and of settings are read: a daemon sends all files.
_LARGEST_IMAGE = 1_000_000_000
_SOME = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/etc")


class SnapshotIndex:
    """Answers from memory; what is not there yet is read in the background.

    Args:
        files: The snapshots of one engine.
    """

    def __init__(self, files: SnapshotFiles) -> None:
        self._files = files
        self._bases = InBackground[str, FolderIndex](self._read_base, kept=4)
        self._names = InBackground[tuple[str, str], tuple[str, ...]](self._read_names, kept=32)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, FolderIndex] = OrderedDict()

    def close(self) -> None:
        """Nothing is read any more."""
        self._bases.close()
        self._names.close()

    def folders(self, steps: Sequence[StepResult], wait: float) -> FolderIndex | None:
        """The index of the last step's snapshot; None: its base image is still being read.

        Args:
            steps: From the base image on (see `lineage`).
            wait: Seconds.
        """
        ids = [step.snapshot.id for step in steps if step.snapshot is not None]
        with self._lock:
            known = self._known.get(ids[-1]) if ids else None
        if known is not None or not ids:
            return known
        index = self._bases.ask(ids[0], wait)
        if index is None:
            return None
        for step in steps[1:]:
            if step.snapshot is not None and step.instruction != "FROM":
                index = self._after(index, step, step.snapshot.id)
        return index

    def image_folders(self, image_id: str, wait: float) -> FolderIndex | None:
        """The index of any image."""
        return self._bases.ask(image_id, wait)

    def names(self, steps: Sequence[StepResult], path: str, wait: float) -> tuple[str, ...]:
        """The names in a file such as /etc/passwd: what stands before the first colon of a line."""
        wrote = [
            step
            for step in steps
            if step.snapshot is not None
            and (step is steps[0] or any(e.path == path for e in step.diff.entries))
        ]
        last = wrote[-1].snapshot if wrote else None
        return (self._names.ask((last.id, path), wait) or ()) if last is not None else ()

    def image_names(self, image_id: str, path: str, wait: float) -> tuple[str, ...]:
        """As `names`, of any image."""
        return self._names.ask((image_id, path), wait) or ()

    def _after(self, index: FolderIndex, step: StepResult, image_id: str) -> FolderIndex:
        with self._lock:
            known = self._known.get(image_id)
        if known is None:
            known = index.after(step.diff.entries) if step.diff.entries else index
            with self._lock:
                self._known[image_id] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known

    def _read_base(self, image_id: str, cancel: threading.Event) -> FolderIndex:
        image = self._files.image(image_id)
        if image is None or image.size <= _LARGEST_IMAGE:
            return FolderIndex.of_entries(self._files.listing(image_id).below("/"))
        entries: list[FileEntry] = []
        with self._files.view(image_id) as view:
            for path in _SOME:
                if not cancel.is_set() and view.stat(path) is not None:
                    entries += read_entries(view, path)
        return FolderIndex.of_entries(entries)

    def _read_names(self, key: tuple[str, str], _cancel: threading.Event) -> tuple[str, ...]:
        image_id, path = key
        try:
            data = self._files.content(image_id, path, _LARGEST_LIST).data
        except LookError:
            return ()
        lines = data.decode("utf-8", "replace").splitlines()
        names = (line.partition(":")[0] for line in lines if not line.startswith("#"))
        return tuple(dict.fromkeys(name for name in names if name.isprintable() and name))
