"""Owners of files that the kernel cannot keep, in extended attributes of the files.

In a user namespace with one ID every file is 0:0. The truth stands in `user.dockernb.owner`, as
"uid:gid" or "uid:gid:c:major:minor" (an empty regular file that stands for a device node). It
follows rename and hard links and is copied up by overlay. 0:0 is not recorded.

Symbolic links, pipes and sockets cannot have user.* attributes (xattr(7)). Their owners stand in
`user.dockernb.links` of the folder that holds them: records of inode number, a check of the birth
time (inode numbers are used again), uid and gid. They survive a rename within the folder and are
lost by one into another folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from . import syscalls
from .opened_up import opened_up

__all__ = ["LINKS_XATTR", "OWNER_XATTR", "Device", "Owner", "read_owner", "write_owner"]

OWNER_XATTR = "user.dockernb.owner"
LINKS_XATTR = "user.dockernb.links"

_RECORD = struct.Struct("<QIII")
_MOST_ID = 0xFFFFFFFE
_STATX_BASIC_AND_BIRTH = 0xFFF
_NONE = {errno.ENODATA, errno.ENOTSUP, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Device:
    """A device node: character or block, and its numbers."""

    kind: Literal["c", "b"]
    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a file, in the guest's numbers."""

    uid: int = 0
    gid: int = 0
    device: Device | None = None


def parse_owner(value: bytes) -> Owner | None:
    """An owner as the attribute has it; None if that is not what it has."""
    parts = value.split(b":")
    kinds: dict[bytes, Literal["c", "b"]] = {b"c": "c", b"b": "b"}
    digits = (*parts[:2], *parts[3:])
    if len(parts) not in {2, 5} or not all(part.isdigit() and len(part) < 11 for part in digits):
        return None
    uid, gid, *device = [int(part) for part in digits]
    if max(uid, gid, *device) > _MOST_ID:
        return None
    if not device:
        return Owner(uid, gid)
    kind = kinds.get(parts[2])
    return Owner(uid, gid, Device(kind, *device)) if kind else None


def format_owner(owner: Owner) -> bytes:
    """The attribute's value for an owner."""
    text = f"{owner.uid}:{owner.gid}"
    if owner.device:
        text += f":{owner.device.kind}:{owner.device.major}:{owner.device.minor}"
    return text.encode()


def read_owner(path: str | bytes | int, *, dir_fd: int | None = None) -> Owner | None:
    """The recorded owner of a path (its last link not followed) or of an open descriptor.

    None when nothing is recorded: the file is 0:0. A symbolic link given by descriptor alone has
    no folder to look in: give its path.
    """
    name, attributes = _attributes_of(path, dir_fd)
    if attributes is None:
        return _read_link(name, dir_fd)
    try:
        return parse_owner(os.getxattr(attributes, OWNER_XATTR))
    except PermissionError as error:
        if error.errno != errno.EACCES:
            return None
    except OSError as error:
        if error.errno in _NONE:
            return None
        raise
    with opened_up(attributes):
        return read_owner(path, dir_fd=dir_fd)


def write_owner(path: str | bytes | int, owner: Owner, *, dir_fd: int | None = None) -> None:
    """Records the owner of a path (its last link not followed) or of an open file or folder.

    0:0 removes the record.

    Raises:
        OSError: ENOSPC when a folder holds more links with owners than its attribute can take;
            ENOTSUP when the file system has no user.* attributes.
    """
    name, attributes = _attributes_of(path, dir_fd)
    if attributes is None:
        _write_link(name, owner, dir_fd)
        return
    try:
        _write_attribute(attributes, owner)
    except PermissionError as error:
        if error.errno != errno.EACCES:
            raise
        with opened_up(attributes):  # its mode says that nobody may write
            _write_attribute(attributes, owner)


def _write_attribute(path: str, owner: Owner) -> None:
    if owner != Owner():
        os.setxattr(path, OWNER_XATTR, format_owner(owner))
        return
    try:
        os.removexattr(path, OWNER_XATTR)
    except OSError as error:
        if error.errno == errno.EACCES:
            raise


def _attributes_of(path: str | bytes | int, dir_fd: int | None) -> tuple[bytes, str | None]:
    """The path, and by which one its attributes are reached; None for links, pipes, sockets."""
    if isinstance(path, int):
        return b"", f"/proc/self/fd/{path}"
    name = os.fsencode(path)
    status = os.lstat(name, dir_fd=dir_fd)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return name, None
    if dir_fd is None:
        return name, os.fsdecode(name)
    return name, f"/proc/self/fd/{dir_fd}/{os.fsdecode(name)}"


def _read_link(name: bytes, dir_fd: int | None) -> Owner | None:
    with _folder_of(name, dir_fd) as (folder, base):
        key = _key(folder, base)
        for record in _records(folder):
            if record[:2] == key:
                return Owner(*record[2:])
    return None


def _write_link(name: bytes, owner: Owner, dir_fd: int | None) -> None:
    with _folder_of(name, dir_fd) as (folder, base):
        key = _key(folder, base)
        records = [record for record in _records(folder) if record[0] != key[0]]
        if owner != Owner():
            records.append((*key, owner.uid, owner.gid))
        try:
            _store(folder, records)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.E2BIG, errno.ERANGE}:
                raise
            _store(folder, _still_there(folder, records))


@contextlib.contextmanager
def _folder_of(name: bytes, dir_fd: int | None):  # type: ignore[no-untyped-def]
    parent, base = os.path.split(name.rstrip(b"/"))
    folder = os.open(parent or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        yield folder, base
    finally:
        os.close(folder)


def _key(folder: int, base: bytes) -> tuple[int, int]:
    descriptor = os.open(base, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        status = syscalls.statx_into(descriptor, 0, _STATX_BASIC_AND_BIRTH)
    finally:
        os.close(descriptor)
    # struct statx: stx_ino at 32, stx_btime at 80 (zero where the file system keeps none).
    inode = int.from_bytes(status[32:40], "little")
    return inode, zlib.crc32(status[80:92])


def _records(folder: int) -> list[tuple[int, int, int, int]]:
    try:
        value = os.getxattr(folder, LINKS_XATTR)
    except OSError as error:
        if error.errno in _NONE:
            return []
        raise
    whole = len(value) - len(value) % _RECORD.size
    return list(_RECORD.iter_unpack(value[:whole]))


def _store(folder: int, records: list[tuple[int, int, int, int]]) -> None:
    if records:
        os.setxattr(folder, LINKS_XATTR, b"".join(_RECORD.pack(*record) for record in records))
        return
    with contextlib.suppress(OSError):
        os.removexattr(folder, LINKS_XATTR)


def _still_there(
    folder: int, records: list[tuple[int, int, int, int]]
) -> list[tuple[int, int, int, int]]:
    with os.scandir(folder) as entries:
        inodes = {entry.inode() for entry in entries}
    return [record for record in records if record[0] in inodes]
