"""A working tree: brought to an image, changed, packed as a layer, and brought back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.engines.embedded.files.index import ImageIndex, layer_entries
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.engines.embedded.files.restore import Restorer
from dockernb.engines.embedded.files.scan import Scan, compare, scan_tree
from dockernb.engines.embedded.files.tree_changes import TreeChanges
from dockernb.oci.diff import DiffEntry
from tests.unit.embedded.tars import Member, folder, hard_link, link, tar_of

BASE = [
    folder("d"),
    Member("d/f", b"content", mode=0o640, uid=3),
    hard_link("d/same", "d/f"),
    folder("d/shut", 0o000),
    Member("d/shut/in", b"x"),
    link("l", "d/f"),
    folder("gone"),
    Member("gone/f", b""),
    Member("top", b"top"),
]


class Tree:
    """A tree in a folder, and the image that it is to hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        self.index = self.add_layer(tar_of(BASE), ImageIndex())
        self.restore(set(self.index.entries))

    def add_layer(self, tar: bytes, below: ImageIndex) -> ImageIndex:
        file = self.folder / f"{len(list(self.folder.iterdir()))}.tar"
        file.write_bytes(tar)
        return below.with_layer(layer_entries(file))

    def restore(self, paths: set[str]) -> None:
        Restorer(str(self.root), self.index.entries, NOTED).restore(paths)
        self.scan = scan_tree(str(self.root))

    def changes(self) -> TreeChanges:
        touched = compare(self.scan, scan_tree(str(self.root)))
        return TreeChanges(str(self.root), touched, self.scan, self.index.entries, NOTED)

    def diff(self) -> list[DiffEntry]:
        return sorted(self.changes().entries(), key=lambda entry: entry.path)

    def pack(self) -> bytes:
        out = self.folder / "packed"
        with out.open("wb") as file:
            self.changes().pack(file.fileno())
        return out.read_bytes()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def content(scan: Scan, root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path: (mark.mode, (root / path).read_bytes() if stat.S_ISREG(mark.mode) else b"")
        for path, mark in scan.items()
    }


def test_a_restored_tree_is_the_image(tree: Tree) -> None:
    root = tree.root
    assert (root / "d" / "f").read_bytes() == b"content"
    assert (root / "d" / "f").stat().st_ino == (root / "d" / "same").stat().st_ino
    assert stat.S_IMODE((root / "d" / "shut").stat().st_mode) == 0
    assert (root / "l").readlink() == Path("d/f")
    assert (root / "d").stat().st_mtime == 1_000_000_000
    assert tree.diff() == []


def _replace_folder(root: Path) -> None:
    (root / "gone" / "f").unlink()
    (root / "gone").rmdir()
    (root / "gone").write_text("a file")


def _empty_and_remove(root: Path) -> None:
    (root / "gone" / "f").unlink()
    (root / "gone").rmdir()


def _touch_and_back(root: Path) -> None:
    (root / "d" / "new").touch()
    (root / "d" / "new").unlink()


CHANGES: dict[str, tuple[Callable[[Path], object], list[DiffEntry]]] = {
    "nothing": (lambda root: None, []),
    "a new file": (
        lambda root: (root / "d" / "new").write_bytes(b"12"),
        [DiffEntry("/d/new", "A", "file", 2)],
    ),
    "a new folder": (
        lambda root: (root / "n" / "m").mkdir(parents=True),
        [DiffEntry("/n", "A", "dir"), DiffEntry("/n/m", "A", "dir")],
    ),
    "content": (
        lambda root: (root / "top").write_bytes(b"other"),
        [DiffEntry("/top", "M", "file", 5)],
    ),
    "mode": (lambda root: (root / "top").chmod(0o600), [DiffEntry("/top", "M", "file", 3)]),
    "mode of a folder": (lambda root: (root / "d").chmod(0o700), [DiffEntry("/d", "M", "dir")]),
    "a mode that was so": (lambda root: (root / "top").chmod(0o644), []),
    "a folder's time only": (_touch_and_back, []),
    "a deleted file": (lambda root: (root / "top").unlink(), [DiffEntry("/top", "D", "file")]),
    "a deleted folder": (_empty_and_remove, [DiffEntry("/gone", "D", "dir")]),
    "a file for a folder": (_replace_folder, [DiffEntry("/gone", "M", "file", 6)]),
    "one name of two": (
        lambda root: (root / "d" / "same").unlink(),
        [DiffEntry("/d/same", "D", "file")],
    ),
    "a file through a link's name": (
        lambda root: (root / "l").unlink() or (root / "l").symlink_to("top"),
        [DiffEntry("/l", "M", "symlink", 3, "top")],
    ),
    "a pipe": (lambda root: os.mkfifo(root / "p"), [DiffEntry("/p", "A", "fifo")]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_as_it_is(tree: Tree, name: str) -> None:
    make, expected = CHANGES[name]
    make(tree.root)
    assert tree.diff() == expected


@pytest.mark.parametrize("name", CHANGES)
def test_a_packed_change_makes_the_same_tree_from_the_image(tree: Tree, name: str) -> None:
    CHANGES[name][0](tree.root)
    now = scan_tree(str(tree.root))
    wanted = content(now, tree.root)
    tree.index = tree.add_layer(tree.pack(), tree.index)
    tree.restore(set(now) | set(tree.index.entries))
    assert content(tree.scan, tree.root) == wanted


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_touched_can_be_put_back(tree: Tree, name: str) -> None:
    before = content(tree.scan, tree.root)
    CHANGES[name][0](tree.root)
    touched = compare(tree.scan, scan_tree(str(tree.root)))
    wrong = {*touched.added, *touched.changed, *touched.deleted}
    names = {"d/f", "d/same"}  # all names of a file, as the caller of `restore` has to see to
    tree.restore(wrong | names if wrong & names else wrong)
    assert content(tree.scan, tree.root) == before
    assert (tree.root / "d" / "f").stat().st_nlink == 2


def test_an_owner_that_changes_is_a_change(tree: Tree) -> None:
    parent = os.open(tree.root, os.O_RDONLY)
    NOTED.write(parent, "top", 5, 6)
    os.close(parent)
    assert tree.diff() == [DiffEntry("/top", "M", "file", 3)]
    index = tree.add_layer(tree.pack(), tree.index)
    assert (index.entries["top"].uid, index.entries["top"].gid) == (5, 6)


def test_a_name_that_a_layer_cannot_hold_is_left_out(tree: Tree) -> None:
    (tree.root / ".wh.x").write_text("looks like a whiteout")
    (tree.root / "x").write_text("stays")
    index = tree.add_layer(tree.pack(), tree.index)
    assert "x" in index.entries
    assert not (tree.root / ".wh.x").exists()


def test_a_layer_has_the_same_bytes_each_time(tree: Tree) -> None:
    (tree.root / "b").write_text("2")
    (tree.root / "a").write_text("1")
    assert tree.pack() == tree.pack()
