"""Folders of cache mounts: who has one, and who takes it away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockernb.engines.embedded.store.caches import held_cache, set_caches_aside
from dockernb.engines.embedded.store.folders import StoreFolders


@pytest.fixture
def folders(tmp_path: Path) -> StoreFolders:
    made = StoreFolders(tmp_path).make()
    (made.caches / "one").mkdir()
    (made.caches / "one/file").write_bytes(bytes(5000))
    return made


def test_a_cache_that_another_has_alone_is_waited_for_until_nobody_wants_it(
    folders: StoreFolders,
) -> None:
    cancel, other_end = os.pipe()
    one = folders.caches / "one"
    with held_cache(one, cancel, alone=True) as first:
        os.close(other_end)
        with (
            held_cache(one, cancel, alone=True) as second,
            held_cache(one, cancel, alone=False) as third,
        ):
            assert (first, second, third) == (True, False, False)
    with (
        held_cache(one, cancel, alone=False) as first,
        held_cache(one, cancel, alone=False) as second,
    ):
        assert (first, second) == (True, True)
    os.close(cancel)


def test_a_cache_is_taken_away_when_nobody_has_it(folders: StoreFolders) -> None:
    cancel, other_end = os.pipe()
    with held_cache(folders.caches / "one", cancel, alone=False):
        assert set_caches_aside(folders).names == ()
    removed = set_caches_aside(folders)
    assert removed.names == ("one",)
    assert removed.size >= 5000
    assert not (folders.caches / "one").exists()
    assert set_caches_aside(folders).names == ()
    os.close(cancel)
    os.close(other_end)
