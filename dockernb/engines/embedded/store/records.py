"""What the store knows of an image beside its config: its manifest and its layers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dockernb.errors import OciError
from dockernb.oci.manifest import Descriptor, is_digest

__all__ = ["ImageRecord", "LayerRecord"]


@dataclass(frozen=True)
class LayerRecord:
    """One layer of an image.

    Args:
        diff_id: Digest of the uncompressed tar.
        blob: The layer as it lies in the layout, compressed or not.
        size: Bytes of the files in it.
    """

    diff_id: str
    blob: Descriptor
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"diff_id": self.diff_id, "blob": self.blob.to_json(), "size": self.size}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LayerRecord:
        return cls(data["diff_id"], Descriptor.from_json(data["blob"]), int(data["size"]))


@dataclass(frozen=True)
class ImageRecord:
    """One image.

    Args:
        id: Digest of the config, the image ID.
        manifest: What names config and layers in the layout.
        digest: Of the manifest or index in the registry that it came from, when known.
        made: Seconds since 1970 when it came into the store.
    """

    id: str
    manifest: Descriptor
    layers: tuple[LayerRecord, ...]
    digest: str | None = None
    made: float = 0.0

    @property
    def size(self) -> int:
        """Bytes of the files of all layers."""
        return sum(layer.size for layer in self.layers)

    def to_bytes(self) -> bytes:
        data = {
            "id": self.id,
            "manifest": self.manifest.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
            "digest": self.digest,
            "made": self.made,
        }
        return json.dumps(data).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ImageRecord:
        """The record.

        Raises:
            OciError: it is damaged.
        """
        try:
            found = json.loads(data)
            if not is_digest(found["id"]):
                raise ValueError(found["id"])
            return cls(
                found["id"],
                Descriptor.from_json(found["manifest"]),
                tuple(LayerRecord.from_json(layer) for layer in found["layers"]),
                found["digest"],
                float(found["made"]),
            )
        except (ValueError, KeyError, TypeError) as err:
            raise OciError("the record of an image in the store is damaged") from err
