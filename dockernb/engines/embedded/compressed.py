"""Layers on their way to a registry: compressed, and remembered by what they became.

The store keeps the layers that it makes as plain tars. Their compressed form is made when a
registry does not have it, and thrown away after; only its digest is kept: the next push can ask.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.names import digits
from dockernb.errors import BuildInterruptedError, OciError
from dockernb.oci.durable import write_atomically
from dockernb.oci.manifest import OCI_LAYER, OCI_LAYER_GZIP, Descriptor

__all__ = ["compress", "is_plain", "known_compressed", "remember_compressed"]

_CHUNK = 1 << 20
#: zlib's own default, and a gzip header (RFC 1952) without name and time: no push differs by them.
_LEVEL, _GZIP = 6, 16 + zlib.MAX_WBITS


def is_plain(layer: Descriptor) -> bool:
    """Whether it is a layer that is not compressed."""
    return layer.media_type == OCI_LAYER


def known_compressed(folders: StoreFolders, layer: Descriptor) -> Descriptor | None:
    """What the layer became when it was compressed before; None if nobody remembers."""
    with suppress(OSError, ValueError, OciError):
        return Descriptor.from_json(json.loads(_note(folders, layer).read_bytes()))
    return None


def remember_compressed(folders: StoreFolders, layer: Descriptor, made: Descriptor) -> None:
    """For `known_compressed`."""
    write_atomically(_note(folders, layer), json.dumps(made.to_json()).encode())


def compress(source: Path, target: Path, layer: Descriptor, cancel: threading.Event) -> Descriptor:
    """Writes the gzip form of the layer at `source` to `target`; returns its descriptor.

    Raises:
        BuildInterruptedError: `cancel` was set.
    """
    digest, size = hashlib.sha256(), 0
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    with source.open("rb") as plain, target.open("wb") as file:
        while chunk := plain.read(_CHUNK):
            if cancel.is_set():
                raise BuildInterruptedError("the push was interrupted")
            data = packer.compress(chunk)
            digest.update(data)
            size += file.write(data)
        data = packer.flush()
        digest.update(data)
        size += file.write(data)
    found = f"sha256:{digest.hexdigest()}"
    return replace(layer, media_type=OCI_LAYER_GZIP, digest=found, size=size)


def _note(folders: StoreFolders, layer: Descriptor) -> Path:
    return folders.compressed / digits(layer.digest)
