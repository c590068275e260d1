"""Sends an image of the store to its registry."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from dockernb.engines.base import OnProgress, Progress
from dockernb.engines.embedded.compressed import (
    compress,
    is_plain,
    known_compressed,
    remember_compressed,
)
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import MOST_CONFIG_BYTES, ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.oci.digest import short_id
from dockernb.oci.manifest import Descriptor, Manifest, parse_document
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

__all__ = ["push_image"]

_PARALLEL = 3
# Repositories that are asked for a blob, before it is sent.
_MOST_SOURCES = 3


def push_image(
    store: ImageStore,
    record: ImageRecord,
    reference: Reference,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> str:
    """Sends the blobs that the registry does not have, then the manifest; returns its digest.

    Layers that the store keeps as plain tars are compressed, and the manifest says so.

    Raises:
        RegistryError: the registry does not answer, or refuses.
    """
    data = store.layout.read_blob(record.manifest.digest, limit=MOST_CONFIG_BYTES)
    manifest = parse_document(data, record.manifest.media_type)
    assert isinstance(manifest, Manifest)  # noqa: S101 - it is the record of one image
    client = RegistryClient()
    try:
        push = _Push(store, client, reference, _sources(store, reference), on_progress, cancel)
        blobs = {blob.digest: blob for blob in (*manifest.layers, manifest.config)}
        with ThreadPoolExecutor(_PARALLEL, "dockernb-push") as pool:
            futures = {digest: pool.submit(push.send, blob) for digest, blob in blobs.items()}
            sent = {digest: future.result() for digest, future in futures.items()}
        if any(map(is_plain, manifest.layers)):
            layers = tuple(sent[layer.digest] for layer in manifest.layers)
            data = replace(manifest, layers=layers).to_bytes()
        return client.push_manifest(reference, data, manifest.media_type, cancel=cancel)
    finally:
        client.close()


@dataclass(frozen=True)
class _Push:
    """Sends blobs, plain layers compressed."""

    store: ImageStore
    client: RegistryClient
    reference: Reference
    sources: Mapping[str, Sequence[str]]
    on_progress: OnProgress
    cancel: threading.Event

    def send(self, blob: Descriptor) -> Descriptor:
        """Returns what the blob is called in the registry."""
        source = self.store.layout.blob_path(blob.digest)
        if not is_plain(blob):
            return self._send(blob, source, short_id(blob.digest))
        name, folders = short_id(blob.digest), self.store.folders
        known = known_compressed(folders, blob)
        if known and self._is_there(known, name):
            return known
        with (
            store_errors("compressing a layer", folders.root),
            self.store.layout.temporary_folder() as folder,
        ):
            self.on_progress(Progress(name, "Compressing", 0, blob.size))
            target = folder / "layer"
            made = compress(source, target, blob, self.cancel)
            self._send(made, target, name)
            remember_compressed(folders, blob, made)
        return made

    def _send(self, blob: Descriptor, source: Path, name: str) -> Descriptor:
        def tell(sent: int) -> None:
            self.on_progress(Progress(name, "Pushing", sent, blob.size))

        if blob.digest in self.sources and self._is_there(blob, name):
            return blob
        self.client.push_blob(self.reference, source, blob, tell, self.cancel)
        self.on_progress(Progress(name, "Pushed", blob.size, blob.size))
        return blob

    def _is_there(self, blob: Descriptor, name: str) -> bool:
        """Whether the repository has the blob, or has now got it from another one."""
        if self.client.has_blob(self.reference, blob, cancel=self.cancel):
            self.on_progress(Progress(name, "Layer already exists", blob.size, blob.size))
            return True
        for source in self.sources.get(blob.digest, ()):
            if self.client.mount_blob(self.reference, blob, source, cancel=self.cancel):
                self.on_progress(Progress(name, f"Mounted from {source}", blob.size, blob.size))
                return True
        return False


def _sources(store: ImageStore, reference: Reference) -> dict[str, list[str]]:
    """Digest of a blob -> other repositories of the registry that may have it.

    Those are told by the names of images in the store: what was pulled or pushed has such a name.
    """
    found: dict[str, list[str]] = {}
    for name, image_id in store.names().items():
        other = Reference.parse(name)
        image = store.get(image_id)
        if other.host != reference.host or other.repository == reference.repository or not image:
            continue
        for layer in image[1].layers:
            plain = is_plain(layer.blob)
            blob = known_compressed(store.folders, layer.blob) if plain else layer.blob
            if blob is not None:
                repositories = found.setdefault(blob.digest, [])
                if other.repository not in repositories and len(repositories) < _MOST_SOURCES:
                    repositories.append(other.repository)
    return found
