"""What killed processes left in the store: files and folders that were not whole yet.

What is being made or removed has a name that begins with ".", and is locked by who does it as long
as that lives (places.py). So the others belong to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.oci.durable import ASIDE
from dockernb.oci.temporary import TemporaryFiles

__all__ = ["Strays"]


@dataclass(frozen=True)
class Strays:
    """The strays of one store."""

    folders: StoreFolders

    def exist(self) -> bool:
        """Whether there are any."""
        return any(files.strays() for files in self._all(None))

    def remove(self, remove: Callable[[Path], None]) -> None:
        """Removes them. What is being written is left alone.

        Args:
            remove: Removes one; of those that a container was to see, only a worker may do it.
        """
        for files in self._all(remove):
            files.clean()

    def _all(self, remove: Callable[[Path], None] | None) -> Iterator[TemporaryFiles]:
        store = self.folders
        for folder in (store.root, store.records, store.compressed, store.plain):
            yield TemporaryFiles(folder, ASIDE, remove)
        for folder in (store.unpacked, store.running, store.trees, store.caches):
            yield TemporaryFiles(folder, ASIDE, remove)
        yield TemporaryFiles(store.layout / "tmp", remove=remove)
