"""Tars that lie, header by header: what no writer of archives would make."""

from __future__ import annotations

import tarfile
from typing import Any

__all__ = ["END", "header", "hostile_tars", "pax"]

END = bytes(1024)


def header(
    kind: bytes = tarfile.REGTYPE, size: int = 0, name: str = "x", content: bytes = b"", **more: Any
) -> bytes:
    """A header with its content behind it, padded; the size is what it says, not what it has."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size or len(content)
    for field, value in more.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def pax(kind: bytes = tarfile.XHDTYPE, **records: str) -> bytes:
    """A pax header; `GNU__sparse__major` stands for "GNU.sparse.major"."""
    data = b""
    for key, value in records.items():
        record = f"{key.replace('__', '.')}={value}\n".encode()
        length = len(record) + 2
        while len(f"{length} ") + len(record) != length:
            length += 1
        data += f"{length} ".encode() + record
    return header(kind, content=data)


# What is hostile whoever reads it, and a word of what is said of it.
_FILE = header()
hostile_tars: dict[str, tuple[bytes, str]] = {
    "a size below zero": (header(size=-1024), "says it has -1,024 bytes"),
    "a size that leads back": (_FILE + header(size=-2048), "says it has -2,048 bytes"),
    "a pax size below zero": (pax(size="-1024") + _FILE, "wrong number"),
    "a pax size that is no number": (pax(size="many") + _FILE, "wrong number"),
    "a pax size beyond the archive": (pax(size="1" + "0" * 14) + _FILE, "end|beyond|bytes"),
    "an owner below zero": (header(uid=-2), "has the owner -2:0"),
    "an owner beyond all": (pax(uid="9" * 18) + _FILE, "has the owner"),
    "a device below zero": (header(tarfile.BLKTYPE, devmajor=-1, devminor=1), "the device -1:1"),
    "a pax header of gigabytes": (header(tarfile.XHDTYPE, 1 << 33), "at most 1,048,576"),
    "a pax header below zero": (header(tarfile.XHDTYPE, -512), "at most 1,048,576"),
    "a long name of gigabytes": (header(tarfile.GNUTYPE_LONGNAME, 1 << 33), "at most 1,048,576"),
    "headers without end": (pax(comment="x") * 5000 + _FILE, "headers speak of one file"),
    "a megabyte of digits": (
        header(tarfile.XHDTYPE, content=b"9" * 1_000_000) + _FILE, "wrong record",
    ),
    "a record without end": (header(tarfile.XHDTYPE, content=b"99 path=x\n") + _FILE, "record"),
    "pax and GNU say two names": (
        header(tarfile.GNUTYPE_LONGNAME, content=b"good\0") + pax(path="evil") + _FILE,
        "one name as GNU tar writes it and another",
    ),
    "pax and GNU say two targets": (
        pax(linkpath="evil")
        + header(tarfile.GNUTYPE_LONGLINK, content=b"good\0")
        + header(tarfile.SYMTYPE, linkname="x"),
        "one name as GNU tar writes it and another",
    ),
    "a name with NUL": (pax(path="a\0b") + _FILE, "NUL"),
    "a target with NUL": (pax(linkpath="a\0b") + header(tarfile.SYMTYPE), "NUL"),
    "a link to nothing": (header(tarfile.SYMTYPE), "a link whose target has 0 characters"),
    "a target beyond all": (
        pax(linkpath="a/" * 4000) + header(tarfile.SYMTYPE), "a link whose target has 7,999|8,000"
    ),
    "a header for no file": (_FILE + pax(comment="x"), "stands before no file|cut|end"),
    "a damaged header": (_FILE + b"\xff" * 512, "damaged"),
    "a header that is cut": (_FILE + header()[:100], "end|cut|truncated|damaged"),
    "holes by an old map": (pax(GNU__sparse__map="0,1") + _FILE, "sparse|number"),
    "holes by a wrong map": (
        pax(GNU__sparse__major="1", GNU__sparse__minor="0", GNU__sparse__realsize="9" * 16)
        + header(content=b"1\n10\n-5\n"),
        "sparse",
    ),
}  # fmt: skip
