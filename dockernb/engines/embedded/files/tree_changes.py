"""What changed in a working tree: as a diff to show, and as a layer."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from dockernb.engines.embedded.files.folders import OpenFolders, remove_entry
from dockernb.engines.embedded.files.index import Entry
from dockernb.engines.embedded.files.names import WHITEOUT
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packed, Packer
from dockernb.engines.embedded.files.scan import Scan, Touched
from dockernb.oci.diff import Change, DiffEntry, type_of_mode

__all__ = ["TreeChanges"]


class TreeChanges:
    """The changes of a tree against the image that it was brought to.

    Args:
        before: The tree's scan when it was just that image.
        image: The image's entries.
    """

    def __init__(
        self,
        root: str,
        touched: Touched,
        before: Scan,
        image: Mapping[str, Entry],
        owners: Owners,
    ) -> None:
        self._root = root
        self._touched = touched
        self._before = before
        self._image = image
        self._owners = owners
        self._has_removed = False

    @property
    def has_removed(self) -> bool:
        """Whether `pack` has removed what no layer can hold."""
        return self._has_removed

    def entries(self) -> Sequence[DiffEntry]:
        """As the reader sees them; not sorted."""
        found: list[DiffEntry] = []
        with OpenFolders(self._root) as folders:
            found += [self._entry(folders, path, "A") for path in self._touched.added]
            modified = [path for path in self._touched.changed if self._differs(folders, path)]
            found += [self._entry(folders, path, "M") for path in modified]
        found.extend(
            DiffEntry(f"/{path}", "D", type_of_mode(self._mode_before(path)))
            for path in self._deleted()
        )
        return found

    def pack(self, descriptor: int) -> Packed:
        """Writes them as a layer."""
        packer = Packer(descriptor, self._owners)
        with OpenFolders(self._root) as folders:
            present = [*self._touched.added]
            for path in self._touched.changed:
                is_folder = stat.S_ISDIR(self._status(folders, path).st_mode)
                if not is_folder or self._differs(folders, path):
                    present.append(path)
            hidden = {_whiteout_of(path) for path in self._deleted()}
            for path in sorted({*present, *hidden}):
                if path in hidden:
                    packer.add_marker(path)
                else:
                    self._pack_entry(packer, folders, path)
        return packer.finish()

    def _pack_entry(self, packer: Packer, folders: OpenFolders, path: str) -> None:
        parts = tuple(path.split("/"))
        folder, name = folders.at(parts[:-1]), parts[-1]
        status = folders.status(parts)
        if name.startswith(WHITEOUT):
            # A layer cannot hold such a name: it would be read as a whiteout. Gone here, too.
            folders.forget(parts)
            remove_entry(folder, name)
            self._has_removed = True
            return
        packer.add(path + "/" * stat.S_ISDIR(status.st_mode), folder, name, status)

    def _deleted(self) -> list[str]:
        """Of a folder that is gone only the folder; nothing of one that is something else now."""
        gone = set(self._touched.deleted)
        changed = set(self._touched.changed)
        return [
            path
            for path in self._touched.deleted
            if not any(
                above in gone or (above in changed and self._is_no_folder(above))
                for above in _above(path)
            )
        ]

    def _is_no_folder(self, path: str) -> bool:
        with OpenFolders(self._root) as folders:
            return not stat.S_ISDIR(self._status(folders, path).st_mode)

    def _differs(self, folders: OpenFolders, path: str) -> bool:
        """The rule of moby's pkg/archive (statDifferent): of folders, mode and owner."""
        parts = tuple(path.split("/"))
        folder, name = folders.at(parts[:-1]), parts[-1]
        status = folders.status(parts)
        now, old = self._owners.read(folder, name, status), self._image[path]
        mode = now.type | stat.S_IMODE(status.st_mode)
        if (mode, now.uid, now.gid) != (old.mode, old.uid, old.gid):
            return True
        if stat.S_ISDIR(mode):
            return False
        mark = self._before[path]
        return (status.st_size, status.st_mtime_ns) != (mark.size, mark.mtime_ns)

    def _entry(self, folders: OpenFolders, path: str, change: Change) -> DiffEntry:
        parts = tuple(path.split("/"))
        folder, name = folders.at(parts[:-1]), parts[-1]
        status = folders.status(parts)
        kind = type_of_mode(self._owners.read(folder, name, status).type)
        size = status.st_size if kind in {"file", "symlink"} else 0
        target = os.readlink(name, dir_fd=folder) if kind == "symlink" else None
        return DiffEntry(f"/{path}", change, kind, size, target)

    def _status(self, folders: OpenFolders, path: str) -> os.stat_result:
        return folders.status(tuple(path.split("/")))

    def _mode_before(self, path: str) -> int:
        return self._image[path].mode if path in self._image else self._before[path].mode


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _whiteout_of(path: str) -> str:
    parent, _, name = path.rpartition("/")
    return f"{parent}/{WHITEOUT}{name}" if parent else WHITEOUT + name
