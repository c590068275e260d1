"""Fetches an image from its registry into the store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dockernb.engines.base import Image, OnProgress, Progress
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import MOST_CONFIG_BYTES, ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.engines.embedded.unpack import unpack_layers
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import ImageNotFoundError, OciError
from dockernb.oci.config import ImageConfig, Platform
from dockernb.oci.digest import short_id
from dockernb.oci.manifest import Descriptor
from dockernb.oci.platforms import matches
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

__all__ = ["pull_image"]

_PARALLEL = 3


def pull_image(
    store: ImageStore,
    helper: HelperProcess,
    reference: Reference,
    platform: Platform,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> Image:
    """Fetches the image and makes its layers ready.

    Args:
        platform: Decides where the registry has the image for several.

    Raises:
        ImageNotFoundError: the registry does not have it, or not for this platform.
        RegistryError: the registry cannot be reached or refuses.
        OciError: what it sent is broken. Nothing of the image is kept but whole blobs.
    """
    with store.layout.lock(shared=True):
        return _pull(store, helper, reference, platform, on_progress, cancel)


def _pull(
    store: ImageStore,
    helper: HelperProcess,
    reference: Reference,
    platform: Platform,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> Image:
    client = RegistryClient()
    try:
        found = client.resolve(reference, platform, cancel=cancel)
        fetch = _Fetch(store, client, reference, on_progress, cancel)
        config = fetch.config(found.manifest.config, platform)
        fetch.layers(found.manifest.layers)
    finally:
        client.close()
    layers = unpack_layers(store, helper, found.manifest.layers, config, on_progress, cancel)
    with store_errors("recording the image", store.folders.root):
        digest = store.layout.put_bytes(found.data)
        manifest = Descriptor(found.media_type, digest, len(found.data))
        named_by = found.index_digest or digest
        record = ImageRecord(found.manifest.config.digest, manifest, layers, named_by)
        image = store.record(record, config)
        store.layout.set_name(str(reference), manifest)
    return image


@dataclass(frozen=True)
class _Fetch:
    """Gets blobs into the layout."""

    store: ImageStore
    client: RegistryClient
    reference: Reference
    on_progress: OnProgress
    cancel: threading.Event

    def config(self, descriptor: Descriptor, platform: Platform) -> ImageConfig:
        if descriptor.size > MOST_CONFIG_BYTES:
            raise OciError(
                f"the config of {self.reference.familiar} has {descriptor.size:,} bytes",
                rule=f"{MOST_CONFIG_BYTES:,} at most",
            )
        self._blob(descriptor, quiet=True)
        data = self.store.layout.read_blob(descriptor.digest, limit=MOST_CONFIG_BYTES)
        config = ImageConfig.from_bytes(data)
        if not matches(config.platform, platform):
            raise ImageNotFoundError(
                f'the registry has no image "{self.reference.familiar}" for {platform}',
                rule=f"it is an image for {config.platform}",
            )
        return config

    def layers(self, descriptors: Sequence[Descriptor]) -> None:
        """Several at a time; the first failure ends it."""
        once = {descriptor.digest: descriptor for descriptor in descriptors}
        with ThreadPoolExecutor(_PARALLEL, "dockernb-pull") as pool:
            futures = [pool.submit(self._blob, descriptor) for descriptor in once.values()]
            for future in futures:
                future.result()

    def _blob(self, descriptor: Descriptor, *, quiet: bool = False) -> None:
        layout, name = self.store.layout, short_id(descriptor.digest)
        tell = (lambda _: None) if quiet else self.on_progress
        if layout.has_blob(descriptor.digest):
            tell(Progress(name, "Already exists"))
            return
        downloads = self.store.folders.downloads
        target = downloads / descriptor.digest.removeprefix("sha256:")
        self.client.fetch(
            self.reference,
            descriptor,
            target,
            lambda count: tell(Progress(name, "Downloading", count, descriptor.size)),
            self.cancel,
        )
        with store_errors("storing a layer", self.store.folders.root):
            layout.adopt(target, descriptor.digest)
        tell(Progress(name, "Download complete", descriptor.size, descriptor.size))
