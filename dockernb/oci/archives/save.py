"""Images into an archive, as a stream: nothing is kept in memory or on the disk.

Sources of the forms: moby's `image/tarexport` (docker-archive: manifest.json names config, tags and
plain layers) and image-layout.md (OCI). Write to a file aside and rename it: after an error, `out`
holds a part of an archive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from ...errors import OciError
from ..compression import Writable, compression_of, open_layer
from ..digest import sha256_digest
from ..layout import LAYOUT_MARKER
from ..layout_index import REF_NAME
from ..manifest import Index
from .images import StoredImage, StoredLayer
from .limits import Limits
from .names import tagged
from .oci_form import in_oci_form
from .tar_writer import TarWriter

__all__ = ["CONTAINERD_NAME", "BlobSource", "save_docker", "save_oci"]

# Where containerd, and Docker with its image store, look for the full name.
CONTAINERD_NAME = "io.containerd.image.name"
_LAYER_LIMIT = Limits().layer
_PIECE = 1 << 20


class BlobSource(Protocol):
    """Where the blobs of an image are: an `ImageLayout`."""

    def blob_path(self, digest: str) -> Path: ...


def save_docker(
    source: BlobSource,
    images: Sequence[StoredImage],
    out: Writable,
    *,
    layer_limit: int = _LAYER_LIMIT,
) -> None:
    """Writes a docker-archive, for `docker load`, `podman load` and `skopeo copy docker-archive:`.

    Compressed layers are decompressed twice: a tar says how large a member is before it begins.

    Args:
        layer_limit: Bytes of one uncompressed layer.

    Raises:
        OciError: A layer is missing or damaged, or a name has no tag.
    """
    entries = []
    tar = TarWriter(out)
    for image in images:
        tags = [tagged(name).familiar for name in image.names]
        config = f"{_hex(image.image_id)}.json"
        layers = [_add_plain_layer(tar, source, layer, layer_limit) for layer in image.layers]
        tar.add_bytes(config, image.config)
        entries.append({"Config": config, "RepoTags": tags or None, "Layers": layers})
    tar.add_bytes("manifest.json", json.dumps(entries).encode())
    tar.close()


def save_oci(source: BlobSource, images: Sequence[StoredImage], out: Writable) -> None:
    """Writes an image layout as a tar, with the manifest.json by which `docker load` takes it.

    Layers are written as they are stored (Docker before 23 takes none with zstd), and so is a
    manifest with OCI's media types; one with Docker's gets those, and with them another digest.

    Raises:
        OciError: A blob is missing or damaged, or a name has no tag.
    """
    images = [in_oci_form(image) for image in images]
    tar = TarWriter(out)
    tar.add_bytes("oci-layout", LAYOUT_MARKER)
    tar.add_folder("blobs")
    tar.add_folder("blobs/sha256")
    for image in images:
        for layer in image.layers:
            _add_blob(tar, source, layer.descriptor.digest)
        tar.add_bytes(_blob_name(image.image_id), image.config)
        tar.add_bytes(_blob_name(sha256_digest(image.manifest)), image.manifest)
    tar.add_bytes("index.json", _index(images))
    tar.add_bytes("manifest.json", json.dumps(list(map(_docker_entry, images))).encode())
    tar.close()


def _index(images: Iterable[StoredImage]) -> bytes:
    """An entry per name; an image without one has one entry, too."""
    entries = []
    for image in images:
        # Annotations say how it was named in the index from which it comes.
        plain = replace(image.descriptor, annotations={})
        names = [str(tagged(name)) for name in image.names]
        entries += [
            replace(plain, annotations={CONTAINERD_NAME: name, REF_NAME: name}) for name in names
        ] or [plain]
    return Index(tuple(entries)).to_bytes()


def _docker_entry(image: StoredImage) -> dict[str, Any]:
    return {
        "Config": _blob_name(image.image_id),
        "RepoTags": [tagged(name).familiar for name in image.names] or None,
        "Layers": [_blob_name(layer.descriptor.digest) for layer in image.layers],
    }


def _add_plain_layer(tar: TarWriter, source: BlobSource, layer: StoredLayer, limit: int) -> str:
    """Adds the uncompressed tar of a layer; returns its name in the archive."""
    name = f"{_hex(layer.diff_id)}.tar"
    if not tar.has(name):
        path = _existing(source, layer.descriptor.digest)
        size = _plain_size(path, layer, limit)
        with open_layer(path, limit=limit) as stream:
            tar.add_stream(name, size, stream, layer.diff_id)
    return name


def _plain_size(path: Path, layer: StoredLayer, limit: int) -> int:
    """Bytes of the uncompressed tar, which has the diff ID that the config gives it."""
    with path.open("rb") as file:
        if compression_of(file.read(4)) == "none":
            return path.stat().st_size
    found = hashlib.sha256()
    with open_layer(path, limit=limit) as stream:
        while piece := stream.read(_PIECE):
            found.update(piece)
        size = stream.position
    if "sha256:" + found.hexdigest() != layer.diff_id:
        raise OciError(
            f'the layer "{layer.descriptor.digest}" is not the one of the image config: '
            f"uncompressed, its digest is sha256:{found.hexdigest()}",
            rule=f"The config says {layer.diff_id}.",
            hint="Pull or build the image again.",
        )
    return size


def _add_blob(tar: TarWriter, source: BlobSource, digest: str) -> None:
    path = _existing(source, digest)
    with path.open("rb") as file:
        tar.add_stream(_blob_name(digest), path.stat().st_size, file, digest)


def _existing(source: BlobSource, digest: str) -> Path:
    path = source.blob_path(digest)
    if not path.is_file():
        raise OciError(
            f'the layer "{digest}" is not stored here',
            state="The archive is not complete: do not use it.",
            hint="Pull the image again.",
        )
    return path


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{_hex(digest)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
