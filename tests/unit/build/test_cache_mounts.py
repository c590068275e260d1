"""`sharing=` of cache mounts."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from dockernb.build.cache_mounts import held_caches
from dockernb.engines.base import ContainerSpec, Mount
from dockernb.errors import BuildInterruptedError


def spec(sharing: str) -> ContainerSpec:
    return ContainerSpec(mounts=(Mount("cache", "/c", source="name", sharing=sharing),))  # type: ignore[arg-type]


def test_private_and_locked_caches(tmp_path: Path) -> None:
    never, now = threading.Event(), threading.Event()
    now.set()
    with (
        held_caches(spec("private"), tmp_path, never) as first,
        held_caches(spec("private"), tmp_path, never) as second,
        held_caches(spec("shared"), tmp_path, never) as shared,
    ):
        names = [each.mounts[0].source for each in (first, second, shared)]
        assert names[0] == names[2] == "name"
        assert names[1] != "name"
        with pytest.raises(BuildInterruptedError), held_caches(spec("locked"), tmp_path, now):
            pytest.fail("it is in use")
    with held_caches(spec("locked"), tmp_path, now) as free:
        assert free.mounts[0].source == "name"


@pytest.mark.parametrize("sharing", ["private", "locked"])
def test_one_step_may_have_a_cache_at_two_places(tmp_path: Path, sharing: str) -> None:
    (mount,) = spec(sharing).mounts
    twice = ContainerSpec(mounts=(mount, replace(mount, target="/d")))
    now = threading.Event()
    now.set()
    with held_caches(twice, tmp_path, now) as held:
        assert [each.source for each in held.mounts] == ["name", "name"]


def test_a_locked_cache_is_waited_for(tmp_path: Path) -> None:
    never, begun, order = threading.Event(), threading.Event(), list[str]()

    def wait() -> None:
        begun.set()
        with held_caches(spec("locked"), tmp_path, never):
            order.append("second")

    with held_caches(spec("locked"), tmp_path, never):
        thread = threading.Thread(target=wait)
        thread.start()
        begun.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
