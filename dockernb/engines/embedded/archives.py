"""Images of the store as archives, and back."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

from dockernb.engines.base import ArchiveFormat, Image, OnProgress, Progress
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.engines.embedded.unpack import unpack_layers
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import BuildInterruptedError, EngineError, ImageNotFoundError
from dockernb.oci.archives import StoredImage, load, save_docker, save_oci, stored_image
from dockernb.oci.config import ImageConfig
from dockernb.oci.manifest import is_digest
from dockernb.oci.reference import Reference

__all__ = ["load_images", "save_images"]


def save_images(
    store: ImageStore,
    names: Sequence[str],
    out: BinaryIO,
    form: ArchiveFormat,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> None:
    """Writes images, by name or ID, as one archive.

    Raises:
        ImageNotFoundError: the store has no image of that name.
        BuildInterruptedError: `cancel` was set.
    """
    write = {"docker": save_docker, "oci": save_oci}[form]
    with store.layout.lock(shared=True):
        images = [_saved(store, name) for name in names]
        total = sum(found.size for name in names if (found := store.find(name)) is not None)
        counted = _Counted(out, total, on_progress, cancel)
        write(store.layout, images, counted)
    counted.done()


class _Counted:
    """A file that tells how much was written, and refuses to go on after an interrupt."""

    def __init__(
        self, out: BinaryIO, total: int, on_progress: OnProgress, cancel: threading.Event
    ) -> None:
        self._out = out
        self._total = total
        self._on_progress = on_progress
        self._cancel = cancel
        self._written = 0

    def write(self, data: bytes) -> int:
        if self._cancel.is_set():
            raise BuildInterruptedError("saving was interrupted", state="No archive was written.")
        self._out.write(data)
        self._written += len(data)
        total = max(self._total, self._written)
        self._on_progress(Progress("archive", "Saving", self._written, total))
        return len(data)

    def done(self) -> None:
        self._on_progress(Progress("archive", "Saved", self._written, self._written))


def load_images(
    store: ImageStore,
    helper: HelperProcess,
    file: Path,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> list[tuple[Image, tuple[str, ...]]]:
    """Takes the images of an archive into the store, with their names.

    Raises:
        OciError: the archive is broken or hostile. No image of it was taken that was not whole.
        EngineError: it cannot be read, or the store cannot be written.
    """
    loaded = []
    with (
        _Archive(file) as archive,
        store.layout.lock(shared=True),
        store_errors("loading the archive", store.folders.root),
    ):
        for found in load(archive, store.layout):
            stored = stored_image(store.layout, found.manifest)
            config = ImageConfig.from_bytes(stored.config)
            blobs = [layer.descriptor for layer in stored.layers]
            layers = unpack_layers(store, helper, blobs, config, on_progress, cancel)
            image = store.record(ImageRecord(found.image_id, stored.descriptor, layers), config)
            for name in found.names:
                store.tag(image.id, name)
            loaded.append((image, found.names))
    return loaded


class _Archive:
    """The file of an archive; that it cannot be read is not the store's fault."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as err:
            raise self._unreadable(err) from err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int, /) -> bytes:
        try:
            return self._file.read(size)
        except OSError as err:
            raise self._unreadable(err) from err

    def _unreadable(self, err: OSError) -> EngineError:
        return EngineError(
            f'the archive "{self._path}" cannot be read: {os.strerror(err.errno or 0)}',
            state="No image was taken from it.",
            hint=f"ls -l {shlex.quote(str(self._path))}",
        )


def _saved(store: ImageStore, name: str) -> StoredImage:
    image = store.find(name)
    found = store.get(image.id) if image else None
    if found is None:
        raise ImageNotFoundError(
            f'there is no image "{name}" in the store', hint=f"dockernb pull {name}"
        )
    names = () if is_digest(name) else (Reference.parse(name).familiar,)
    return stored_image(store.layout, found[1].manifest, names)
