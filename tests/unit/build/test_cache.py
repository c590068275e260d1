"""The cache file: shared by kernels, never in the way when it is broken."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dockernb.build.cache import BuildCache, CachedStep
from dockernb.build.cache_key import CacheKey
from dockernb.build.result import ConfigChange, StepLog
from dockernb.errors import BuildError, StorageFullError
from dockernb.oci.config import HistoryEntry, ImageConfig
from dockernb.oci.diff import DiffEntry, FilesystemDiff

ROOT = Path(__file__).parents[3]
ENGINE = "docker:test"
KEY = CacheKey("parent", {"name": "RUN", "command": "a"}, {"A": "1"}, {"f": "2"}, "linux/amd64")
STEP = CachedStep(
    image_id="sha256:" + "1" * 64,
    image_config=ImageConfig(
        created="2024-01-01T00:00:00Z", history=(HistoryEntry(created_by="RUN a"),)
    ).with_runtime(env=("A=1",), labels={"é": "ü"}),
    size=5,
    exit_code=0,
    log=StepLog("\x1b[1mé\r\nx\ufffd\n", 2, 17),
    diff=FilesystemDiff(
        (DiffEntry("/a\udcff", "A", "file", 3), DiffEntry("/l", "M", "symlink", 1, "a"))
    ),
    config=(ConfigChange("Env.A", None, "1"), ConfigChange("Cmd", ["a"], None)),
    seconds=0.25,
    built_at=1e9,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "cache"


def test_hit_gives_back_all_that_was_kept(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        assert cache.get(KEY) == STEP
        assert cache.get(replace(KEY, parent="other")) is None
        assert cache.take_warnings() == ()
    with closing(BuildCache(folder, ENGINE)) as again:
        assert again.get(KEY) == STEP


def test_folder_is_for_the_user_only(folder: Path) -> None:
    BuildCache(folder, ENGINE).close()
    assert folder.stat().st_mode & 0o077 == 0


def test_each_engine_has_a_file_of_its_own(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as one, closing(BuildCache(folder, "b")) as other:
        one.put(KEY, STEP)
        assert other.get(KEY) is None


def test_step_from_the_future_is_as_if_just_built(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, replace(STEP, built_at=time.time() + 1e6))
        found = cache.get(KEY)
        assert found is not None
        assert found.built_at <= time.time()


def test_newer_result_replaces_the_older(folder: Path) -> None:
    newer = replace(STEP, image_id="sha256:2")
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        cache.put(KEY, newer)
        assert cache.get(KEY) == newer


def test_only_the_lost_snapshot_is_forgotten(folder: Path) -> None:
    """Another kernel may have built the step again meanwhile."""
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        cache.forget(KEY, "sha256:older")
        assert cache.get(KEY) == STEP
        cache.forget(KEY, STEP.image_id)
        assert cache.get(KEY) is None


# --- the most similar earlier step ----------------------------------------------------------------
def other_text(text: str, **fields: str) -> CacheKey:
    return replace(KEY, instruction={"name": "RUN", "command": text}, **fields)


def found(
    cache: BuildCache, key: CacheKey, cell: str | None, *cells: str
) -> tuple[str, str] | None:
    near = cache.nearest(key, cell, cells)
    return None if near is None else (near.fields["instruction"]["command"], near.fields["parent"])


def test_nearest_is_what_was_built_last_also_where_the_clock_was_set_back(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        for text, built_at in (("first", 3e9), ("second", 2e9), ("third", 1e9)):
            cache.put(other_text(text), replace(STEP, built_at=built_at), "mine")
        assert found(cache, other_text("new"), "mine") == ("third", "parent")
        cache.put(other_text("first"), replace(STEP, built_at=0.0), "mine")
        assert found(cache, other_text("new"), "mine") == ("first", "parent")


def test_nearest_is_an_earlier_run_of_the_same_cell(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("old", parent="p0"), replace(STEP, built_at=1.0), "mine")
        cache.put(other_text("edited", parent="p0"), replace(STEP, built_at=2.0), "mine")
        cache.put(other_text("theirs", parent="p1"), replace(STEP, built_at=3.0), "theirs")
        assert found(cache, other_text("old", parent="p1"), "mine") == ("old", "p0")
        assert found(cache, other_text("new", parent="p0"), "mine") == ("edited", "p0")
        assert found(cache, other_text("unlike", parent="p2"), "mine") is None
        assert found(cache, other_text("edited 2", parent="p2"), "mine") == ("edited", "p0")


def test_another_notebook_is_near_only_on_the_same_parent(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("a", parent="p"), STEP, "theirs")
        assert found(cache, other_text("a", parent="q"), "mine") is None
        assert found(cache, other_text("b", parent="p"), "mine") is None
        assert found(cache, other_text("a", parent="p"), "mine") == ("a", "p")


def test_another_cell_of_the_notebook_is_near_if_its_text_is_the_same(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("a", parent="p"), STEP, "monday")
        assert found(cache, other_text("a", parent="q"), "tuesday", "monday", "tuesday") == (
            "a",
            "p",
        )
        assert found(cache, other_text("b", parent="p"), "tuesday", "monday", "tuesday") is None
        near = cache.nearest(other_text("a", parent="q"), "tuesday", ["monday", "tuesday"])
        assert near is not None
        assert near.of_other_cell


def test_without_cells_the_same_text_is_near_or_nearly_the_same_on_the_same_parent(
    folder: Path,
) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("make a", parent="p"), STEP)
        assert found(cache, other_text("make a", parent="q"), None) == ("make a", "p")
        assert found(cache, other_text("make b", parent="p"), None) == ("make a", "p")
        assert found(cache, other_text("make b", parent="q"), None) is None
        assert found(cache, other_text("echo $VERSION", parent="p"), None) is None


def test_of_the_steps_of_a_cell_the_one_with_nearly_the_same_text_is_near(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("apt-get update", parent="p0"), replace(STEP, built_at=1.0), "mine")
        cache.put(other_text("useradd --system app", parent="p1"), STEP, "mine")
        near = found(cache, other_text("apt-get update -q", parent="q"), "mine")
        assert near == ("apt-get update", "p0")


def test_another_text_under_a_known_cell_id_and_another_parent_is_no_earlier_self(
    folder: Path,
) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(other_text("apt-get install redis", parent="p"), STEP, "cell-2")
        assert found(cache, other_text("echo $VERSION", parent="q"), "cell-2") is None


# --- several at once ------------------------------------------------------------------------------
# Runs in a process of its own, so that it may fork.
PROCESSES = """
import os, sys
from pathlib import Path
from tests.unit.build.test_cache import put_many

children = []
for who in range(4):
    child = os.fork()
    if child == 0:
        try:
            put_many(Path(sys.argv[1]), who)
        except BaseException as error:
            print(repr(error), flush=True)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""


def put_many(folder: Path, who: int) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        for number in range(20):
            cache.put(other_text(f"{who}-{number}"), STEP, f"cell{who}")
            assert cache.get(other_text(f"{who}-{number}")) == STEP
        for warning in cache.take_warnings():
            print(warning)


def run_processes(folder: Path) -> list[str]:
    """Four processes open the cache at once and write; what they print."""
    done = subprocess.run(
        [sys.executable, "-c", PROCESSES, str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    with closing(BuildCache(folder, ENGINE)) as cache:
        assert all(cache.get(other_text(f"{who}-{n}")) for who in range(4) for n in range(20))
    return done.stdout.splitlines()


def test_several_processes_open_one_new_file_and_write(folder: Path) -> None:
    assert run_processes(folder) == []


def test_several_processes_open_a_broken_file_and_put_it_aside_once(folder: Path) -> None:
    overwrite_all(filled(folder))
    (warning,) = run_processes(folder)
    assert "begun anew" in warning
    assert len(list(folder.glob("*.broken-*"))) == 1


def test_several_threads_use_one_connection(folder: Path) -> None:
    failures: list[Exception] = []

    def work(cache: BuildCache, who: int) -> None:
        try:
            for number in range(20):
                cache.put(other_text(f"{who}-{number}"), STEP)
                assert cache.nearest(other_text(f"{who}-{number}")) is not None
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    with closing(BuildCache(folder, ENGINE)) as cache:
        threads = [threading.Thread(target=work, args=(cache, who)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures


def test_writer_that_was_killed_leaves_no_half_row(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        with closing(sqlite3.connect(cache.path)) as killed:
            killed.execute("BEGIN IMMEDIATE")
            killed.execute("DELETE FROM steps")
        assert cache.get(KEY) == STEP


# --- bad files ------------------------------------------------------------------------------------
def filled(folder: Path) -> Path:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        return cache.path


def overwrite_all(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def overwrite_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [overwrite_all, overwrite_middle])
def test_broken_file_is_put_aside_with_a_warning(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(filled(folder))
    with closing(BuildCache(folder, ENGINE)) as cache:
        assert cache.get(KEY) is None
        (warning,) = cache.take_warnings()
        assert "damaged and is begun anew" in warning
        assert cache.take_warnings() == ()
        cache.put(KEY, STEP)
    (aside,) = folder.glob("*.broken-*")
    assert str(aside) in warning
    with closing(BuildCache(folder, ENGINE)) as again:
        assert again.get(KEY) == STEP


def test_file_that_breaks_while_it_is_open_is_begun_anew(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        for number in range(200):
            cache.put(other_text(str(number)), STEP)
        with closing(sqlite3.connect(cache.path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        overwrite_middle(cache.path)
        cache.put(KEY, STEP)
        assert cache.get(KEY) == STEP
        assert len(cache.take_warnings()) == 1


def test_damaged_row_is_a_miss(folder: Path) -> None:
    path = filled(folder)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE steps SET image_config = x'00', fields = x'00'")
    with closing(BuildCache(folder, ENGINE)) as cache:
        assert cache.get(KEY) is None
        assert cache.nearest(KEY) is None
        cache.put(KEY, STEP)
        assert cache.get(KEY) == STEP


def test_newer_schema_is_refused_and_left_alone(folder: Path) -> None:
    path = filled(folder)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version=99")
    with pytest.raises(BuildError, match="made by a newer version") as caught:
        BuildCache(folder, ENGINE)
    assert "pip install --upgrade dockernb" in (caught.value.hint or "")
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM steps").fetchone() == (1,)


def test_older_schema_is_begun_anew(folder: Path) -> None:
    folder.mkdir(parents=True)
    path = filled(folder)
    with closing(sqlite3.connect(path)) as other:
        other.executescript("DROP TABLE steps; CREATE TABLE steps (key); PRAGMA user_version=1")
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        assert cache.get(KEY) == STEP


def test_folder_that_cannot_be_made_means_a_cache_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with closing(BuildCache(tmp_path / "file" / "cache", ENGINE)) as cache:
        cache.put(KEY, STEP)
        assert cache.get(KEY) == STEP
        (warning,) = cache.take_warnings()
        assert "cannot be used" in warning
        assert "remembered until the kernel ends" in warning


def test_full_disk_fails_the_writing_only(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        cache.put(KEY, STEP)
        pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
        cache._connection.execute(f"PRAGMA max_page_count={pages}")
        huge = replace(STEP, image_id="".join(chr(33 + n % 90) for n in range(200_000)))
        with pytest.raises(StorageFullError, match="is full"):
            cache.put(other_text("b"), huge)
        assert cache.get(KEY) == STEP


def test_cache_that_cannot_be_read_is_a_miss_with_a_warning(folder: Path) -> None:
    with closing(BuildCache(folder, ENGINE)) as cache:
        with closing(sqlite3.connect(cache.path)) as other:
            other.execute("DROP TABLE steps")
        assert cache.get(KEY) is None
        assert cache.nearest(KEY) is None
        assert "cannot be used" in cache.take_warnings()[0]
        with pytest.raises(BuildError):
            cache.put(KEY, STEP)
