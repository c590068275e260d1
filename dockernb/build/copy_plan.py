"""From the files that COPY takes to the entries that are written into the container.

Source of the rules: `Copy` and `copier.copy` in tonistiigi/fsutil `copy/copy.go`. In short: sources
are copied one after the other; the destination's links are followed, links below it are replaced;
a directory gives its contents; a directory that is made for it is 0755; an existing directory at
the destination stays as it is, those below it get the source's mode and owner.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dockernb.errors import BuildError

from .add_archive import unpack
from .archive_format import is_archive
from .copy_items import CopyItem
from .copy_mode import ModeChange
from .destination import Destination, Owner
from .link_paths import join
from .source_entry import SourceEntry
from .spool import Spool
from .tar_stream import TarEntry

__all__ = ["CopyPlan"]


@dataclass(frozen=True)
class CopyPlan:
    """How one COPY writes.

    Args:
        path: The destination as `destination_path` gives it.
        owner: --chown; None: the sources keep theirs, and what is made on the way is root's.
        mode: --chmod; None: the sources keep theirs.
        spool: Keeps the contents of unpacked archives until they are written.
    """

    destination: Destination
    path: str
    owner: Owner | None
    mode: ModeChange | None
    unpacks: bool
    spool: Spool

    def add(self, items: Sequence[CopyItem]) -> None:
        """Adds the entries for all items, in order.

        Raises:
            BuildError: Something at the destination is in the way.
        """
        for item in items:
            can_unpack = self.unpacks and item.may_unpack and item.entry.type == "file"
            if can_unpack and is_archive(item.entry.content.open):
                top = self.destination.resolve(self.path)
                self.destination.make_directories(top, self.owner or Owner())
                unpack(item.entry, item.shown, self.destination, top, self.spool)
            else:
                self._copy(item)

    def _copy(self, item: CopyItem) -> None:
        makes = self.owner or Owner()
        last = self.path.rpartition("/")[2]
        above = self.path if last in {"", "."} else posixpath.dirname(self.path)
        self.destination.make_directories(self.destination.resolve(above), makes)
        target = self.destination.resolve(self.path)
        found = self.destination.lookup(target)
        if item.entry.type == "dir":
            if found is None and item.is_itself_copied:
                self._put(item.entry, target, {}, item.shown)
            elif found is None:
                self.destination.make_directories(target, makes)
            elif found.type != "dir":
                raise _no_directory(target, item.shown)
            self._copy_contents(item, target)
            return
        if found is not None and found.type == "dir":
            target = join(target, item.name)
        self.destination.make_directories(posixpath.dirname(target), makes)
        self._put(item.entry, target, {}, item.shown)

    def _copy_contents(self, item: CopyItem, target: str) -> None:
        names: dict[str, list[str]] = defaultdict(list)
        for relative, _entry in item.below:
            parent, _, name = relative.rpartition("/")
            names[parent].append(name)
        links: dict[object, str] = {}
        self.destination.expect(target, names[""])
        for relative, entry in item.below:
            path = join(target, relative)
            self._put(entry, path, links, join("/" + item.shown, relative).strip("/"))
            if entry.type == "dir":
                self.destination.expect(path, names[relative])

    def _put(self, entry: SourceEntry, path: str, links: dict[object, str], shown: str) -> None:
        found = self.destination.lookup(path)
        if entry.type == "dir":
            if found is not None and found.type != "dir":
                raise _no_directory(path, shown)
        elif found is not None and found.type == "dir":
            raise BuildError(
                f'cannot copy the file "{shown}" to "{path}": there is a directory in the image'
            )
        self.destination.add(self._entry(entry, path, links))

    def _entry(self, entry: SourceEntry, path: str, links: dict[object, str]) -> TarEntry:
        owner = self.owner or Owner(entry.uid, entry.gid)
        kind, mode = entry.type, entry.mode
        if kind == "block":
            # fsutil clears S_IFSOCK's bits of the mode, which makes a character device of it.
            kind = "char"
        elif kind in {"socket", "unknown"}:
            kind = "file"
        if self.mode is not None and kind != "symlink":
            mode = self.mode.apply(mode, is_directory=kind == "dir")
        hard_link = links.get(entry.same_file) if entry.same_file is not None else None
        if entry.same_file is not None and hard_link is None:
            links[entry.same_file] = path
        return TarEntry(
            path,
            kind,
            mode,
            owner.uid,
            owner.gid,
            entry.size,
            entry.mtime,
            entry.link_target,
            hard_link,
            entry.device,
            entry.content if entry.type == "file" else None,
        )


def _no_directory(path: str, shown: str) -> BuildError:
    return BuildError(
        f'cannot copy the directory "{shown}" to "{path}": there is no directory in the image,'
        " but something else"
    )
