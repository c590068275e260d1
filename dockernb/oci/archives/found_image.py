"""An image in a spooled archive, before its layers are checked."""

from __future__ import annotations

from dataclasses import dataclass

from ..manifest import Descriptor
from .spool import SpooledFile

__all__ = ["FoundImage", "FoundLayer"]


@dataclass(frozen=True)
class FoundLayer:
    """A layer, plain or compressed, and the diff ID that it must have."""

    file: SpooledFile
    diff_id: str


@dataclass(frozen=True)
class FoundImage:
    """What an archive says an image is; documents and names are checked, layers are not.

    Args:
        names: In full.
        manifest: Its bytes, as they are to be stored.
        descriptor: Of the manifest.
    """

    names: tuple[str, ...]
    manifest: bytes
    descriptor: Descriptor
    config: SpooledFile
    layers: tuple[FoundLayer, ...]
