"""The entries of a diff as a tree of folders with totals, asked for one folder at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ..oci.diff import Change, DiffEntry, FileType
from .visible import encodable, visible

__all__ = ["FileTree", "FolderTotals", "Row"]

# Entries below a folder: added, modified, deleted; and bytes added or modified.
FolderTotals = tuple[int, int, int, int]


@dataclass(frozen=True)
class Row:
    """One line of the tree.

    Args:
        path: Key of the entry or folder, for `FileTree.children`.
        name: What to show, invisible characters escaped; `lib/` for a folder, `a/b/c/` for folders
            that hold nothing but the next one.
        change: The entry's own change; None for a folder that only holds changes.
        size: Bytes added or modified: of the file, or of all that is below the folder.
        counts: Entries below the folder: added, modified, deleted.
        link: Target of a symbolic link, invisible characters escaped.
        expandable: Something is below.
        lost: True: no entry but a line that counts those of the folder which are not known.
    """

    path: str
    name: str
    change: Change | None
    type: FileType
    size: int
    counts: tuple[int, int, int]
    link: str | None
    expandable: bool
    lost: bool = False


class _Node:
    """A folder, or an entry that turned out to be one."""

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.entry: DiffEntry | None = None
        self.folders: list[_Node] = []
        self.leaves: list[DiffEntry] = []
        self.size = self.added = self.modified = self.deleted = 0
        self.lost = 0  # entries that stand here, or in folders that are not known

    @property
    def totals(self) -> FolderTotals:
        return self.added, self.modified, self.deleted, self.size

    @property
    def rows(self) -> int:
        return len(self.folders) + len(self.leaves) + bool(self.lost)


class FileTree:
    """The tree of a diff. Building costs one pass; rows are made when a folder is opened.

    Args:
        entries: Entries of a diff in any order; paths may hold any character.
        totals: Path -> totals of folders of which not all entries are among `entries`; "" is the
            root. Folders that are named here only are shown too.
    """

    def __init__(
        self, entries: Iterable[DiffEntry] = (), totals: Mapping[str, FolderTotals] | None = None
    ) -> None:
        self._root = _Node("/", "")
        self._nodes: dict[str, _Node] = {"": self._root}
        for entry in entries:
            self._add(entry)
        for path in totals or ():
            self._folder(encodable(path).rstrip("/"))
        self._sum()
        self._correct(totals or {})

    def totals(self, path: str) -> FolderTotals | None:
        """Totals of the folder with the key `path` ("": the root); None if it is unknown."""
        node = self._nodes.get(path)
        return node.totals if node else None

    def partial(self, kept: FileTree, limit: int) -> dict[str, FolderTotals]:
        """Totals of the folders that `kept`, a tree of some of the entries, has wrong or not.

        The way from the root to each is right then. Folders inside one that `kept` has not at all
        are left out. At most `limit` folders, those nearest to the root.
        """
        found: dict[str, FolderTotals] = {}
        level = [self._root]
        while level and len(found) < limit:
            for node in level[: limit - len(found)]:
                found[node.path.rstrip("/")] = node.totals
            level = [
                child
                for node in level
                if node.path.rstrip("/") in kept._nodes
                for child in node.folders
                if kept.totals(child.path) != child.totals
            ]
        return found

    def children(self, path: str = "/", start: int = 0, count: int | None = None) -> list[Row]:
        """Rows of the folder with the key `path`: folders first, by name; [] if it is unknown.

        Args:
            path: "/" or the `path` of a row.
            start: Number of the first row wanted.
            count: How many; None: all.
        """
        node = self._nodes.get("" if path == "/" else path)
        if node is None:
            return []
        stop = None if count is None else start + count
        rows = [
            _folder_row(i) if isinstance(i, _Node) else _leaf_row(i)
            for i in self._sorted(node)[start:stop]
        ]
        if node.lost and start < node.rows and (stop is None or stop >= node.rows):
            rows.append(_lost_row(node))
        return rows

    def total(self, path: str = "/") -> int:
        """How many rows `children(path)` has."""
        node = self._nodes.get("" if path == "/" else path)
        return node.rows if node else 0

    def opening(self, budget: int = 12) -> list[str]:
        """Keys of folders to show open at first, so that about `budget` rows are seen."""
        opened: list[str] = []
        shown = self.total()
        level = [row for row in self.children(count=budget) if row.expandable]
        while level:
            following: list[Row] = []
            for row in level:
                if shown + self.total(row.path) > budget:
                    continue
                shown += self.total(row.path)
                opened.append(row.path)
                following += [child for child in self.children(row.path) if child.expandable]
            level = following
        return opened

    def _add(self, entry: DiffEntry) -> None:
        path = entry.path if entry.path.isascii() else encodable(entry.path)
        path = path.rstrip("/")
        parent, _, name = path.rpartition("/")
        if not name:
            self._root.leaves.append(entry)
            self._count(self._root, entry)
        elif path in self._nodes:
            self._nodes[path].entry = entry
        elif entry.type == "dir":
            self._folder(path).entry = entry
        else:
            folder = self._nodes.get(parent) or self._folder(parent)
            folder.leaves.append(entry)
            self._count(folder, entry)

    def _folder(self, path: str) -> _Node:
        missing = []
        while path not in self._nodes:
            missing.append(path)
            path = path.rpartition("/")[0]
        node = self._nodes[path]
        for key in reversed(missing):
            child = self._nodes[key] = _Node(key, key.rpartition("/")[2])
            node.folders.append(child)
            node = child
        return node

    @staticmethod
    def _count(node: _Node, entry: DiffEntry) -> None:
        if entry.change == "A":
            node.added += 1
        elif entry.change == "M":
            node.modified += 1
        else:
            node.deleted += 1
            return
        node.size += entry.size

    def _sum(self) -> None:
        # Folders were made parents first; backwards, each is complete when it is added to its own.
        for path, node in reversed(self._nodes.items()):
            if node is self._root:
                continue
            parent = self._nodes[path.rpartition("/")[0]]
            parent.size += node.size
            parent.added += node.added
            parent.modified += node.modified
            parent.deleted += node.deleted
            if node.entry is not None:
                self._count(parent, node.entry)

    def _correct(self, totals: Mapping[str, FolderTotals]) -> None:
        """Takes the known totals, and counts what is missing below each folder."""
        for path, (added, modified, deleted, size) in totals.items():
            node = self._nodes[encodable(path).rstrip("/")]
            node.added, node.modified = max(added, node.added), max(modified, node.modified)
            node.deleted, node.size = max(deleted, node.deleted), max(size, node.size)
        for path in totals:
            node = self._nodes[encodable(path).rstrip("/")]
            own = [child for child in node.folders if child.entry is not None]
            below = sum(sum(child.totals[:3]) for child in node.folders)
            known = below + len(node.leaves) + len(own)
            node.lost = max(0, node.added + node.modified + node.deleted - known)

    @staticmethod
    def _sorted(node: _Node) -> Sequence[_Node | DiffEntry]:
        folders = sorted(node.folders, key=attrgetter("name"))
        return [*folders, *sorted(node.leaves, key=attrgetter("path"))]


def _folder_row(node: _Node) -> Row:
    name = node.name
    # var/cache/apt/ is one row while nothing but the next folder is in each, and none is changed.
    while node.entry is None and node.rows == 1 and node.folders:
        node = node.folders[0]
        name += "/" + node.name
    entry = node.entry
    return Row(
        path=node.path,
        name=visible(name) + "/",
        change=entry.change if entry else None,
        type="dir",
        size=node.size,
        counts=(node.added, node.modified, node.deleted),
        link=None,
        expandable=bool(node.rows),
    )


def _lost_row(node: _Node) -> Row:
    name = f"{node.lost:,} not kept in the notebook"
    path = f"{node.path.rstrip('/')}//"  # no entry has it
    return Row(path, name, None, "unknown", 0, (0, 0, 0), None, expandable=False, lost=True)


def _leaf_row(entry: DiffEntry) -> Row:
    return Row(
        path=encodable(entry.path),
        name=visible(entry.path.rpartition("/")[2]) or "/",
        change=entry.change,
        type=entry.type,
        size=entry.size,
        counts=(0, 0, 0),
        link=None if entry.link_target is None else visible(entry.link_target),
        expandable=False,
    )
