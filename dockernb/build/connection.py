"""The engine of a session and the cache of what was built on it: opened when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..engines.base import Engine, EngineInfo
from ..errors import UnsupportedByEngineError
from .cache import BuildCache

__all__ = ["Connect", "EngineConnection"]

# Opens the engine with a name; None: the first that answers.
Connect = Callable[[str | None], Engine]


class Garbage(Protocol):
    """What was removed."""

    @property
    def images(self) -> Sequence[str]: ...

    @property
    def size(self) -> int: ...


@runtime_checkable
class Prunes(Protocol):
    """An engine whose images are its own."""

    def prune(self, *, with_named: bool) -> Garbage: ...


class EngineConnection:
    """Safe from several threads.

    Args:
        cache_folder: Gives the folder of the build caches.
        before_close: Ends what uses the engine, before the engine is closed.
    """

    def __init__(
        self,
        connect: Connect,
        name: str | None,
        cache_folder: Callable[[], Path],
        before_close: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._name = name
        self._cache_folder = cache_folder
        self._before_close = before_close
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._cache: BuildCache | None = None

    def engine(self) -> Engine:
        """The engine in use. Raises `EngineNotAvailableError` when none answers."""
        with self._lock:
            if self._engine is None:
                self._engine = self._connect(self._name)
            return self._engine

    def peek(self) -> Engine | None:
        """The engine in use if there is one."""
        return self._engine

    def cache(self, info: EngineInfo) -> BuildCache:
        """The cache of the engine in use."""
        with self._lock:
            if self._cache is None:
                self._cache = BuildCache(self._cache_folder(), info.identity)
            return self._cache

    def prune(self) -> tuple[int, int]:
        """Removes images that have no name and that nobody uses; how many, and bytes freed.

        Raises:
            UnsupportedByEngineError: the engine's images are not ours to remove.
        """
        engine = self.engine()
        if not isinstance(engine, Prunes):
            raise UnsupportedByEngineError(
                f"images of the {engine.info().name} engine are not removed here",
                hint="For images on a Docker engine: docker image prune\n"
                "For caches of RUN --mount=type=cache: dockernb prune --engine docker",
            )
        garbage = engine.prune(with_named=False)
        return len(garbage.images), garbage.size

    def use(self, name: str | None) -> None:
        """Changes the engine; if that does not answer, the old one stays."""
        engine = self._connect(name)
        self.close()
        with self._lock:
            self._engine, self._name = engine, name

    def close(self) -> None:
        """Ends the connection; removals in the background are waited for."""
        self._before_close()
        with self._lock:
            if self._engine is not None:
                self._engine.close()
            if self._cache is not None:
                self._cache.close()
            self._engine = self._cache = None
