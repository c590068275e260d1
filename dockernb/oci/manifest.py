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

_INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})
# The largest int64, which is what descriptor.md has for sizes.
_LARGEST = (1 << 63) - 1
_LONGEST_SHOWN = 100
_HINT = "Pull the image again, or have it pushed again by whoever made it."

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
            raise OciError("a descriptor is no JSON object", hint=_HINT)
        digest, size = data.get("digest"), data.get("size")
        if not is_digest(digest):
            raise OciError(
                f'the digest "{_shown(digest)}" cannot be checked',
                rule="expected sha256: and 64 hex digits",
                hint=_HINT,
            )
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST:
            raise OciError(
                f'the size "{_shown(size)}" of {digest} is no number of bytes',
                rule=f"expected a whole number from 0 to {_LARGEST}",
                hint=_HINT,
            )
        return cls(
            media_type=_text(data.get("mediaType")),
            digest=str(digest),
            size=size,
            platform=_platform(data.get("platform")),
            annotations=_annotations(data.get("annotations")),
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
        OciError: it is neither, or could be taken for either, or a descriptor in it is wrong.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise OciError("the manifest is no JSON", hint=_HINT) from err
    if not isinstance(document, dict):
        raise OciError("the manifest is no JSON object", hint=_HINT)
    kind = _kind(document, media_type)
    if kind in _INDEXES:
        manifests = tuple(map(Descriptor.from_json, _list(document, "manifests")))
        return Index(manifests, kind)
    layers = tuple(map(Descriptor.from_json, _list(document, "layers")))
    return Manifest(Descriptor.from_json(document["config"]), layers, kind)


def _kind(document: Mapping[str, Any], said: str) -> str:
    """The media type: the document's own, else the sender's if it is one, else by its fields.

    The fields must go with it. A document with those of both kinds means different images to
    different readers (CVE-2021-41190): it is refused.
    """
    has_config, has_manifests = "config" in document, "manifests" in document
    own = _text(document.get("mediaType")) or (said if said in ACCEPTED else "")
    kind = own or (OCI_INDEX if has_manifests else OCI_MANIFEST)
    is_index = kind in _INDEXES
    if kind not in ACCEPTED or has_manifests != is_index or has_config == is_index:
        raise OciError(
            f'a manifest of type "{_shown(own or said or "unknown")}" cannot be used',
            rule="expected an image manifest, with a config, or an index, with manifests "
            "(schema version 2)",
            hint=_HINT,
        )
    return kind


def _list(document: Mapping[str, Any], name: str) -> Sequence[object]:
    # Go writes null for a list without elements.
    value = document.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise OciError(f'"{name}" of the manifest is no list', hint=_HINT)
    return value


def _platform(data: object) -> Platform | None:
    if not isinstance(data, dict):
        return None
    system, architecture = _text(data.get("os")), _text(data.get("architecture"))
    if not system and not architecture:
        return None
    return Platform(system, architecture, _text(data.get("variant")))


def _annotations(data: object) -> dict[str, str]:
    items = data.items() if isinstance(data, dict) else ()
    return {key: value for key, value in items if isinstance(value, str)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: object) -> str:
    """A stranger's value in a form that can be shown."""
    text = value if isinstance(value, str) else repr(value)
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST_SHOWN])
