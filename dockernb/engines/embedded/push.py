"""Sends an image of the store to its registry."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from dockernb.engines.base import OnProgress, Progress
from dockernb.engines.embedded.store.images import MOST_CONFIG_BYTES, ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.oci.digest import short_id
from dockernb.oci.manifest import Descriptor, Manifest, parse_document
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

__all__ = ["push_image"]

_PARALLEL = 3


def push_image(
    store: ImageStore,
    record: ImageRecord,
    reference: Reference,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> str:
    """Sends the blobs that the registry does not have, then the manifest; returns its digest.

    Raises:
        RegistryError: the registry does not answer, or refuses.
    """
    data = store.layout.read_blob(record.manifest.digest, limit=MOST_CONFIG_BYTES)
    manifest = parse_document(data, record.manifest.media_type)
    assert isinstance(manifest, Manifest)  # noqa: S101 - it is the record of one image
    client = RegistryClient()

    def send(blob: Descriptor) -> None:
        name = short_id(blob.digest)
        client.push_blob(
            reference,
            store.layout.blob_path(blob.digest),
            blob,
            lambda sent: on_progress(Progress(name, "Pushing", sent, blob.size)),
            cancel,
        )
        on_progress(Progress(name, "Pushed", blob.size, blob.size))

    try:
        blobs = {blob.digest: blob for blob in (*manifest.layers, manifest.config)}
        with ThreadPoolExecutor(_PARALLEL, "dockernb-push") as pool:
            for future in [pool.submit(send, blob) for blob in blobs.values()]:
                future.result()
        return client.push_manifest(reference, data, manifest.media_type, cancel=cancel)
    finally:
        client.close()
