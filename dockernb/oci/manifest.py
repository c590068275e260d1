"""Descriptors, manifests and indexes: how an image's config and layers are named together.

Follows descriptor.md, manifest.md and image-index.md of the OCI image specification, and Docker's
"image manifest version 2, schema 2", which is the same with other media types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import OciError
from .config import Platform

__all__ = [
    "ACCEPTED",
    "DOCKER_CONFIG",
    "DOCKER_INDEX",
    "DOCKER_LAYER_GZIP",
    "DOCKER_MANIFEST",
    "OCI_CONFIG",
    "OCI_INDEX",
    "OCI_LAYER",
    "OCI_LAYER_GZIP",
    "OCI_LAYER_ZSTD",
    "OCI_MANIFEST",
    "Descriptor",
    "Index",
    "Manifest",
    "is_digest",
    "parse_document",
]

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = OCI_LAYER + "+gzip"
OCI_LAYER_ZSTD = OCI_LAYER + "+zstd"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

# What a registry may answer with when it is asked for a manifest.
ACCEPTED = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)

_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


def is_digest(text: object) -> bool:
    """Whether `text` is a digest by an algorithm that we can check; safe in a path if so."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True)
class Descriptor:
    """A blob by its digest.

    Args:
        digest: Of the blob as it is stored (of the compressed bytes where it is compressed).
        size: Bytes of the blob as it is stored.
        platform: In an index: for what the manifest is.
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.platform is not None:
            platform = {
                "architecture": self.platform.architecture,
                "os": self.platform.os,
                "variant": self.platform.variant,
            }
            data["platform"] = {key: value for key, value in platform.items() if value}
        if self.annotations:
            data["annotations"] = dict(self.annotations)
        return data

    @classmethod
    def from_json(cls, data: object) -> Descriptor:
        """The descriptor in `data`, which is not trusted.

        Raises:
            OciError: a field is missing or has another type; the digest is none that we can check.
        """
        if not isinstance(data, dict):
            raise OciError("a descriptor is no JSON object")
        digest, size = data.get("digest"), data.get("size")
        if not is_digest(digest):
            raise OciError(f"the digest {digest!r} cannot be checked", rule="expected sha256:...")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise OciError(f"the size {size!r} of {digest} is no number of bytes")
        annotations = data.get("annotations")
        return cls(
            media_type=str(data.get("mediaType") or ""),
            digest=str(digest),
            size=size,
            platform=_platform(data.get("platform")),
            annotations={
                str(key): str(value)
                for key, value in (annotations if isinstance(annotations, dict) else {}).items()
            },
        )


@dataclass(frozen=True)
class Manifest:
    """One image: its config and its layers, base first."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    media_type: str = OCI_MANIFEST

    def to_bytes(self) -> bytes:
        """The JSON whose digest names the image in a registry."""
        data = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }
        return json.dumps(data, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Index:
    """Manifests of one image for several platforms, or of several images."""

    manifests: tuple[Descriptor, ...] = ()
    media_type: str = OCI_INDEX

    def to_bytes(self) -> bytes:
        data = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "manifests": [manifest.to_json() for manifest in self.manifests],
        }
        return json.dumps(data, separators=(",", ":")).encode()


def parse_document(data: bytes, media_type: str = "") -> Manifest | Index:
    """A manifest or an index from bytes that are not trusted.

    Args:
        media_type: What the sender says it is; used where the document does not say it.

    Raises:
        OciError: it is neither, or a descriptor in it is wrong.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise OciError("the manifest is no JSON") from err
    if not isinstance(document, dict):
        raise OciError("the manifest is no JSON object")
    said = document.get("mediaType")
    kind = said if isinstance(said, str) and said else media_type
    if "manifests" in document and kind not in {OCI_MANIFEST, DOCKER_MANIFEST}:
        manifests = tuple(map(Descriptor.from_json, _list(document["manifests"])))
        return Index(manifests, kind or OCI_INDEX)
    if "config" not in document or kind in {OCI_INDEX, DOCKER_INDEX}:
        raise OciError(
            f"a manifest of type {kind or 'unknown'} cannot be used",
            rule="expected an image manifest or an index (schema version 2)",
        )
    layers = tuple(map(Descriptor.from_json, _list(document.get("layers"))))
    return Manifest(Descriptor.from_json(document["config"]), layers, kind or OCI_MANIFEST)


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _platform(data: object) -> Platform | None:
    if not isinstance(data, dict):
        return None
    system, architecture = data.get("os"), data.get("architecture")
    variant = data.get("variant")
    return Platform(str(system or ""), str(architecture or ""), str(variant or ""))
