"""Images of the store as archives, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from dockernb.engines.base import Image, OnProgress
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.unpack import unpack_layers
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import ImageNotFoundError
from dockernb.oci.archives import (
    SavedImage,
    read_archive,
    write_docker_archive,
    write_oci_archive,
)
from dockernb.oci.config import ImageConfig
from dockernb.oci.manifest import is_digest
from dockernb.oci.reference import Reference

__all__ = ["ArchiveFormat", "load_images", "save_images"]

ArchiveFormat = Literal["docker", "oci"]
_WRITERS: Mapping[ArchiveFormat, Callable[[Sequence[SavedImage], BinaryIO], None]] = {
    "docker": write_docker_archive,
    "oci": write_oci_archive,
}


def save_images(
    store: ImageStore, names: Sequence[str], out: BinaryIO, form: ArchiveFormat
) -> None:
    """Writes images, by name or ID, as one archive.

    Raises:
        ImageNotFoundError: the store has no image of that name.
    """
    with store.locked():
        _WRITERS[form]([_saved(store, name) for name in names], out)


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
    """
    loaded = []
    with store.locked(), store_errors("loading the archive", store.folders.root):
        for found in read_archive(file, store.layout):
            config = ImageConfig.from_bytes(found.config)
            layers = unpack_layers(store, helper, found.layers, config, on_progress, cancel)
            image = store.add(config, layers, found.config)
            names = tuple(str(Reference.parse(name)) for name in found.names)
            for name in names:
                store.tag(image.id, name)
            loaded.append((image, names))
    return loaded


def _saved(store: ImageStore, name: str) -> SavedImage:
    image = store.find(name)
    found = store.get(image.id) if image else None
    if found is None:
        raise ImageNotFoundError(
            f'there is no image "{name}" in the store',
            hint=f"dockernb pull {name}",
        )
    record = found[1]
    layers = tuple(
        (layer.blob, layer.diff_id, store.layout.blob_path(layer.blob.digest))
        for layer in record.layers
    )
    names = () if is_digest(name) else (Reference.parse(name).familiar,)
    return SavedImage(names, store.config_bytes(record), layers)
