"""Extended attributes: which of them belong to an image, and how a tar holds them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["image_attributes", "image_records", "set_attributes"]

# pax records of star, which all builders write (and read).
_RECORD = "SCHILY.xattr."
_CAPABILITY = "security.capability"
# The overlay's and our own notes; an image that carries them could forge both.
_NOTES = ("user.dockernb.", "user.overlay.", "trusted.")


def image_attributes(folder: int, name: str) -> dict[str, str]:
    """The pax records for the attributes of an entry that are the image's own."""
    path = f"/proc/self/fd/{folder}/{name}"
    found: dict[str, str] = {}
    with suppress(OSError):
        for attribute in os.listxattr(path, follow_symlinks=False):
            if _belongs(attribute):
                value = os.getxattr(path, attribute, follow_symlinks=False)
                found[_RECORD + attribute] = value.decode("utf-8", "surrogateescape")
    return found


def image_records(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a tar entry's pax records that tell of an attribute of the image."""
    return {
        key: value
        for key, value in headers.items()
        if key.startswith(_RECORD) and _belongs(key.removeprefix(_RECORD))
    }


def set_attributes(folder: int, name: str, headers: Mapping[str, str]) -> None:
    """Sets what the pax records say; what the file system cannot hold is left out."""
    for key, value in image_records(headers).items():
        data = value.encode("utf-8", "surrogateescape")
        with suppress(OSError):
            path = f"/proc/self/fd/{folder}/{name}"
            os.setxattr(path, key.removeprefix(_RECORD), data, follow_symlinks=False)


def _belongs(attribute: str) -> bool:
    own = attribute == _CAPABILITY or attribute.startswith("user.")
    return own and not attribute.startswith(_NOTES)
