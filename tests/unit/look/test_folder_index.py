"""The names in a snapshot's folders, from those below it."""

from __future__ import annotations

import threading

from dockernb.look.entries import FileEntry
from dockernb.look.folder_index import FolderIndex
from dockernb.look.in_background import InBackground
from dockernb.oci.diff import DiffEntry

from .steps import entry

BASE = FolderIndex.of_entries(
    [
        FileEntry("/bin", "symlink", 0o777, 0, 0, link_target="usr/bin"),
        FileEntry("/usr", "dir", 0o755, 0, 0),
        FileEntry("/usr/bin", "dir", 0o755, 0, 0),
        FileEntry("/usr/bin/ls", "file", 0o755, 0, 0),
        FileEntry("/usr/bin/notes", "file", 0o644, 0, 0),
        FileEntry("/usr/bin/awk", "symlink", 0o777, 0, 0, link_target="/etc/alt/awk"),
        FileEntry("/usr/bin/gone", "symlink", 0o777, 0, 0, link_target="nowhere"),
        FileEntry("/usr/bin/round", "symlink", 0o777, 0, 0, link_target="round"),
        FileEntry("/etc/alt/awk", "symlink", 0o777, 0, 0, link_target="/usr/bin/ls"),
    ]
)


def test_commands_are_what_can_be_run_behind_links() -> None:
    assert BASE.commands("/bin:/usr/bin:/nowhere:") == {"ls", "awk"}


def test_folders_are_listed_through_links() -> None:
    assert BASE.is_folder("/bin")
    assert "ls" in BASE.names("/bin")
    assert BASE.names("/usr/bin/ls") == {}
    assert list(BASE.names("/usr")) == ["bin"]


def test_step_adds_and_removes_names_and_leaves_the_one_below_alone() -> None:
    changes = [entry("A /usr/bin/new 3"), entry("D /usr/bin/ls"), entry("A /opt/")]
    link = DiffEntry("/opt/tools", "A", "symlink", 8, "/usr/bin")
    after = BASE.after([*changes, link])
    assert after.commands("/bin") == {"new"}
    assert after.names("/opt/tools") == after.names("/usr/bin")
    assert "ls" in BASE.names("/usr/bin")


def test_removed_folder_takes_what_is_below_with_it() -> None:
    emptied = BASE.after([entry("D /usr"), entry("A /usr/"), entry("A /usr/lib/")])
    assert list(emptied.names("/usr")) == ["lib"]
    assert emptied.names("/bin") == {}
    replaced = BASE.after([entry("M /usr 3")])
    assert not replaced.is_folder("/usr")


def test_only_the_first_question_waits_for_what_is_slow() -> None:
    go, asked = threading.Event(), []

    def get(key: str, _cancel: threading.Event) -> str:
        asked.append(key)
        go.wait(30)
        return key.upper()

    known = InBackground[str, str](get, kept=2)
    assert known.ask("a", 0.0) is None
    go.set()
    assert known.ask("a", 30.0) == "A"
    assert known.ask("a", 0.0) == "A"
    assert asked == ["a"]


def test_what_nobody_wants_any_more_is_cancelled() -> None:
    cancelled = threading.Event()

    def get(key: str, cancel: threading.Event) -> str:
        if cancel.wait(30):
            cancelled.set()
        return key

    known = InBackground[str, str](get, kept=1)
    known.ask("a", 0.0)
    known.ask("b", 0.0)
    assert cancelled.wait(30)
    known.close()


def test_failure_is_no_answer_and_is_not_tried_again_at_once() -> None:
    tried = []

    def get(key: str, _cancel: threading.Event) -> str:
        tried.append(key)
        raise OSError("no network")

    known = InBackground[str, str](get, kept=2)
    assert known.ask("a", 30.0) is None
    assert known.ask("a", 30.0) is None
    assert tried == ["a"]
