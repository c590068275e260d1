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

from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import leased_images
from dockernb.engines.embedded.store.names import digits, layer_name
from dockernb.engines.embedded.store.places import dead_places, places, set_aside, take_away
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.oci.durable import ASIDE
from dockernb.oci.temporary import TemporaryFiles

__all__ = ["Garbage", "collect", "discard", "folder_size"]


@dataclass(frozen=True)
class Garbage:
    """What a collection took.

    Args:
        images: IDs of the images that are gone.
        size: Bytes of the blobs that were removed.
    """

    images: tuple[str, ...]
    size: int


def collect(store: ImageStore, *, with_named: bool = False) -> Garbage:
    """Takes images off the record and removes their blobs.

    Folders that nobody needs any more are set aside, for `Strays` to remove: files in them belong
    to users of a namespace.

    Args:
        with_named: Images with a name go as well, unless they are in use.
    """
    with store.layout.lock():
        held = leased_images(store.folders.leases)
        if not with_named:
            held |= set(store.names().values())
        records = list(store.records())
        gone = _forget(store, [record for record in records if record.id not in held])
        taken = {record.id for record in gone}
        kept = [record for record in records if record.id not in taken]
        for name, manifest in store.layout.names().items():
            if all(record.manifest.digest != manifest.digest for record in kept):
                store.layout.remove_name(name)
        size = _remove_blobs(store, kept)
        store.layout.clean_tmp()
        _set_aside_unneeded(store.folders, kept)
    return Garbage(tuple(record.id for record in gone), size)


def discard(store: ImageStore, image_id: str) -> None:
    """Removes one image and what only it needs, unless it has a name or is in use.

    Its folders are set aside, as in `collect`: a worker removes them.
    """
    with store.layout.lock():
        held = leased_images(store.folders.leases) | set(store.names().values())
        records = {record.id: record for record in store.records()}
        gone = records.pop(image_id, None)
        if gone is None or image_id in held or not _forget(store, [gone]):
            return
        needed = {digest for record in records.values() for digest in _blobs_of(record)}
        for digest in set(_blobs_of(gone)) - needed:
            store.layout.blob_path(digest).unlink(missing_ok=True)
        diff_ids = {layer.diff_id for record in records.values() for layer in record.layers}
        for diff_id in {layer.diff_id for layer in gone.layers} - diff_ids:
            set_aside(store.folders.unpacked / layer_name(diff_id))
            for folder in (store.folders.plain, store.folders.compressed):
                (folder / digits(diff_id)).unlink(missing_ok=True)


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


def _forget(store: ImageStore, records: list[ImageRecord]) -> list[ImageRecord]:
    """Takes images off the record, but for those that an engine took a lease on meanwhile.

    An engine notes its lease first and then looks whether the image is on record (see
    `EmbeddedEngine.image`), without the lock. So whoever finds an image here has noted its lease
    before the record went, or before it came back.
    """
    for record in records:
        store.forget(record)
    held = leased_images(store.folders.leases)
    for record in records:
        if record.id in held:
            store.put_back(record)
    return [record for record in records if record.id not in held]


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


def _set_aside_unneeded(folders: StoreFolders, kept: list[ImageRecord]) -> None:
    diff_ids = {layer.diff_id for record in kept for layer in record.layers}
    layers = {layer_name(diff_id) for diff_id in diff_ids} | {"empty"}
    for place in places(folders.unpacked):
        if place.name not in layers:
            set_aside(place)
    files = {digits(diff_id) for diff_id in diff_ids}
    for folder in (folders.plain, folders.compressed):
        for file in folder.iterdir():
            if file.name not in files and not file.name.startswith(ASIDE):
                file.unlink(missing_ok=True)
    for folder in (folders.running, folders.trees):
        for place in dead_places(folder):
            take_away(place)
    # What of a pull that was given up is there: whoever pulls holds the store's lock.
    TemporaryFiles(folders.downloads).clean()
