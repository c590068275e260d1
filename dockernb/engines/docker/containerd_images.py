"""Images in the containerd image store, the default of new installations since Docker 29.

There an image is a manifest in containerd's content store, and its ID is the digest of that (of an
index, where it was pulled by one). A manifest names the blobs of the layers, which are compressed.
So what is loaded is a tiny OCI layout: our config, and a manifest that names the blobs which are
there. The import does not miss blobs that are not in the archive but in the store, and unpacks
nothing whose chain of layers has a snapshot (containerd client/import.go, rootfs/apply.go).

That snapshot is kept by the image for which it was made, and goes with it: the image of a commit,
when our image has got its layers. The daemon unpacks our image when a container is made from it
(moby daemon/containerd/image_snapshot.go); where the snapshot goes while it is looked for, the
second try finds that it is gone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from dockernb.engines.base import Image
from dockernb.errors import OciError, UnsupportedByEngineError
from dockernb.oci.archives.oci_form import in_oci_type
from dockernb.oci.archives.tar_writer import TarWriter
from dockernb.oci.config import ImageConfig, Platform, RuntimeConfig
from dockernb.oci.digest import EMPTY_LAYER_DIFF_ID, sha256_digest
from dockernb.oci.layout import LAYOUT_MARKER
from dockernb.oci.manifest import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    parse_document,
)
from dockernb.oci.platforms import find_platform

from .api import DockerApi
from .content import ContentStore
from .errors import DaemonError
from .images import TEMPORARY_LABEL, ImageStore, check_history
from .local import LocalDisk
from .owner import this_process

__all__ = ["ContainerdImages", "is_snapshot_gone"]

_EMPTY_LAYER = bytes(1024)
_EMPTY_BLOB = Descriptor(OCI_LAYER, EMPTY_LAYER_DIFF_ID, len(_EMPTY_LAYER))

_Layers = tuple[Descriptor, ...]


def is_snapshot_gone(err: DaemonError) -> bool:
    """Whether no container could be made because the image was just not unpacked any more."""
    return "parent snapshot" in err.words and "does not exist" in err.words


class ContainerdImages(ImageStore):
    """The images of one daemon with the containerd image store."""

    def __init__(self, api: DockerApi, disk: LocalDisk) -> None:
        super().__init__(api, disk)
        self._content = ContentStore(api)
        self._layers: dict[str, _Layers] = {}

    def seal(
        self,
        config: ImageConfig,
        *,
        size: int,
        parent: str | None = None,
        committed: str | None = None,
    ) -> Image:
        check_history(config)
        layers = self._layers_of(parent) if parent is not None else ()
        for diff_id in config.diff_ids[len(layers) :]:
            if diff_id == EMPTY_LAYER_DIFF_ID or committed is None:
                layers = (*layers, _EMPTY_BLOB)
            else:
                layers = (*layers, self._manifest(committed, config.platform).layers[-1])
        data = config.to_bytes()
        image = Image(self._load_manifest(data, layers), config, size)
        with self._lock:
            self._known[image.id] = (image, data)
            self._layers[image.id] = layers
        return image

    def committed_size(
        self, inspected: Mapping[str, Any], parent: Image, written: int | None
    ) -> int:
        return parent.size + (written if written is not None else self._sizes(inspected)[0])

    def working_image(self, image_id: str, more: bytes | None = None) -> str:
        if more is not None:
            raise NotImplementedError
        config = self.known(image_id).config
        marked = RuntimeConfig(labels={TEMPORARY_LABEL: this_process().new_name()})
        bare = ImageConfig(config.platform, marked, diff_ids=config.diff_ids)
        return self._load_manifest(bare.to_bytes(), self._layers_of(image_id))

    def of_platform(self, reference: str, platform: Platform | None) -> Image | None:
        """A name may stand for images of several platforms; the daemon tells of one of them.

        Another one that is wanted becomes an image of its own, named by its manifest.
        """
        image = super().of_platform(reference, platform)
        inspected = self.inspect(reference) if image is None and platform is not None else None
        if inspected is None or platform is None:
            return image
        document = parse_document(self._blob(inspected["Id"]))
        chosen = isinstance(document, Index) and find_platform(document.manifests, platform)
        data = self._content.read(chosen.digest) if chosen else None
        if not chosen or data is None:  # not fetched
            return None
        self._load_layout(Index((chosen,)), [data], chosen.digest)
        return super().of_platform(chosen.digest, platform)

    def forget(self, image_id: str) -> None:
        super().forget(image_id)
        with self._lock:
            self._layers.pop(image_id, None)

    def close(self) -> None:
        self._content.close()

    def _size_of(self, inspected: Mapping[str, Any]) -> int:
        """Of the unpacked layers, in blocks of the disk: the daemon tells that of the blobs."""
        return sum(self._sizes(inspected)) or super()._size_of(inspected)

    def _sizes(self, inspected: Mapping[str, Any]) -> list[int]:
        """Of the layers of each line of the history, the newest first; 0 where it has none."""
        history = self._api.get_json(f"/images/{quote(inspected['Id'])}/history")
        return [int(entry.get("Size") or 0) for entry in history] or [0]

    def _config_of(self, inspected: Mapping[str, Any]) -> tuple[ImageConfig, bytes | None]:
        platform = Platform(
            inspected.get("Os") or "linux",
            inspected.get("Architecture") or "amd64",
            inspected.get("Variant") or "",
        )
        manifest = self._manifest(inspected["Id"], platform)
        raw = self._blob(manifest.config.digest)
        with self._lock:
            self._layers[inspected["Id"]] = manifest.layers
        return ImageConfig.from_bytes(raw), raw

    def _layers_of(self, image_id: str) -> _Layers:
        self.known(image_id)
        return self._layers[image_id]

    def _manifest(self, image_id: str, platform: Platform) -> Manifest:
        """The manifest of an image; of this platform, where it has several."""
        document = parse_document(self._blob(image_id))
        if isinstance(document, Index):
            chosen = find_platform(document.manifests, platform)
            if chosen is None:
                raise OciError(f'the image "{image_id}" has no manifest for {platform}')
            document = parse_document(self._blob(chosen.digest), chosen.media_type)
        if isinstance(document, Index):
            raise OciError(f'the image "{image_id}" is an index of indexes')
        return document

    def _blob(self, digest: str) -> bytes:
        found = self._content.read(digest)
        if found is None:
            raise UnsupportedByEngineError(
                f'the Docker daemon at "{self._api.endpoint.address}" does not give "{digest}"',
                rule="the manifests of its images are read through BuildKit's endpoint, /grpc",
                state="nothing was run",
                hint="pull the image again, or use `%engine embedded`",
            )
        return found

    def _load_manifest(self, config: bytes, layers: _Layers) -> str:
        """Makes the image of this config and these blobs; returns its ID."""
        described = Descriptor(OCI_CONFIG, sha256_digest(config), len(config))
        manifest = Manifest(described, tuple(map(in_oci_type, layers))).to_bytes()
        blobs = [config, manifest, *([_EMPTY_LAYER] if _EMPTY_BLOB in layers else [])]
        image_id = sha256_digest(manifest)
        index = Index((Descriptor(OCI_MANIFEST, image_id, len(manifest)),))
        self._load_layout(index, blobs, image_id)
        return image_id

    def _load_layout(self, index: Index, blobs: Iterable[bytes], image_id: str) -> None:
        buffer = io.BytesIO()
        tar = TarWriter(buffer)
        tar.add_bytes("oci-layout", LAYOUT_MARKER)
        for blob in blobs:
            tar.add_bytes(f"blobs/{sha256_digest(blob).replace(':', '/')}", blob)
        tar.add_bytes("index.json", index.to_bytes())
        tar.close()
        self._load_archive(buffer.getvalue(), image_id)
