"""A root without mounts: a working tree, brought to one image after another.

    trees/<id>/files    the tree
    trees/<id>/state    which layers it holds, its scan when it held just those, and in which boot
    trees/<id>/dirty    exists from the first change of a container's files until they are kept
    trees/<id>/lock     held by the worker that uses the tree

A tree is opened by putting right what differs from the image wanted: what the last container left
behind, and what the tree's image has otherwise. So opening the next snapshot of a chain costs
nothing, and a failed step costs as much as it changed. A container whose files are never touched
(a metadata step, a look into an image) leaves the tree as it is.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence

from dockernb.engines.embedded.files.index import Entry
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packed
from dockernb.engines.embedded.files.restore import Restorer
from dockernb.engines.embedded.files.scan import Scan, compare, scan_tree
from dockernb.engines.embedded.files.tree_changes import TreeChanges
from dockernb.engines.embedded.worker.layers import LayerFiles
from dockernb.engines.embedded.worker.tree_place import take_place
from dockernb.oci.diff import DiffEntry

__all__ = ["TreeRoot"]


class TreeRoot:
    """See the module.

    Args:
        layers: Diff IDs of the image's layers, base first.
    """

    def __init__(self, files: LayerFiles, layers: Sequence[str], owners: Owners) -> None:
        self._owners = owners
        self._layers = tuple(layers)
        self._place = take_place(files.folders.trees, self._layers)
        self._index = files.index(layers)
        self._scan = self._bring_to_image(files)
        self._changes: TreeChanges | None = None
        self._now: Scan | None = None

    @property
    def path(self) -> str:
        return str(self._place.files)

    @property
    def owners(self) -> Owners:
        return self._owners

    def touch(self) -> None:
        self._place.mark_dirty()
        self._changes = self._now = None

    def changes(self) -> Sequence[DiffEntry]:
        return self._found().entries()

    def pack(self, descriptor: int) -> Packed:
        changes = self._found()
        packed = changes.pack(descriptor)
        if changes.has_removed:
            self.touch()
        return packed

    def keep(self, diff_id: str) -> None:
        self._place.save((*self._layers, diff_id), self._now or scan_tree(self.path))

    def discard(self) -> None:
        self._place.release()

    def _found(self) -> TreeChanges:
        """What changed: looked up once for diff, layer and the next container."""
        if self._changes is None:
            self._now = scan_tree(self.path)
            touched = compare(self._scan, self._now)
            entries = self._index.entries
            self._changes = TreeChanges(self.path, touched, self._scan, entries, self._owners)
        return self._changes

    def _bring_to_image(self, files: LayerFiles) -> Scan:
        """Makes the tree what the image is."""
        held, scan = self._place.load()
        wrong: set[str] = set(scan) if not files.has_all(held) else set()
        if self._place.is_dirty:
            self._place.remove_asides()
            now = scan_tree(self.path)
            touched = compare(scan, now)
            wrong.update(touched.added, touched.changed, touched.deleted)
        if held != self._layers:
            wrong |= _differences(self._held_entries(files, held), self._index.entries)
        if wrong or held != self._layers:
            self._place.forget()
            whole = _with_all_names(wrong, self._index.entries)
            Restorer(self.path, self._index.entries, self._owners).restore(whole)
            scan = scan_tree(self.path)
            self._place.save(self._layers, scan)
        return scan

    def _held_entries(self, files: LayerFiles, held: Sequence[str]) -> dict[str, Entry]:
        """What the tree's image had; nothing if its layers were removed: all is made anew."""
        return files.index(held).entries if files.has_all(held) else {}


def _differences(held: dict[str, Entry], wanted: dict[str, Entry]) -> set[str]:
    paths = held.keys() | wanted.keys()
    return {path for path in paths if held.get(path) != wanted.get(path)}


def _with_all_names(paths: set[str], wanted: dict[str, Entry]) -> set[str]:
    """With the other names of the files among `paths`, so that they become one file again."""
    nodes = {
        wanted[path].node
        for path in paths
        if path in wanted and not stat.S_ISDIR(wanted[path].mode)
    }
    return paths | {
        path
        for path, entry in wanted.items()
        if entry.node in nodes and not stat.S_ISDIR(entry.mode)
    }
