"""Images of the files that failed commands left behind: as long as somebody asks for them."""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from dockernb.engines.base import Image
from dockernb.engines.embedded.store.collect import discard
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import Lease
from dockernb.engines.embedded.store.names import digits
from dockernb.errors import DockernbError, EngineError
from dockernb.oci.locks import is_locked

__all__ = ["EmbeddedKept", "KeptImages"]

_log = logging.getLogger(__name__)


class KeptImages:
    """The images that one engine keeps. A locked file names each: the lock dies with the process.

    Args:
        sweep: Removes what was set aside.
    """

    def __init__(self, store: ImageStore, lease: Lease, sweep: Callable[[], None]) -> None:
        self._store = store
        self._lease = lease
        self._sweep = sweep
        self._files: dict[str, IO[str]] = {}
        self._lock = threading.Lock()

    def keep(self, image: Image) -> EmbeddedKept:
        """From now on the image goes with the process, if not before."""
        file = (self._store.folders.kept / digits(image.id)).open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        with self._lock:
            self._files[image.id] = file
        return EmbeddedKept(self, image)

    def is_kept(self, image_id: str) -> bool:
        """Whether it is there."""
        return image_id in self._files

    def give_up(self, image_id: str) -> None:
        """Removes one."""
        with self._lock:
            file = self._files.pop(image_id, None)
        if file is None:
            return
        self._lease.release(image_id)
        with file:
            self._discard(image_id)

    def take_leftovers(self) -> None:
        """Removes those of dead processes."""
        for path in self._store.folders.kept.iterdir():
            if not is_locked(path):
                self._discard(f"sha256:{path.name}")

    def close(self) -> None:
        """Removes all."""
        for image_id in list(self._files):
            try:
                self.give_up(image_id)
            except DockernbError as error:
                _log.warning("a failed state stays for a later process: %s", error)

    def _discard(self, image_id: str) -> None:
        discard(self._store, image_id)
        self._sweep()
        with suppress(OSError):
            (self._store.folders.kept / digits(image_id)).unlink()


class EmbeddedKept:
    """See `KeptFiles`."""

    def __init__(self, images: KeptImages, image: Image) -> None:
        self._images = images
        self._image = image

    def image(self) -> Image:
        if not self._images.is_kept(self._image.id):
            raise EngineError(
                "the failed state is gone", hint="Run the cell again: it is kept anew."
            )
        return self._image

    def remove(self) -> None:
        try:
            self._images.give_up(self._image.id)
        except (DockernbError, OSError) as error:
            _log.warning("a failed state stays for a later process: %s", error)
