"""Two images are compared path by path and field by field; nothing is overlooked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dockernb.build.compare import (
    Difference,
    compare_configs,
    compare_histories,
    compare_images,
    compare_trees,
    unreproducible,
)
from dockernb.build.image_tree import Node, read_tree
from dockernb.oci.config import Healthcheck, HistoryEntry, ImageConfig, Platform, RuntimeConfig

FILE = Node("file", 0o644, 0, 0, 3, content="aa")
CONFIG = ImageConfig(
    runtime=RuntimeConfig(env=("A=1", "B=2"), cmd=("x",), labels={"l": "v"}, volumes=("/v",)),
    author="me",
    created="now",
    diff_ids=("sha256:1",),
    history=(HistoryEntry("now", "FROM"), HistoryEntry("now", "ENV A=1", empty_layer=True)),
)


def tar(*members: tuple[dict[str, Any], bytes]) -> Iterator[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for fields, content in members:
            info = tarfile.TarInfo()
            for name, value in fields.items():
                setattr(info, name, value)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    data = buffer.getvalue()
    return (data[start : start + 700] for start in range(0, len(data), 700))


def test_tree_is_read_from_a_tar_stream() -> None:
    tree = read_tree(
        tar(
            ({"name": "./", "type": tarfile.DIRTYPE, "mode": 0o755}, b""),
            ({"name": "d/", "type": tarfile.DIRTYPE, "mode": 0o1777, "uid": 5}, b""),
            ({"name": "d/f", "mode": 0o4755, "gid": 7}, b"x" * 3000),
            ({"name": "/hard", "type": tarfile.LNKTYPE, "linkname": "d/f"}, b""),
            ({"name": "s", "type": tarfile.SYMTYPE, "linkname": "../f"}, b""),
            ({"name": "c", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}, b""),
            ({"name": "x", "pax_headers": {"SCHILY.xattr.user.a": "b", "mtime": "1.5"}}, b""),
        )
    )
    assert list(tree) == ["/", "/d", "/d/f", "/hard", "/s", "/c", "/x"]
    assert (tree["/d"].type, tree["/d"].mode, tree["/d"].owner) == ("dir", 0o1777, "5:0")
    assert (tree["/d/f"].mode, tree["/d/f"].size) == (0o4755, 3000)
    assert tree["/hard"] == tree["/d/f"]
    assert tree["/s"].link_target == "../f"
    assert tree["/c"].device == "1:3"
    assert tree["/x"].xattrs == (("user.a", "b"),)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"mode": 0o755}, "mode"),
        ({"uid": 1}, "owner"),
        ({"gid": 1}, "owner"),
        ({"content": "bb"}, "content"),
        ({"size": 4}, "content"),
        ({"link_target": "y"}, "link target"),
        ({"device": "1:1"}, "device"),
        ({"xattrs": (("a", "b"),)}, "attributes"),
        ({"type": "dir"}, "type"),
    ],
)
def test_each_property_of_a_path_counts(change: dict[str, Any], what: str) -> None:
    (difference,) = compare_trees({"/f": FILE}, {"/f": replace(FILE, **change)})
    assert (difference.section, difference.name, difference.what) == ("tree", "/f", what)


def test_path_in_one_tree_only_is_a_difference() -> None:
    assert compare_trees({"/f": FILE}, {}) == [
        Difference("tree", "/f", "missing", "file 0644 0:0", "-")
    ]


def test_root_counts_only_if_both_trees_have_it() -> None:
    root = Node("dir", 0o755, 0, 0)
    assert compare_trees({"/": root}, {}) == []
    assert compare_trees({"/": root}, {"/": replace(root, mode=0o700)}) != []


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (CONFIG.with_runtime(env=("A=1",)), "Env.B"),
        (CONFIG.with_runtime(env=("A=1", "B=3")), "Env.B"),
        (CONFIG.with_runtime(env=("B=2", "A=1")), "Env"),
        (CONFIG.with_runtime(env=("A=0", "A=1", "B=2")), "Env.A"),
        (CONFIG.with_runtime(cmd=("x", "y")), "Cmd"),
        (CONFIG.with_runtime(cmd=None), "Cmd"),
        (CONFIG.with_runtime(entrypoint=()), "Entrypoint"),
        (CONFIG.with_runtime(labels={"l": "w"}), "Labels.l"),
        (CONFIG.with_runtime(volumes=("/v", "/w")), "Volumes"),
        (CONFIG.with_runtime(healthcheck=Healthcheck(("NONE",))), "Healthcheck"),
        (CONFIG.with_runtime(args_escaped=True), "ArgsEscaped"),
        (CONFIG.with_runtime(other={"New": 1}), "New"),
        (replace(CONFIG, author=""), "Author"),
        (replace(CONFIG, platform=Platform("linux", "arm64")), "Platform"),
    ],
)
def test_each_field_of_the_config_counts(other: ImageConfig, name: str) -> None:
    assert [difference.name for difference in compare_configs(CONFIG, other)] == [name]
    assert [difference.name for difference in compare_configs(other, CONFIG)] == [name]


def test_times_layers_and_empty_unknown_fields_do_not_count() -> None:
    other = replace(CONFIG, created="then", diff_ids=("sha256:2",))
    other = other.with_runtime(other={"Hostname": "", "OpenStdin": False})
    assert compare_configs(CONFIG, other) == []
    assert compare_images(({}, CONFIG), ({}, other)) == []


def test_history_is_compared_step_by_step() -> None:
    first, second = CONFIG.history
    other = replace(CONFIG, history=(first, replace(second, empty_layer=False), first))
    assert compare_histories(CONFIG, other) == [
        Difference("history", "step 2", "empty_layer", "true", "false"),
        Difference("history", "step 3", "created_by", "-", "FROM"),
        Difference("history", "step 3", "empty_layer", "-", "false"),
    ]


def test_only_content_that_no_two_builds_agree_on_is_forgiven() -> None:
    ours = {"/log": FILE, "/bin": FILE, "/tmp": replace(FILE, mode=0o600)}
    reference = {name: replace(FILE, content="bb") for name in ours}
    again = {"/log": FILE, "/bin": reference["/bin"], "/tmp": FILE}
    counting, forgiven = unreproducible(compare_trees(ours, reference), reference, again)
    assert [(item.name, item.what) for item in counting] == [
        ("/bin", "content"),
        ("/tmp", "mode"),
    ]
    assert [(item.name, item.what) for item in forgiven] == [
        ("/log", "content"),
        ("/tmp", "content"),
    ]


def test_what_another_engine_lays_into_containers_does_not_count_if_it_is_empty() -> None:
    empty = Node("file", 0o755, 0, 0)
    stubs = {"/.dockerenv": empty, "/etc/hosts": FILE, "/dev": Node("dir", 0o755, 0, 0)}
    sides = (stubs, CONFIG), ({}, CONFIG)
    assert [item.name for item in compare_images(*sides, same_engine=False)] == ["/etc/hosts"]
    assert len(compare_images(*sides)) == 3
