"""Digests of the OCI image specification (descriptor.md, config.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["EMPTY_LAYER_DIFF_ID", "chain_id", "sha256_digest", "short_id"]

# Diff ID of a tar that holds no entry (1,024 zero bytes): the layer of a RUN that changes nothing.
EMPTY_LAYER_DIFF_ID = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def sha256_digest(data: bytes) -> str:
    """The digest of `data` as `sha256:<64 hex digits>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def short_id(digest: str) -> str:
    """The 12 hex digits by which an image or container ID is shown everywhere."""
    return digest.removeprefix("sha256:")[:12]


def chain_id(diff_ids: Sequence[str]) -> str:
    """The chain ID of a stack of layers (config.md, "Layer ChainID"); "" for no layers."""
    current = ""
    for diff_id in diff_ids:
        current = sha256_digest(f"{current} {diff_id}".encode()) if current else diff_id
    return current
