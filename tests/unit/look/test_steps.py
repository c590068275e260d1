from __future__ import annotations

import pytest

from dockernb.errors import LookError
from dockernb.look.follow import follow
from dockernb.look.lineage import find_step, lineage
from dockernb.look.space_tree import space_tree
from dockernb.look.step_row import step_rows
from dockernb.look.wasted import find_waste, lost_files, wasted_bytes
from dockernb.ui.icicle import icicle_page
from dockernb.ui.look_tables import step_names
from dockernb.ui.steps_card import steps_report

from .steps import image_id, step


def test_lineage_goes_through_the_stage_that_from_names() -> None:
    results = [
        step(1, "FROM busybox AS tool", stage="tool"),
        step(2, "RUN make", stage="tool"),
        step(3, "FROM busybox AS other", stage="other", snapshot=1),
        step(4, "FROM tool", stage="2", snapshot=2),
        step(5, "RUN more", stage="2", parent=2),
    ]
    assert [each.step for each in lineage(results, results[-1])] == [1, 2, 4, 5]
    assert [each.step for each in lineage(results, results[2])] == [3]


@pytest.mark.parametrize(
    ("name", "found"), [(None, 4), ("2", 2), ("[2]", 2), ("tool", 2), ("4444", 4)]
)
def test_snapshot_is_named_by_step_stage_or_id(name: str | None, found: int) -> None:
    results = [
        step(1, "FROM a AS tool", stage="tool"),
        step(2, "RUN x", stage="tool"),
        step(3, "FROM b", stage="1"),
        step(4, "RUN y", stage="1"),
    ]
    assert find_step(results, name).step == found
    with pytest.raises(LookError, match="no step, stage or snapshot"):
        find_step(results, "none")


def test_path_below_a_deleted_folder_is_deleted_once() -> None:
    steps = [
        step(1, "FROM a"),
        step(2, "RUN x", "A /d/", "A /d/f 5"),
        step(3, "RUN x", "M /d/f 7"),
        step(4, "RUN x", "D /d/"),
        step(5, "RUN x", "D /d/"),
    ]
    events = follow(steps, "/d/f", None)
    assert [(event.step.step, event.what) for event in events] == [
        (2, "added"),
        (3, "modified"),
        (4, "deleted"),
    ]
    assert events[-1].by == "/d"
    below = follow(steps, "/d", None)
    assert (below[1].what, below[1].counts) == ("changed below", (0, 1, 0))


def test_waste_counts_each_layers_bytes_once() -> None:
    steps = [
        step(1, "FROM a"),
        step(2, "RUN x", "A /l/", "A /l/one 10", "A /l/two 20", "A /kept 1"),
        step(3, "RUN x", "M /l/one 11"),
        step(4, "RUN x", "D /l/", "D /etc/motd"),
        step(5, "COPY x /l", "A /l/", "A /l/one 5"),
    ]
    found = find_waste(steps, lambda: {"/etc/motd": 40, "/etc/passwd": 9})
    assert [(w.path, w.bytes, w.made.step, w.lost.step, w.how) for w in found] == [
        ("/etc/motd", 40, 1, 4, "removed"),
        ("/l/two", 20, 2, 4, "removed"),
        ("/l/one", 11, 3, 4, "removed"),
        ("/l/one", 10, 2, 3, "replaced"),
    ]
    assert wasted_bytes(found) == 41
    assert "only another base" in found[0].advice


def test_folder_emptied_and_filled_in_one_step_loses_what_was_in_it() -> None:
    steps = [
        step(1, "FROM a"),
        step(2, "RUN x", "A /l/", "A /l/one 10", "A /l/two 20"),
        step(3, "RUN rm -r /l && mkdir /l", "D /l/one", "D /l/two"),
    ]
    (waste,) = find_waste(steps, dict)
    assert (waste.path, waste.files, waste.bytes) == ("/l", 2, 30)


def test_folder_replaced_by_a_link_loses_what_was_in_it() -> None:
    steps = [
        step(1, "FROM a"),
        step(2, "RUN x", "A /l/", "A /l/one 10"),
        step(3, "RUN x", "M /l l 3"),
    ]
    assert [(w.path, w.how) for w in find_waste(steps, dict)] == [("/l/one", "replaced")]


def test_the_base_is_read_only_when_one_of_its_files_was_lost() -> None:
    def read() -> dict[str, int]:
        raise AssertionError("not needed")

    steps = [
        step(1, "FROM a"),
        step(2, "RUN x", "A /f 1", "A /d/", "A /d/e 4"),
        step(3, "RUN x", "M /f 2", "D /d/"),
    ]
    assert [waste.path for waste in find_waste(steps, read)] == ["/d/e", "/f"]


def test_folder_of_the_base_is_lost_with_what_steps_put_into_it() -> None:
    steps = [step(1, "FROM a"), step(2, "RUN x", "A /l/new 5"), step(3, "RUN x", "D /l/")]
    found = find_waste(steps, lambda: {"/l/old": 7, "/l0": 9, "/l": 1})
    assert [(w.path, w.bytes, w.in_base) for w in found] == [
        ("/l/old", 7, True),
        ("/l/new", 5, False),
    ]


def test_picture_has_steps_and_folders_with_what_is_lost_and_escapes_names() -> None:
    steps = [
        step(1, "FROM a"),
        step(2, "RUN <script>", "A /<b>/x 600", "A /d/e/f 300", "A /d/y 100"),
        step(3, "RUN x", "D /<b>/x", "M /etc/base 50"),
    ]
    base = {"/etc/base": 400, "/usr/big": 600}
    root = space_tree(steps, base, lost_files(steps, lambda: base))
    assert (root.size, root.lost, root.files) == (2050, 1000, 6)
    assert [(node.name, node.size, node.lost) for node in root.children] == [
        ("FROM", 1000, 400),
        ("RUN", 1000, 600),
        ("RUN", 50, 0),
    ]
    folders = root.children[1].children
    assert [(node.name, node.size, node.lost) for node in folders] == [
        ("/<b>", 600, 600),
        ("/d", 400, 0),
    ]
    assert folders[1].children[0].name == "/d/e"
    name_of = step_names(steps, {f"cell-{n}": n for n in (1, 2, 3)})
    static, values = steps_report(step_rows(steps), root, name_of)
    for page in (static["text/html"], icicle_page(root, name_of)):
        assert "<script>" not in page
        assert "<b>" not in page
        assert "[2] RUN &lt;script&gt;" in page
    assert "    /d/e  300 B, 14.6 %, 1 file" not in static["text/plain"].splitlines()
    assert "  [2] RUN <script>  1.0 kB, 48.8 %" in static["text/plain"]
    assert values["table"]["keys"][1][5] == 1000, "a column of sizes is sorted by the bytes"
    assert values["space"]["children"][1]["lost"] == 600


def test_small_folders_are_one_box() -> None:
    many = [f"A /many/{n}/f {100 if n < 2 else 1}" for n in range(40)]
    steps = [step(1, "FROM a"), step(2, "RUN x", *many)]
    root = space_tree(steps, {}, {})
    below = root.children[1].children[0].children
    assert [(node.name, node.size) for node in below] == [
        ("/many/0", 100),
        ("/many/1", 100),
        ("/many/...", 38),
    ]


def test_steps_are_named_as_the_page_does_only_if_all_are_known() -> None:
    steps = [step(1, "FROM a"), step(2, "RUN x")]
    assert step_names(steps, {"cell-1": 7, "cell-2": 9})(steps[1]) == "[9]"
    assert step_names(steps, {"cell-1": 7})(steps[0]) == "step 1"
    assert image_id(1) == steps[0].snapshot.id  # type: ignore[union-attr]
