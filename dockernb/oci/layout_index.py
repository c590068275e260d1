"""The entries of an image layout's index.json (image-layout.md, "index.json file").

They are edited as they stand: what other tools wrote, known to us or not, stays.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from ..errors import OciError
from .json_document import parse_object
from .manifest import OCI_INDEX, Descriptor

__all__ = ["REF_NAME", "encode_index", "name_of", "named", "new_index", "parse_index", "without"]

# annotations.md: "the name of the reference for a target".
REF_NAME = "org.opencontainers.image.ref.name"


def new_index() -> dict[str, Any]:
    """An index without entries."""
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


def parse_index(data: bytes, shown: str) -> dict[str, Any]:
    """The index in `data`, with a list of entries."""
    index = parse_object(data, shown)
    if not isinstance(index.setdefault("manifests", []), list):
        raise OciError(f"{shown} is no image index", rule='"manifests" is a list of descriptors.')
    return index


def encode_index(index: Mapping[str, Any]) -> bytes:
    return json.dumps(index, indent=1).encode()


def name_of(entry: object) -> str | None:
    """The reference name of an entry, if it has one."""
    annotations = entry.get("annotations") if isinstance(entry, dict) else None
    name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None


def named(index: Mapping[str, Any]) -> dict[str, Descriptor]:
    """The entries by name. Those whose digest we cannot check (sha512, say) are left out."""
    found: dict[str, Descriptor] = {}
    for entry in index["manifests"]:
        name = name_of(entry)
        if name is not None:
            with contextlib.suppress(OciError):
                found[name] = Descriptor.from_json(entry)
    return found


def without(index: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The index without the entries of that name."""
    kept = [entry for entry in index["manifests"] if name_of(entry) != name]
    return {**index, "manifests": kept}
