"""Which platform of an image is meant: image-index.md, "platform" and its variants."""

from __future__ import annotations

from collections.abc import Iterable

from .config import Platform
from .manifest import Descriptor

__all__ = ["find_platform", "is_attestation", "matches", "platform_of"]

# What a variant is when nothing is said of it; containerd's platforms package has the same rules.
_DEFAULT_VARIANTS = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
_UNKNOWN = Platform("unknown", "unknown")
# Names of machines as `uname` gives them -> names and variants as Go and image configs call them.
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armv8l": ("arm", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "loongarch64": ("loong64", ""),
}
# BuildKit's docs/attestations/attestation-storage.md.
_REFERENCE_TYPE = "vnd.docker.reference.type"


def platform_of(system: str, machine: str) -> Platform:
    """The platform of a machine: `linux`, and a name as `uname -m` gives it."""
    architecture, variant = _ARCHITECTURES.get(machine, (machine, ""))
    return Platform(system or "linux", architecture or "amd64", variant)


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
