"""Names of tar entries, which may say anything."""

from __future__ import annotations

from dockernb.errors import OciError

__all__ = ["OPAQUE", "WHITEOUT", "parts_of"]

# The OCI image specification, layer.md, "Whiteouts".
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

_MOST_PARTS = 1024


def parts_of(name: str) -> tuple[str, ...]:
    """The names along the way from the root; () for the root itself.

    Raises:
        OciError: the way leads out of the root.
    """
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if ".." in parts or "\0" in name or len(parts) > _MOST_PARTS:
        raise OciError(
            f"unsafe path {name[:200]!r} in an archive",
            rule="a path may not hold .. or NUL, nor have more than a thousand parts",
            state="Nothing of the archive is used.",
        )
    return parts
