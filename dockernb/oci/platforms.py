"""Which platform of an image is meant: image-index.md, "platform" and its variants."""

from __future__ import annotations

from collections.abc import Iterable

from .config import Platform
from .manifest import Descriptor

__all__ = ["find_platform", "is_attestation", "matches"]

# What a variant is when nothing is said of it; containerd's platforms package has the same rules.
_DEFAULT_VARIANTS = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
_UNKNOWN = Platform("unknown", "unknown")
# BuildKit's docs/attestations/attestation-storage.md.
_REFERENCE_TYPE = "vnd.docker.reference.type"


def matches(image: Platform, wanted: Platform) -> bool:
    """Whether an image of one platform can stand for the other. arm64 and arm64/v8 are the same."""

    def normal(platform: Platform) -> tuple[str, str, str]:
        default = _DEFAULT_VARIANTS.get(platform.architecture, "")
        return platform.os, platform.architecture, platform.variant or default

    return normal(image) == normal(wanted)


def is_attestation(descriptor: Descriptor) -> bool:
    """Whether an index's entry is no image, but says something about one (SBOM, provenance)."""
    return descriptor.platform == _UNKNOWN or _REFERENCE_TYPE in descriptor.annotations


def find_platform(manifests: Iterable[Descriptor], wanted: Platform) -> Descriptor | None:
    """The first entry of an index for `wanted`, or None.

    An entry that does not say its platform is taken if it is the only image there is.
    """
    images = [entry for entry in manifests if not is_attestation(entry)]
    for entry in images:
        if entry.platform is not None and matches(entry.platform, wanted):
            return entry
    if len(images) == 1 and images[0].platform is None:
        return images[0]
    return None
