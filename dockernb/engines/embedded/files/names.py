"""Names of tar entries, which may say anything."""

from __future__ import annotations

from dockernb.errors import OciError

__all__ = ["OPAQUE", "WHITEOUT", "parts_of"]

# The OCI image specification, layer.md, "Whiteouts".
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

_MOST_PARTS = 1024
_LONGEST_PART = 255


def parts_of(name: str) -> tuple[str, ...]:
    """The names along the way from the root; () for the root itself.

    Raises:
        OciError: the way leads out of the root.
    """
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    # A whiteout is no file: the name behind its prefix is one.
    longest = max((len(part.removeprefix(WHITEOUT)) for part in parts), default=0)
    too_long = len(parts) > _MOST_PARTS or longest > _LONGEST_PART
    if ".." in parts or "\0" in name or too_long:
        raise OciError(
            f"unsafe path {name[:200]!r} in an archive",
            rule="a path may not hold .. or NUL, more than a thousand parts, or a part of more "
            "than 255 characters",
            state="Nothing of the archive is used.",
        )
    return parts
