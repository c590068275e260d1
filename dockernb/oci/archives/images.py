"""An image in an image layout: what is saved, and what loading gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ...errors import OciError
from ..config import ImageConfig
from ..config_fields import CONFIG_ERRORS
from ..digest import sha256_digest
from ..json_document import parse_object, quoted
from ..layout import ImageLayout
from ..manifest import (
    DOCKER_CONFIG,
    OCI_CONFIG,
    Descriptor,
    Manifest,
    parse_document,
)

__all__ = [
    "LoadedImage",
    "StoredImage",
    "StoredLayer",
    "diff_ids_of",
    "parse_config",
    "stored_image",
]

_LARGEST_DOCUMENT = 16 << 20


class StoredLayer(NamedTuple):
    """A layer: its blob (plain, gzip or zstd), and the digest of the uncompressed tar."""

    descriptor: Descriptor
    diff_id: str


@dataclass(frozen=True)
class StoredImage:
    """An image whose blobs are in a layout.

    Args:
        names: Image names (`debian:bookworm-slim`), as many as it has; none is allowed.
        config: The image config as it is stored: its digest is the image ID.
        manifest: The manifest as it is stored.
        descriptor: Of the manifest.
        layers: Base first.
    """

    names: tuple[str, ...]
    config: bytes
    manifest: bytes
    descriptor: Descriptor
    layers: tuple[StoredLayer, ...]

    @property
    def image_id(self) -> str:
        return sha256_digest(self.config)


@dataclass(frozen=True)
class LoadedImage:
    """An image that was loaded; the layout does not name it yet.

    Args:
        names: Full image names from the archive, `docker.io/library/debian:bookworm-slim`.
        manifest: Descriptor of its manifest in the layout.
        image_id: Digest of its config.
    """

    names: tuple[str, ...]
    manifest: Descriptor
    image_id: str


def stored_image(
    layout: ImageLayout, manifest: Descriptor, names: tuple[str, ...] = ()
) -> StoredImage:
    """The image whose manifest is in `layout`.

    Raises:
        OciError: A document is missing, damaged, or does not fit the others.
    """
    data = layout.read_blob(manifest.digest, limit=_LARGEST_DOCUMENT)
    document = parse_document(data, manifest.media_type)
    if not isinstance(document, Manifest):
        raise OciError(
            f'"{manifest.digest}" is an index of several images, not an image',
            hint="Choose the image for one platform.",
        )
    config = layout.read_blob(document.config.digest, limit=_LARGEST_DOCUMENT)
    # The document says what it is; an index may have said nothing.
    manifest = replace(manifest, media_type=document.media_type)
    diff_ids = diff_ids_of(document, config)
    layers = tuple(map(StoredLayer, document.layers, diff_ids))
    return StoredImage(names, config, data, manifest, layers)


def diff_ids_of(manifest: Manifest, config: bytes) -> tuple[str, ...]:
    """The diff IDs that the config gives to the manifest's layers; neither is trusted.

    Raises:
        OciError: It is no image config, or has another number of layers than the manifest.
    """
    shown = f'the image config "{manifest.config.digest}"'
    if manifest.config.media_type not in {OCI_CONFIG, DOCKER_CONFIG}:
        raise OciError(
            f"{shown} is of the type {quoted(manifest.config.media_type)}, which is no image's",
            hint="Artifacts that are no container images cannot be used.",
        )
    diff_ids = parse_config(config, shown).diff_ids
    if len(diff_ids) != len(manifest.layers):
        raise OciError(
            f"{shown} names {len(diff_ids)} layers, but the manifest has {len(manifest.layers)}",
            rule="Each layer has one diff ID (config.md, rootfs).",
        )
    return diff_ids


def parse_config(data: bytes, shown: str) -> ImageConfig:
    """The image config in `data`, which is not trusted.

    Raises:
        OciError: A field has another type, or a diff ID is no digest that we can check.
    """
    try:
        return ImageConfig.from_json(parse_object(data, shown))
    except CONFIG_ERRORS as err:
        raise OciError(f"{shown} cannot be used: {str(err)[:200]}") from err
