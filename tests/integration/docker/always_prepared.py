"""An engine whose user always types for long enough between two steps."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

from dockernb.engines.base import ContainerSpec, WorkingContainer
from dockernb.engines.docker import DockerEngine


class AlwaysPrepared:
    """All of `engine`, but before each container it prepares for just that one, and waits."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def create(self, parent: str, spec: ContainerSpec) -> AbstractContextManager[WorkingContainer]:
        self._engine.prepare(parent, spec)
        wait_until_settled(self._engine)
        return self._engine.create(parent, spec)


def wait_until_settled(engine: DockerEngine) -> bool:
    """Waits for what `prepare` began; whether a container stands by now."""
    current = engine._standbys._current
    if current is not None:
        assert current.settled.wait(20)
    return is_standing_by(engine)


def wait_until_standing_by(engine: DockerEngine) -> None:
    limit = time.monotonic() + 20
    while not is_standing_by(engine):
        assert time.monotonic() < limit
        time.sleep(0.02)


def is_standing_by(engine: DockerEngine) -> bool:
    current = engine._standbys._current
    return current is not None and current.container is not None
