"""Collects what nobody needs any more: images without a name, and what only they needed.

What stays: images that have a name, images that a living engine holds a lease on, and everything
that those are made of. A commit or pull in another process holds the store's write lock, so that no
blob is taken for garbage before its image is on record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import leased_images
from dockernb.engines.embedded.store.names import digits, layer_name
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.oci.locks import is_locked

__all__ = ["Garbage", "collect", "discard", "folder_size", "leftovers"]


@dataclass(frozen=True)
class Garbage:
    """What a collection took.

    Args:
        images: IDs of the images that are gone.
        folders: Folders that are nobody's now. Only a worker can remove them: files in them belong
            to users of a namespace.
        size: Bytes of the blobs that were removed.
    """

    images: tuple[str, ...]
    folders: tuple[Path, ...]
    size: int


def collect(store: ImageStore, *, with_named: bool = False) -> Garbage:
    """Takes images off the record and removes their blobs.

    Args:
        with_named: Images with a name go as well, unless they are in use.
    """
    with store.layout.lock():
        held = leased_images(store.folders.leases)
        if not with_named:
            held |= set(store.names().values())
        records = list(store.records())
        gone = [record for record in records if record.id not in held]
        kept = [record for record in records if record.id in held]
        for record in gone:
            store.forget(record)
        for name, manifest in store.layout.names().items():
            if all(record.manifest.digest != manifest.digest for record in kept):
                store.layout.remove_name(name)
        size = _remove_blobs(store, kept)
        store.layout.clean_tmp()
        folders = tuple(_unneeded(store, kept))
    return Garbage(tuple(record.id for record in gone), folders, size)


def discard(store: ImageStore, image_id: str) -> list[Path]:
    """Removes one image and the blobs that only it needs, unless it has a name or is in use.

    Returns:
        Folders that are nobody's now, as in `Garbage`.
    """
    with store.layout.lock():
        held = leased_images(store.folders.leases) | set(store.names().values())
        records = {record.id: record for record in store.records()}
        gone = records.pop(image_id, None)
        if gone is None or image_id in held:
            return []
        store.forget(gone)
        needed = {digest for record in records.values() for digest in _blobs_of(record)}
        for digest in set(_blobs_of(gone)) - needed:
            store.layout.blob_path(digest).unlink(missing_ok=True)
        diff_ids = {layer.diff_id for record in records.values() for layer in record.layers}
        places = (
            place
            for layer in gone.layers
            if layer.diff_id not in diff_ids
            for place in _places_of(store, layer.diff_id)
        )
        return [place for place in places if place.exists()]


def _places_of(store: ImageStore, diff_id: str) -> Iterator[Path]:
    folders = store.folders
    yield folders.unpacked / layer_name(diff_id)
    yield folders.plain / digits(diff_id)
    yield folders.compressed / digits(diff_id)


def leftovers(folder: Path) -> list[Path]:
    """Places of working containers whose workers are dead."""
    return [place for place in folder.iterdir() if not is_locked(place / "lock")]


def folder_size(folder: Path) -> int:
    """Bytes on disk of all files below, a file with several names counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(Path(parent) / name)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    return total


def _remove_blobs(store: ImageStore, kept: list[ImageRecord]) -> int:
    needed = {digest for record in kept for digest in _blobs_of(record)}
    size = 0
    for blob in (store.folders.layout / "blobs" / "sha256").iterdir():
        if f"sha256:{blob.name}" not in needed:
            size += blob.stat().st_size
            blob.unlink(missing_ok=True)
    return size


def _blobs_of(record: ImageRecord) -> Iterator[str]:
    yield record.id
    yield record.manifest.digest
    for layer in record.layers:
        yield layer.blob.digest


def _unneeded(store: ImageStore, kept: list[ImageRecord]) -> Iterator[Path]:
    folders = store.folders
    diff_ids = {layer.diff_id for record in kept for layer in record.layers}
    names = {layer_name(diff_id) for diff_id in diff_ids} | {"empty"}
    yield from (place for place in folders.unpacked.iterdir() if place.name not in names)
    files = {digits(diff_id) for diff_id in diff_ids}
    for folder in (folders.plain, folders.compressed):
        yield from (file for file in folder.iterdir() if file.name not in files)
    yield from leftovers(folders.running)
    yield from leftovers(folders.trees)
