"""The root of a working container: what all storages have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packed
from dockernb.oci.diff import DiffEntry

__all__ = ["LayerFile", "Root"]


class LayerFile(Protocol):
    """A layer as the store has it."""

    @property
    def diff_id(self) -> str: ...

    @property
    def path(self) -> str:
        """The blob, compressed or not."""


class Root(Protocol):
    """The files of one working container, mounted or laid out at `path`."""

    @property
    def path(self) -> str:
        """The folder that is the container's "/"."""

    @property
    def owners(self) -> Owners: ...

    def touch(self) -> None:
        """Files are about to change: to be called before, each time."""

    def changes(self) -> Sequence[DiffEntry]:
        """What changed against the image, not sorted."""

    def pack(self, descriptor: int) -> Packed:
        """Writes the changes as a layer."""

    def keep(self, diff_id: str) -> None:
        """The changes have become the layer `diff_id`. The root is not used after that."""

    def discard(self) -> None:
        """Gives the root up, with all changes that were not kept."""
