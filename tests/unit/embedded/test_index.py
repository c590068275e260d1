"""The index of an image: layers over one another."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dockernb.engines.embedded.files.index import ImageIndex, layer_entries
from dockernb.errors import OciError
from tests.unit.embedded.tars import Member, folder, hard_link, link, tar_of


def index_of(tmp_path: Path, *layers: list[Member]) -> ImageIndex:
    index = ImageIndex()
    for number, members in enumerate(layers):
        file = tmp_path / f"layer{number}.tar"
        file.write_bytes(tar_of(members))
        index = index.with_layer(layer_entries(file))
    return index


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        ([Member("a/.wh.f", b"")], {"a", "a/d", "a/d/g", "top"}),
        ([Member("a/.wh.d", b"")], {"a", "a/f", "top"}),
        ([Member(".wh.a", b"")], {"top"}),
        ([folder("a"), Member("a/.wh..wh..opq", b"")], {"a", "top"}),
        ([Member("a/new", b""), Member("a/.wh..wh..opq", b"")], {"a", "a/new", "top"}),
        ([Member("a/.wh..wh.plnk", b"")], {"a", "a/f", "a/d", "a/d/g", "top"}),
        ([Member("a/.wh.missing", b"")], {"a", "a/f", "a/d", "a/d/g", "top"}),
        ([Member("a", b"a file")], {"a", "top"}),
        ([link("a", "top")], {"a", "top"}),
        ([Member("top/in", b"")], {"a", "a/f", "a/d", "a/d/g", "top", "top/in"}),
        ([folder("a", 0o700)], {"a", "a/f", "a/d", "a/d/g", "top"}),
    ],
    ids=[
        "file", "folder", "top folder", "opaque", "opaque keeps its own layer", "aufs",
        "whiteout of nothing", "file over folder", "link over folder", "folder over file",
        "folder over folder",
    ],
)  # fmt: skip
def test_a_layer_hides_and_replaces(
    tmp_path: Path, upper: list[Member], expected: set[str]
) -> None:
    base = [
        folder("a"),
        Member("a/f", b"1"),
        folder("a/d"),
        Member("a/d/g", b""),
        Member("top", b""),
    ]
    assert index_of(tmp_path, base, upper).entries.keys() == expected


def test_the_index_below_is_not_changed(tmp_path: Path) -> None:
    base = index_of(tmp_path, [Member("a/f", b"1")])
    file = tmp_path / "more.tar"
    file.write_bytes(tar_of([Member(".wh.a", b"")]))
    base.with_layer(layer_entries(file))
    assert base.entries.keys() == {"a", "a/f"}


def test_an_entry_tells_where_its_content_lies(tmp_path: Path) -> None:
    index = index_of(tmp_path, [Member("x", b"before"), Member("f", b"hello", mode=0o4711, uid=7)])
    entry = index.entries["f"]
    assert (entry.mode, entry.uid, entry.size) == (stat.S_IFREG | 0o4711, 7, 5)
    assert Path(entry.layer).read_bytes()[entry.offset :][: entry.size] == b"hello"


def test_names_of_one_file_have_one_node(tmp_path: Path) -> None:
    empties = [Member("e1", b""), Member("e2", b"")]
    entries = index_of(tmp_path, [Member("one", b"x"), hard_link("two", "one"), *empties]).entries
    assert entries["one"].node == entries["two"].node
    assert entries["e1"].node != entries["e2"].node


@pytest.mark.parametrize(
    "members",
    [
        [hard_link("x", "missing")],
        [folder("d"), hard_link("x", "d")],
        [Member("../x", b"")],
        [Member("x", type=b"Q")],
    ],
)
def test_hostile_layers_are_refused(tmp_path: Path, members: list[Member]) -> None:
    with pytest.raises(OciError):
        index_of(tmp_path, members)
