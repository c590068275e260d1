"""What a file's bytes are: text, a picture that is safe to show, or something else.

A picture is told by its first bytes, never by its name, and only raster formats that hold no
script count. Its size in pixels is read from its header: a small file can unfold to a very big one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["MAX_PIXELS", "Picture", "as_text", "picture_of"]

MAX_PIXELS = 40_000_000
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b\b")
_SAMPLE = 8192


@dataclass(frozen=True)
class Picture:
    """A raster picture: its mime type and its size in pixels."""

    mime: str
    width: int
    height: int


def picture_of(data: bytes) -> Picture | None:
    """The picture that the bytes are, if their header is whole and its size can be shown."""
    found = _png(data) or _gif(data) or _jpeg(data) or _webp(data)
    if found is None or not 0 < found.width * found.height <= MAX_PIXELS:
        return None
    return found


def as_text(data: bytes) -> str | None:
    """The bytes as text; None if they are not UTF-8 or hold control characters.

    A character cut off at the end is left out.
    """
    head = data[:_SAMPLE]
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head):
        return None
    for cut in range(4):
        try:
            text = data[: len(data) - cut].decode("utf-8-sig")
        except UnicodeDecodeError as err:
            if err.end < len(data) - cut - 3 or err.start < len(data) - 4:
                return None
        else:
            return None if "\0" in text else text
    return None


def _png(data: bytes) -> Picture | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return Picture("image/png", width, height)


def _gif(data: bytes) -> Picture | None:
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 10:
        return None
    return Picture("image/gif", *struct.unpack("<HH", data[6:10]))


def _jpeg(data: bytes) -> Picture | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Picture("image/jpeg", width, height)
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _webp(data: bytes) -> Picture | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    form = data[12:16]
    if form == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif form == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif form == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
    else:
        return None
    return Picture("image/webp", width, height)
