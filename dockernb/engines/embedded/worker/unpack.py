"""Unpacks a layer into the store, for overlay mounts."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.overlay import OverlayWhiteouts
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.guest.syscalls import sync_file_system
from dockernb.engines.embedded.store.boot import boot_id
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.names import layer_name
from dockernb.engines.embedded.store.places import set_aside
from dockernb.engines.embedded.worker.layers import MOST_BYTES
from dockernb.engines.embedded.worker.overlay_root import adopt, new_layers, remove_place
from dockernb.errors import OciError
from dockernb.oci.compression import DecompressedStream, open_layer
from dockernb.oci.locks import locked

__all__ = ["is_unpacked", "settle", "unpack_layer"]


def is_unpacked(folders: StoreFolders, diff_id: str) -> bool:
    """Whether the layer lies there, and surely whole."""
    place = folders.unpacked / layer_name(diff_id)
    try:
        whole = (place / "diff_id").read_text() == diff_id
        boot = place / "boot"
        return whole and (not boot.exists() or boot.read_text() == boot_id())
    except OSError:
        return False


def unpack_layer(folders: StoreFolders, blob: Path, diff_id: str, owners: Owners) -> int:
    """Unpacks `blob` unless the layer is there; returns the bytes of its files.

    Raises:
        OciError: the layer is broken or hostile, or its digest is not `diff_id`. Nothing is kept.
    """
    with new_layers(folders).subfolder() as place:
        files = place / "files"
        files.mkdir(mode=0o755)
        with open_layer(blob, limit=MOST_BYTES) as stream:
            hashed = _Hashed(stream)
            done = apply_tar(cast("BinaryIO", hashed), str(files), owners, OverlayWhiteouts(owners))
            found = hashed.finish()
        if found != diff_id:
            raise OciError(
                f"a layer has the diff ID {found}", rule=f"the image says {diff_id}",
                state="Nothing of the layer is used.",
            )  # fmt: skip
        stale = None
        with locked(folders.root / "unpacking", exclusive=True):
            if not is_unpacked(folders, diff_id):  # from before a crash
                stale = set_aside(folders.unpacked / layer_name(diff_id))
            adopt(folders, files, diff_id)
        if stale is not None:
            remove_place(stale)
        return done.size


def settle(folders: StoreFolders) -> None:
    """Waits until layers of this boot are on the disk; then they are believed in the next ones."""
    marks = [mark for mark in folders.unpacked.glob("*/boot") if _is_of_now(mark)]
    descriptor = os.open(folders.unpacked, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_file_system(descriptor)
    finally:
        os.close(descriptor)
    for mark in marks:
        mark.unlink(missing_ok=True)


def _is_of_now(mark: Path) -> bool:
    with suppress(OSError):
        return mark.read_text() == boot_id()
    return False


class _Hashed:
    """Reads through, and knows the digest of all that was read."""

    def __init__(self, stream: DecompressedStream) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._digest.update(data)
        return data

    def finish(self) -> str:
        """The digest, after reading what comes behind the archive's end."""
        while self.read(1 << 20):
            pass
        return f"sha256:{self._digest.hexdigest()}"
