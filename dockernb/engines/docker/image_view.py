"""An image to look into: a container that never starts, without what the daemon laid into it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from dockernb.engines.base import FileView, PathStat

from .api import DockerApi
from .container import DockerContainer
from .init_layer import IsForeign, foreign_entries, may_hold_stubs, without_entries
from .local import LocalDisk

__all__ = ["ImageView"]


class ImageView(FileView):
    """`stat` and `read` of an image; see `Engine.open_image`."""

    def __init__(self, container: DockerContainer, api: DockerApi, disk: LocalDisk) -> None:
        self._container = container
        self._api = api
        self._disk = disk

    @cached_property
    def _is_foreign(self) -> IsForeign:
        return foreign_entries(self._api, self._disk, self._container.id)

    def stat(self, path: str) -> PathStat | None:
        if may_hold_stubs(path) and path.strip("/"):
            header = self._container.header(path)
            if header is not None and self._is_foreign(path.strip("/"), header):
                return None
        return self._container.stat(path)

    def read(self, path: str) -> Iterator[bytes]:
        if not may_hold_stubs(path):
            return self._container.read(path)
        if self.stat(path) is None:
            raise FileNotFoundError(2, "no such file in the image", path)
        # Asked before: while it sends an archive, the daemon tells nothing else of a container.
        is_foreign = self._is_foreign
        return without_entries(self._container.read(path), path, is_foreign)
