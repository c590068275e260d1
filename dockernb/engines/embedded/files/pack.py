"""Packs entries of trees into a tar: a layer, or what somebody wants to read."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

from dockernb.engines.embedded.files.attributes import image_attributes
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.guest.opened_up import opened_up

__all__ = ["Packed", "Packer"]

_CHUNK = 1 << 20
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


@dataclass(frozen=True)
class Packed:
    """A tar that was written.

    Args:
        diff_id: Its digest.
        length: Its bytes.
        size: Bytes of the files in it.
    """

    diff_id: str
    length: int
    size: int


class Packer:
    """Writes a tar to a descriptor, entry by entry.

    Sockets are left out, since a tar has no type for them. The second name of a file becomes a hard
    link. Times are whole seconds, as builders write them.
    """

    def __init__(self, descriptor: int, owners: Owners) -> None:
        self._write_all = _writer(descriptor)
        self._owners = owners
        self._digest = hashlib.sha256()
        self._length = 0
        self._size = 0
        self._names: dict[tuple[int, int], str] = {}

    def add(self, archive_name: str, folder: int, name: str, status: os.stat_result) -> None:
        """Adds the entry `name` of an open folder as `archive_name`."""
        ownership = self._owners.read(folder, name, status)
        kind = _TYPES.get(ownership.type)
        if kind is None:
            return
        info = tarfile.TarInfo(archive_name)
        info.type = kind
        info.mode, info.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
        info.uid, info.gid = ownership.uid, ownership.gid
        info.devmajor, info.devminor = ownership.device
        if kind == tarfile.SYMTYPE:
            info.linkname = os.readlink(name, dir_fd=folder)
        elif kind != tarfile.DIRTYPE and status.st_nlink > 1:
            first = self._names.setdefault((status.st_dev, status.st_ino), archive_name)
            if first != archive_name:
                info.type, info.linkname = tarfile.LNKTYPE, first
                self._put(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
                return
        if kind != tarfile.SYMTYPE:
            info.pax_headers = image_attributes(folder, name)
        if kind == tarfile.REGTYPE:
            self._add_file(info, folder, name)
        else:
            self._put(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def add_marker(self, archive_name: str) -> None:
        """Adds an empty file: a whiteout."""
        info = tarfile.TarInfo(archive_name)
        info.mode = 0
        self._put(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def finish(self) -> Packed:
        """Ends the archive."""
        self._put(bytes(2 * tarfile.BLOCKSIZE))
        return Packed(f"sha256:{self._digest.hexdigest()}", self._length, self._size)

    def _add_file(self, info: tarfile.TarInfo, folder: int, name: str) -> None:
        descriptor = _open_file(folder, name)
        try:
            left = info.size = os.fstat(descriptor).st_size
            self._put(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
            while left and (piece := os.read(descriptor, min(_CHUNK, left))):
                self._put(piece)
                left -= len(piece)
        finally:
            os.close(descriptor)
        # A file that shrank meanwhile; nothing of a container runs, but a cache mount might be it.
        self._put(bytes(left + -info.size % tarfile.BLOCKSIZE))
        self._size += info.size

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._length += len(data)
        self._write_all(data)


def _open_file(folder: int, name: str) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=folder)
    except PermissionError:
        with opened_up(f"/proc/self/fd/{folder}/{name}"):  # ours, and closed by its mode
            return os.open(name, flags, dir_fd=folder)


def _writer(descriptor: int) -> Callable[[bytes], None]:
    def write_all(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return write_all
