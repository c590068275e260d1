"""What lies on the disk is its owner's alone, whatever the umask and the neighbours do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dockernb.build.cache import BuildCache
from dockernb.engines.embedded.guest.probe import probe
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.errors import EngineNotAvailableError

NOBODY = 65534


@contextmanager
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def open_folders(top: Path) -> list[str]:
    """Folders that others may enter, and that no closed folder is above of."""
    found, left = [], [top]
    while left:
        folder = left.pop()
        if folder.stat().st_mode & 0o077:
            found.append(str(folder.relative_to(top.parent)))
        if folder.stat().st_mode & 0o077 or folder == top:
            left += [each for each in folder.iterdir() if each.is_dir()]
    return found


def test_store_and_cache_are_closed_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "new/home"
    with open_to_all():
        ImageStore(StoreFolders(home / "store").make())
        BuildCache(home / "cache", "engine").close()
    assert open_folders(tmp_path / "new") == []
    assert [stat.S_IMODE((home / name).stat().st_mode) for name in ("store", "cache")] == [
        0o700
    ] * 2


def test_a_store_that_was_open_is_closed(tmp_path: Path) -> None:
    """Its setuid programs would be anybody's to run."""
    for name in ("store", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    StoreFolders(tmp_path / "store").make()
    BuildCache(tmp_path / "cache", "engine").close()
    assert open_folders(tmp_path / "store") == open_folders(tmp_path / "cache") == []


def test_looking_for_a_way_to_run_leaves_no_open_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKERNB_RUNG", "7")
    with open_to_all():
        probe(tmp_path / "store")
    assert open_folders(tmp_path / "store") == []


USE = """
import os, sys
from pathlib import Path
from dockernb.build.cache import BuildCache
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.errors import DockernbError
home = Path(sys.argv[1])
os.setgroups([]); os.setgid({user}); os.setuid({user})
try:
    StoreFolders(home / "store").make()
except DockernbError as error:
    print(error.message)
cache = BuildCache(home / "cache", "engine")
print(*cache.take_warnings())
"""


def test_a_folder_that_another_user_laid_there_is_refused(tmp_path: Path) -> None:
    """In /tmp, say: whoever owns the store decides what the next cell starts from."""
    if os.geteuid() != 0:
        pytest.skip("another user's folder takes root to make")
    home = tmp_path / "home"
    home.mkdir()
    for path in (tmp_path, *list(tmp_path.parents)[:3]):  # with xdist there is one more
        path.chmod(path.stat().st_mode | 0o011)
    (tmp_path / "theirs").mkdir()
    (home / "store").symlink_to(tmp_path / "theirs")
    (home / "cache").mkdir()
    os.chown(home, NOBODY, NOBODY)
    for name in ("store", "cache"):
        (home / name).chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", USE.format(user=NOBODY), str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written: it belongs to another user" in done.stdout, done.stderr
    assert "the build cache" in done.stdout
    assert done.stdout.count("it belongs to another user") == 2
    assert "steps are remembered until the kernel ends" in done.stdout
    assert not list((tmp_path / "theirs").iterdir())
    assert not list((home / "cache").iterdir())


def test_a_store_of_ours_is_not_opened_by_asking_twice(tmp_path: Path) -> None:
    folders = StoreFolders(tmp_path / "store").make()
    (folders.records / "evil").symlink_to("/etc/passwd")
    StoreFolders(tmp_path / "store").make()
    assert list(ImageStore(folders).records()) == []


def test_a_store_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    with pytest.raises(EngineNotAvailableError, match="cannot be written"):
        StoreFolders(tmp_path / "store").make()
