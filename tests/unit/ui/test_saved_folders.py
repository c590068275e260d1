"""A saved card keeps some entries of a diff; the folders that it shows have their true totals."""

from __future__ import annotations

import json
from dataclasses import replace

from dockernb.oci.diff import DiffEntry, FilesystemDiff
from dockernb.ui import widget_state
from dockernb.ui.card_json import card_json, view_json
from dockernb.ui.card_view import CardView, view_of
from dockernb.ui.saved_card import from_card_json
from dockernb.ui.tree import FileTree, Row
from tests.unit.ui import samples


def reopened(diff: FilesystemDiff) -> CardView:
    return from_card_json(json.loads(json.dumps(card_json(samples.built(diff)))))


def tree_of(view: CardView) -> FileTree:
    return FileTree(view.diff.entries, view.folders)


def rows(tree: FileTree, path: str = "/") -> dict[str, Row]:
    return {row.name: row for row in tree.children(path)}


def installation() -> FilesystemDiff:
    """As apt-get leaves it: much below /usr, and /var behind it in the order of the paths."""
    entries = [DiffEntry(f"/etc/app/conf{n:02}", "A", "file", 100) for n in range(20)]
    entries += [DiffEntry(f"/usr/lib/part{n:03}/lib.so", "A", "file", 1000) for n in range(160)]
    entries += [DiffEntry(f"/usr/share/doc{n:02}", "M", "file", 10) for n in range(40)]
    entries += [DiffEntry(f"/var/cache/apt/f{n:02}", "A", "file", 7) for n in range(53)]
    entries += [DiffEntry(f"/var/lib/dpkg/f{n:02}", "M", "file", 70) for n in range(93)]
    entries += [DiffEntry("/var/tmp", "D", "dir")]
    return FilesystemDiff(tuple(sorted(entries, key=lambda entry: entry.path)))


def test_two_hundred_entries_are_kept() -> None:
    for diff in (installation(), samples.big_diff()):
        assert len(card_json(samples.built(diff))["diff"]["entries"]) == 200


def test_folders_of_a_reopened_card_have_the_totals_of_the_whole_diff() -> None:
    live, saved = FileTree(installation().entries), tree_of(reopened(installation()))
    names = {"etc/app/", "usr/", "var/"}
    assert set(rows(saved)) == set(rows(live)) == names
    for name in names:
        assert (rows(saved)[name].counts, rows(saved)[name].size) == (
            rows(live)[name].counts,
            rows(live)[name].size,
        )
    assert rows(saved)["var/"].counts == (53, 93, 1)
    usr = rows(saved, "/usr")
    assert usr["lib/"].counts == (160, 0, 0)
    assert usr["share/"].counts == (0, 40, 0)


def test_entries_that_are_not_kept_are_counted_where_they_were() -> None:
    saved = tree_of(reopened(installation()))
    assert list(rows(saved, "/usr/share"))[-1] == "20 not kept in the notebook"
    assert list(rows(saved, "/var")) == ["147 not kept in the notebook"]
    state = widget_state.folder(saved, "/var")
    assert state["total"] == 1
    assert state["rows"][0][6] == "147 not kept in the notebook"


def test_a_reopened_card_can_be_saved_again_without_loss() -> None:
    first = card_json(samples.built(samples.big_diff()))
    view = from_card_json(first)
    again = card_json(replace(samples.built(), diff=view.diff))
    assert again["diff"]["entries"] == first["diff"]["entries"]
    assert view_json(view)["diff"] == first["diff"]


def test_a_whole_diff_has_no_saved_folders() -> None:
    assert "folders" not in card_json(samples.built())["diff"]
    assert tree_of(view_of(samples.built())).totals("") == (139, 1, 1, samples.redis_diff().bytes)


def test_hostile_totals_are_bounded_and_never_less_than_what_is_there() -> None:
    card = card_json(samples.built(installation()))
    card["diff"]["folders"] = {
        "": "1 1 1 1",
        "/usr": "-1 0 0 0",
        "/etc": "\u0661 1 1 1",
        "/nowhere/at/all": f"{10**30} 0 0 0",
        "\ud800": 7,
    }
    tree = tree_of(from_card_json(card))
    totals = tree.totals("")
    assert totals is not None
    assert totals[0] >= 180
    assert "nowhere/at/all/" in rows(tree)
