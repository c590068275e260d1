"""Folders are watched by the system's own notices."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dockernb.kernel.watch import MAX_FOLDERS, TOO_MANY, Watch

from .client import ROOT

pytest.importorskip("watchfiles")

SECONDS = 20

# In a user namespace of its own, where the limit can be set.
FEW_WATCHES = """
import sys, threading
from pathlib import Path
from dockernb.kernel.watch import REFUSED, Watch
told = threading.Event()
watch = Watch(told.set)
folders = frozenset(Path(sys.argv[1]).iterdir())
watch.watch(folders)
assert told.wait(20)
assert not watch.watch(folders)
assert watch.problem == REFUSED, watch.problem
(one,) = list(folders)[:1]
assert watch.watch(frozenset({one}))  # fewer are possible again
assert watch.problem == ""
"""


@pytest.fixture
def told() -> threading.Event:
    return threading.Event()


def expect_told(told: threading.Event) -> None:
    assert told.wait(SECONDS)
    told.clear()


def test_change_in_a_watched_folder_is_told_and_the_first_word_says_that_the_watch_is_on(
    tmp_path: Path, told: threading.Event
) -> None:
    watch = Watch(told.set)
    assert watch.watch(frozenset({tmp_path}))
    expect_told(told)
    (tmp_path / "new").write_text("new")
    expect_told(told)
    assert watch.watch(frozenset({tmp_path}))  # the same folders: nothing begins anew
    assert not watch.watch(frozenset())
    watch.close()


def test_folder_that_was_removed_and_made_again_is_watched_again(tmp_path: Path) -> None:
    folder = tmp_path / "app" / "inner"
    file = folder / "file"
    folder.mkdir(parents=True)
    seen: queue.Queue[str] = queue.Queue()
    watch = Watch(lambda: seen.put(file.read_text() if file.exists() else ""))
    assert watch.watch(frozenset({tmp_path, folder}))
    assert seen.get(timeout=SECONDS) == ""
    shutil.rmtree(folder.parent)
    folder.mkdir(parents=True)
    for text in "1234":  # more often than a watch that begins anew says that it is on
        file.write_text(text)
        while seen.get(timeout=SECONDS) != text:
            pass
    watch.close()


def test_too_many_folders_are_not_watched_and_it_is_said_why(tmp_path: Path) -> None:
    many = frozenset(tmp_path / str(number) for number in range(MAX_FOLDERS + 1))
    watch = Watch(lambda: None)
    assert not watch.watch(many)
    assert watch.problem == TOO_MANY
    assert not watch.watch(frozenset())
    assert watch.problem == ""


def test_system_that_gives_no_more_watches_is_told_once_and_nothing_is_watched(
    tmp_path: Path,
) -> None:
    for number in range(6):
        (tmp_path / str(number)).mkdir()
    script = 'echo 3 > /proc/sys/user/max_inotify_watches; exec "$@"'
    space = ["unshare", "--user", "--map-root-user", "sh", "-ec", script, "sh"]
    subprocess.run(
        [*space, sys.executable, "-c", FEW_WATCHES, tmp_path],
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
