"""Names of a layer's folders and files in the store."""

from __future__ import annotations

__all__ = ["digits", "layer_name"]


def layer_name(diff_id: str) -> str:
    """Name of an unpacked layer's folder: 127 of them must fit into the options of a mount."""
    return digits(diff_id)[:20]


def digits(digest: str) -> str:
    """The hex digits of a digest."""
    return digest.removeprefix("sha256:")
