"""How much an archive may ask for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds on an archive that is loaded; what goes beyond one is refused.

    Args:
        archive: Bytes of the whole archive, uncompressed. As much room is needed on the disk.
        layer: Bytes of one layer, uncompressed.
        document: Bytes of a manifest, an index or an image config. Registries take 4 MiB.
        members: Files, folders and links in the archive.
        images: Images in the archive.
        layers: Layers of one image. Docker itself stops at 127.
    """

    archive: int = 64 * _GIB
    layer: int = 32 * _GIB
    document: int = 4 << 20
    members: int = 100_000
    images: int = 1_000
    layers: int = 1_000
