"""Places that Podman makes in a container when it starts it, kept out of the snapshot.

Podman mounts /etc/hosts and its like, and makes what is missing in the container's own layer; its
commit keeps that. Docker has a layer of its own below the container's for them. Here it is made: a
RUN starts on the parent's layers and one more that holds these places. What is committed on top of
it is the change alone, and the snapshot is the parent's layers and that.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, cast

from dockernb.oci.byte_stream import StreamReader

from .archive import NAMES, Archive

__all__ = ["places_layer"]

_FILES = {"etc": ("hostname", "hosts", "mtab", "resolv.conf"), "run": (".containerenv",)}
_FOLDERS = ("dev", "proc", "sys")


def places_layer(image: Archive) -> bytes | None:
    """The layer for a container on this image: what it lacks; None if that is nothing."""
    buffer, empty = io.BytesIO(), True
    with tarfile.open(fileobj=buffer, mode="w", **NAMES) as tar:
        for name in _FOLDERS:
            if image.stat(f"/{name}") is None:
                tar.addfile(_folder(name))
                empty = False
        for name, files in _FILES.items():
            found = _content(image, name)
            missing = [file for file in files if f"{name}/{file}" not in found]
            # A folder that is there stays as it is: its entry is the image's own.
            folder = found.get(name) or _folder(name)
            if missing and folder.isdir():
                tar.addfile(folder)
                for file in missing:
                    tar.addfile(_file(f"{name}/{file}"))
                empty = False
    return None if empty else buffer.getvalue()


def _content(image: Archive, folder: str) -> Mapping[str, tarfile.TarInfo]:
    """The headers of a folder and of what is in it, by path; empty if it is not there."""
    try:
        chunks = image.read(f"/{folder}")
    except FileNotFoundError:
        return {}
    reader = cast("BinaryIO", StreamReader(chunks))
    with tarfile.open(fileobj=reader, mode="r|", **NAMES) as tar:
        return {header.name.strip("/"): header for header in tar}


def _folder(name: str) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.mode = tarfile.DIRTYPE, 0o755
    return header


def _file(name: str) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    if name == "etc/mtab":
        header.type, header.linkname = tarfile.SYMTYPE, "/proc/mounts"
    return header
