"""A working container without mounts, from one image to the next."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.embedded.files.owners import NOTED
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.worker.layers import LayerFiles
from dockernb.engines.embedded.worker.tree_root import TreeRoot
from tests.unit.embedded.tars import Member, folder, tar_of


class Images:
    """A store whose layers were made here."""

    def __init__(self, store: Path) -> None:
        self.folders = StoreFolders(store).make()
        self._blobs = self.folders.layout / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)
        self.opened: list[TreeRoot] = []
        self.base = self.add(tar_of([folder("d"), Member("d/f", b"content")]))

    def add(self, tar: bytes) -> str:
        digits = hashlib.sha256(tar).hexdigest()
        (self._blobs / digits).write_bytes(tar)
        return f"sha256:{digits}"

    def open(self, *layers: str) -> TreeRoot:
        """As a new worker does."""
        root = TreeRoot(LayerFiles(self.folders), layers or (self.base,), NOTED)
        self.opened.append(root)
        return root

    def keep(self, root: TreeRoot) -> str:
        """As a commit does; returns the new layer."""
        with tempfile.TemporaryFile() as file:
            packed = root.pack(file.fileno())
            file.seek(0)
            layer = self.add(file.read())
        assert layer == packed.diff_id
        root.keep(layer)
        root.discard()
        return layer


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    found = Images(tmp_path / "store")
    yield found
    for root in found.opened:
        root.discard()


def paths(root: TreeRoot) -> list[str]:
    return sorted(entry.path for entry in root.changes())


def test_what_changes_after_a_look_is_seen(images: Images) -> None:
    root = images.open()
    assert paths(root) == []
    root.touch()
    Path(root.path, "new").write_bytes(b"1")
    assert paths(root) == ["/new"]
    layer = images.keep(root)
    after = images.open(images.base, layer)
    assert paths(after) == []
    assert Path(after.path, "new").read_bytes() == b"1"


def test_the_next_container_starts_from_what_was_kept(images: Images) -> None:
    root = images.open()
    root.touch()
    Path(root.path, "d", "f").write_bytes(b"changed")
    layer = images.keep(root)
    after = images.open(images.base, layer)
    after.touch()
    Path(after.path, "d", "g").write_bytes(b"")
    assert paths(after) == ["/d/g"]
    after.discard()
    base = images.open()
    assert Path(base.path, "d", "f").read_bytes() == b"content"
    assert not Path(base.path, "d", "g").exists()


def test_a_tree_whose_files_nobody_touched_stays_in_order(images: Images) -> None:
    looked_at = images.open()
    place = Path(looked_at.path).parent
    looked_at.discard()
    assert not (place / "dirty").exists()
    root = images.open()
    assert Path(root.path).parent == place
    root.touch()
    assert (place / "dirty").exists()
    Path(root.path, "d", "left").write_bytes(b"")
    root.discard()
    assert not Path(images.open().path, "d", "left").exists()


def test_a_name_that_no_layer_holds_is_gone_from_the_next_container(images: Images) -> None:
    root = images.open()
    root.touch()
    Path(root.path, "d", ".wh.name").write_bytes(b"")
    layer = images.keep(root)
    after = images.open(images.base, layer)
    assert paths(after) == []
    assert not Path(after.path, "d", ".wh.name").exists()


def test_a_tree_of_an_earlier_boot_is_made_anew(images: Images) -> None:
    root = images.open()
    images.keep(root)
    (place,) = images.folders.trees.iterdir()
    state = json.loads((place / "state").read_bytes())
    (place / "state").write_text(json.dumps({**state, "boot": "an earlier one"}))
    (place / "files" / "d" / "f").write_bytes(b"")  # cut off when the power went
    (place / "files" / "stray").write_bytes(b"")
    after = images.open()
    assert Path(after.path, "d", "f").read_bytes() == b"content"
    assert not Path(after.path, "stray").exists()
