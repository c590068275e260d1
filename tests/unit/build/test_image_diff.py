"""What differs between two snapshots, as values and as text."""

from __future__ import annotations

from dockernb.build.image_diff import ImageDifference, file_differences
from dockernb.build.image_tree import Node
from dockernb.build.result import ConfigChange
from dockernb.ui.diff_text import diff_text

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def file(content: str, mode: int = 0o644, uid: int = 0) -> Node:
    return Node("file", mode, uid, 0, len(content), content=content)


LEFT = {
    "/": Node("dir", 0o755, 0, 0),
    "/gone": Node("dir", 0o755, 0, 0),
    "/gone/file": file("four"),
    "/same": file("same"),
    "/text": file("1"),
    "/mode": file("x"),
    "/kind": file("x"),
    "/link": Node("symlink", 0o777, 0, 0, link_target="a"),
}
RIGHT = {
    "/": Node("dir", 0o700, 0, 0),
    "/same": file("same"),
    "/text": file("22", uid=7),
    "/mode": file("x", 0o755),
    "/kind": Node("dir", 0o755, 0, 0),
    "/link": Node("symlink", 0o777, 0, 0, link_target="b"),
    "/new\u202e": file("new"),
}


def test_files_are_compared_by_what_a_build_sees() -> None:
    config = (ConfigChange("Env.A", None, "1"),)
    found = ImageDifference(A, B, tuple(file_differences(LEFT, RIGHT)), config)
    assert list(diff_text("1", "two", found, limit=100)) == [
        "1 (aaaaaaaaaaaa) -> two (bbbbbbbbbbbb): 1 added, 4 modified, 2 deleted, -1 B",
        "D  /gone/",
        "D  /gone/file  (4 B)",
        "M  /kind/  (1 B, file -> dir)",
        "M  /link  (link a -> b)",
        "M  /mode  (mode 0644 -> 0755)",
        "A  /new\\u202e  (3 B)",
        "M  /text  (1 B -> 2 B, owner 0:0 -> 7:0)",
        "config  Env.A: not set -> 1",
    ]
    assert found.to_json()["bytes"] == -1
    assert list(diff_text("1", "2", found, limit=1))[2] == (
        "... and 6 paths more (--json names all)"
    )


def test_equal_snapshots_have_no_difference() -> None:
    assert list(file_differences(LEFT, LEFT)) == []
    assert list(diff_text("1", "2", ImageDifference(A, A), limit=1)) == [
        "1 (aaaaaaaaaaaa) -> 2 (aaaaaaaaaaaa): no difference"
    ]
