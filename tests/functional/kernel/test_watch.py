"""Folders are watched by the system's own notices."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dockernb.kernel.watch import MAX_FOLDERS, Watch

pytest.importorskip("watchfiles")


def test_change_in_a_watched_folder_is_told_and_the_first_word_says_that_the_watch_is_on(
    tmp_path: Path,
) -> None:
    told = threading.Event()
    watch = Watch(told.set)
    assert watch.watch(frozenset({tmp_path}))
    assert told.wait(20)
    told.clear()
    (tmp_path / "new").write_text("new")
    assert told.wait(20)
    assert watch.watch(frozenset({tmp_path}))  # the same folders: nothing begins anew
    assert not watch.watch(frozenset())
    watch.close()


def test_too_many_folders_are_not_watched(tmp_path: Path) -> None:
    many = frozenset(tmp_path / str(number) for number in range(MAX_FOLDERS + 1))
    assert not Watch(lambda: None).watch(many)
