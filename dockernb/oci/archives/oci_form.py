"""An image with Docker's media types in OCI's: the same blobs under another manifest.

What Docker pushes, and so most of what is pulled, has Docker's types. An image layout may hold
them, but a reader that is asked for a name may look at OCI's only (skopeo 1.9 does).
"""

from __future__ import annotations

from dataclasses import replace

from ..digest import sha256_digest
from ..manifest import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    parse_document,
)
from .images import StoredImage

__all__ = ["in_oci_form", "in_oci_type"]

_DOCKER_LAYER = DOCKER_LAYER_GZIP.removesuffix(".gzip")
_TYPES = {
    DOCKER_MANIFEST: OCI_MANIFEST,
    DOCKER_CONFIG: OCI_CONFIG,
    _DOCKER_LAYER: OCI_LAYER,
    DOCKER_LAYER_GZIP: OCI_LAYER_GZIP,
    f"{_DOCKER_LAYER}.zstd": OCI_LAYER_ZSTD,
}


def in_oci_form(image: StoredImage) -> StoredImage:
    """The image with OCI's media types; itself if it has them.

    The image ID and the digests of the layers stay; the digest of a changed manifest does not.
    """
    document = parse_document(image.manifest, image.descriptor.media_type)
    if not isinstance(document, Manifest) or document.media_type != DOCKER_MANIFEST:
        return image
    layers = tuple(map(in_oci_type, document.layers))
    data = Manifest(in_oci_type(document.config), layers, OCI_MANIFEST).to_bytes()
    descriptor = replace(
        image.descriptor, media_type=OCI_MANIFEST, digest=sha256_digest(data), size=len(data)
    )
    return replace(image, manifest=data, descriptor=descriptor)


def in_oci_type(descriptor: Descriptor) -> Descriptor:
    """The blob under OCI's media type, if it has Docker's."""
    media_type = _TYPES.get(descriptor.media_type, descriptor.media_type)
    return replace(descriptor, media_type=media_type)
