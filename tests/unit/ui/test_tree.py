from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from dockernb.oci.diff import DiffEntry
from dockernb.ui.tree import FileTree, Row
from tests.unit.ui import samples


def names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


def test_folders_hold_totals_of_all_that_is_below() -> None:
    tree = FileTree(samples.redis_diff().entries)
    usr = next(row for row in tree.children() if row.name == "usr/")
    assert usr.counts == (132, 0, 0)
    assert usr.change is None
    assert usr.size == sum(
        entry.size for entry in samples.redis_diff().entries if entry.path.startswith("/usr/")
    )


def test_folders_come_first_and_lone_folders_are_one_row() -> None:
    tree = FileTree(samples.redis_diff().entries)
    assert names(tree.children()) == ["etc/", "srv/", "usr/", "var/cache/apt/archives/partial/"]
    assert names(tree.children("/etc")) == ["redis/", "passwd"]


def test_a_changed_folder_is_never_folded_into_its_parent() -> None:
    tree = FileTree([DiffEntry("/a", "M", "dir"), DiffEntry("/a/b/c", "A", "file", 3)])
    (a,) = tree.children()
    assert (a.name, a.change, a.counts) == ("a/", "M", (1, 0, 0))
    assert names(tree.children("/a")) == ["b/"]


def test_deleted_bytes_do_not_count() -> None:
    entries = [DiffEntry("/a/x", "D", "file", 9), DiffEntry("/a/y", "A", "file", 2)]
    (row,) = FileTree(entries).children()
    assert (row.size, row.counts) == (2, (1, 0, 1))


def test_links_show_their_target_and_no_name_hides_anything() -> None:
    tree = FileTree([DiffEntry("/b\nc", "A", "symlink", 3, "x\u202ey"), DiffEntry("/\udcff", "A")])
    assert [(row.name, row.link) for row in tree.children()] == [
        ("b\\nc", "x\\u202ey"),
        ("\\xff", None),
    ]


def test_a_file_that_became_a_folder_shows_both() -> None:
    tree = FileTree([DiffEntry("/a", "D", "file"), DiffEntry("/a/b", "A", "file", 1)])
    assert [(row.name, row.change) for row in tree.children()] == [("a/", None), ("a", "D")]


def test_the_root_itself_can_change() -> None:
    assert names(FileTree([DiffEntry("/", "M", "dir")]).children()) == ["/"]


def test_rows_come_in_pages_and_unknown_folders_are_empty() -> None:
    tree = FileTree([DiffEntry(f"/{n:03}", "A") for n in range(100)])
    assert names(tree.children("/", 98, 10)) == ["098", "099"]
    assert tree.total() == 100
    assert tree.children("/no/such") == []
    assert tree.total("/no/such") == 0


def test_few_files_are_shown_at_once_many_are_not() -> None:
    assert FileTree([DiffEntry("/a/b", "A"), DiffEntry("/c/d", "A")]).opening() == ["/a", "/c"]
    assert FileTree(samples.big_diff(2000).entries).opening() == []


def test_twenty_thousand_entries_build_in_no_time() -> None:
    entries = samples.big_diff().entries
    best = min(_seconds_to_build(entries) for _ in range(3))
    assert best < 0.5  # about 0.03 on an idle machine


def _seconds_to_build(entries: tuple[DiffEntry, ...]) -> float:
    start = time.perf_counter()
    FileTree(entries)
    return time.perf_counter() - start


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(lambda p: "/" + "/".join(p))


@given(st.dictionaries(PATHS, st.tuples(st.sampled_from("AMD"), st.sampled_from(["file", "dir"]))))
def test_every_entry_is_counted_once_and_found_once(drawn: dict) -> None:  # type: ignore[type-arg]
    entries = [DiffEntry(path, change, kind, 5) for path, (change, kind) in sorted(drawn.items())]
    tree = FileTree(entries)
    found: list[tuple[str, str]] = []
    waiting = ["/"]
    while waiting:
        for row in tree.children(waiting.pop()):
            if row.change is not None:
                found.append((row.path, row.change))
            if row.expandable:
                waiting.append(row.path)
    assert sorted(found) == sorted((entry.path, entry.change) for entry in entries)
    top = tree.children()
    counted = sum(sum(row.counts) + (row.change is not None) for row in top)
    assert counted == len(entries)
