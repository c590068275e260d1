"""Images in the store: found, made and named.

An image is a config and layers. The config, the manifest that names both, and the layers as they
came or were made lie in an OCI image layout; a record beside it says which is which. The record is
written last, so an image is there whole or not at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dockernb.engines.base import Image
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.records import ImageRecord, LayerRecord
from dockernb.errors import OciError
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.durable import write_atomically
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_CONFIG, Descriptor, Manifest, is_digest, parse_document
from dockernb.oci.reference import Reference

__all__ = ["MOST_CONFIG_BYTES", "ImageStore"]

MOST_CONFIG_BYTES = 8 << 20


class ImageStore:
    """The images of one store. Safe for several threads and processes.

    An image ID stands for the same config for ever, so what was read is kept in memory; whether the
    image is still there is looked up each time.

    Args:
        hold: Told the ID of each image before it is on record, so that no collection takes what was
            just made.
    """

    def __init__(self, folders: StoreFolders, hold: Callable[[str], None] | None = None) -> None:
        self.folders = folders
        self._hold = hold
        self.layout = ImageLayout(folders.layout)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Image, ImageRecord]] = {}

    def get(self, image_id: str) -> tuple[Image, ImageRecord] | None:
        """The image with this ID and its record; None if the store does not have it."""
        if not is_digest(image_id):
            return None
        file = self._record_file(image_id)
        with self._lock:
            known = self._known.get(image_id)
        if known is not None and file.exists():
            return known
        try:
            record = ImageRecord.from_bytes(file.read_bytes())
        except FileNotFoundError:
            return None
        config = ImageConfig.from_bytes(self.config_bytes(record))
        found = Image(image_id, config, record.size, record.digest), record
        with self._lock:
            self._known[image_id] = found
        return found

    def config_bytes(self, record: ImageRecord) -> bytes:
        """The config as it is stored, whose digest is the image ID."""
        return self.layout.read_blob(record.id, limit=MOST_CONFIG_BYTES)

    def find(self, name: str) -> Image | None:
        """The image with this name or ID."""
        image_id: str | None = name
        if not is_digest(name):
            try:
                image_id = self._id_of(Reference.parse(name))
            except OciError:
                return None
        found = self.get(image_id) if image_id else None
        return found[0] if found else None

    def add(
        self, config: ImageConfig, layers: Sequence[LayerRecord], config_bytes: bytes | None = None
    ) -> Image:
        """Makes the image of `config` and `layers`, whose blobs are in the layout.

        Args:
            config_bytes: The config's own bytes where the image comes from elsewhere: its ID is
                their digest.
        """
        data = config_bytes if config_bytes is not None else config.to_bytes()
        image_id = sha256_digest(data)
        with store_errors("recording the image", self.folders.root):
            self.layout.put_bytes(data)
            blobs = tuple(layer.blob for layer in layers)
            manifest = Manifest(Descriptor(OCI_CONFIG, image_id, len(data)), blobs).to_bytes()
            digest = self.layout.put_bytes(manifest)
            described = Descriptor(Manifest.media_type, digest, len(manifest))
            return self.record(ImageRecord(image_id, described, tuple(layers)), config)

    def record(self, record: ImageRecord, config: ImageConfig) -> Image:
        """Puts on record an image all of whose blobs are there."""
        if self._hold is not None:
            self._hold(record.id)
        record = replace(record, made=time.time())
        write_atomically(self._record_file(record.id), record.to_bytes())
        image = Image(record.id, config, record.size, record.digest)
        with self._lock:
            self._known[record.id] = (image, record)
        return image

    # --- names -----------------------------------------------------------------------------------
    def tag(self, image_id: str, name: str) -> None:
        """Gives the image a name, which another one may lose by that."""
        found = self.get(image_id)
        if found is None:
            raise OciError(f'there is no image "{image_id}" in the store')
        reference = Reference.parse(name)
        self.layout.set_name(str(reference), found[1].manifest)

    def names(self) -> dict[str, str]:
        """Full name -> image ID."""
        by_manifest = {record.manifest.digest: record.id for record in self.records()}
        return {
            name: by_manifest[manifest.digest]
            for name, manifest in self.layout.names().items()
            if manifest.digest in by_manifest
        }

    def records(self) -> Iterable[ImageRecord]:
        """The records of all images."""
        for file in self.folders.records.iterdir():
            if not file.name.startswith("."):
                try:
                    yield ImageRecord.from_bytes(file.read_bytes())
                except (FileNotFoundError, OciError):
                    continue  # removed meanwhile, or damaged: then it is no image

    def forget(self, record: ImageRecord) -> None:
        """Takes the image off the record; what only it needed, a collection removes."""
        self._record_file(record.id).unlink(missing_ok=True)
        with self._lock:
            self._known.pop(record.id, None)

    def put_back(self, record: ImageRecord) -> None:
        """Puts on record again what was forgotten a moment ago."""
        write_atomically(self._record_file(record.id), record.to_bytes())

    def _id_of(self, reference: Reference) -> str | None:
        """The ID that a manifest in the layout's index names: the digest of its config."""
        named = self.layout.names().get(str(reference))
        if named is None:
            return None
        data = self.layout.read_blob(named.digest, limit=MOST_CONFIG_BYTES)
        manifest = parse_document(data, named.media_type)
        return manifest.config.digest if isinstance(manifest, Manifest) else None

    def _record_file(self, image_id: str) -> Path:
        return self.folders.records / image_id.removeprefix("sha256:")
