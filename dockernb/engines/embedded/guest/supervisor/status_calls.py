"""The stat family: the kernel's answer, with the recorded owner and device written over it."""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from .. import syscalls
from ..owners import Owner, read_owner
from .context import GO_ON, Context, Handlers, int32, uint32
from .notify import Call
from .paths import AT_FDCWD, open_parent, open_path
from .permissions import check_way
from .process import read_path, write_memory

__all__ = ["handlers"]

_AT_SYMLINK_NOFOLLOW, _AT_EMPTY_PATH = 0x100, 0x1000
#: How ids without a mapping look inside a user namespace (/proc/sys/kernel/overflowuid).
_UNMAPPED = 65534


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    status = _Status(context)
    return {
        "stat": lambda call: status.named(call, AT_FDCWD, call.args[0], 0, call.args[1]),
        "lstat": lambda call: status.named(
            call, AT_FDCWD, call.args[0], _AT_SYMLINK_NOFOLLOW, call.args[1]
        ),
        "newfstatat": lambda call: status.named(
            call, int32(call.args[0]), call.args[1], uint32(call.args[3]), call.args[2]
        ),
        "fstat": lambda call: status.opened(call, int32(call.args[0]), call.args[1]),
        "statx": status.extended,
    }


class _Status:
    def __init__(self, context: Context) -> None:
        self._context = context

    def opened(self, call: Call, descriptor: int, buffer: int) -> int:
        return self._answer(call, descriptor, b"", 0, buffer)

    def named(self, call: Call, folder: int, path: int, flags: int, buffer: int) -> int:
        name = read_path(call, path) if path else b""
        if not name and not flags & _AT_EMPTY_PATH:
            return GO_ON
        return self._answer(call, folder, name, flags, buffer)

    def extended(self, call: Call) -> int:
        folder, path, flags, mask, buffer = call.args[:5]
        name = read_path(call, path) if path else b""
        if not name and not flags & _AT_EMPTY_PATH:
            return GO_ON
        return self._answer(call, int32(folder), name, uint32(flags), buffer, mask=uint32(mask))

    def _answer(
        self, call: Call, folder: int, path: bytes, flags: int, buffer: int, mask: int | None = None
    ) -> int:
        follow = not flags & _AT_SYMLINK_NOFOLLOW
        served = self._context.served
        descriptor = served.open_status(call.pid, folder, path, follow) if served else None
        owner: Owner | None = None
        if served and descriptor is not None:
            owner = served.owner(call.pid, folder, path)
        elif descriptor is None:
            if path.startswith(b"/proc/") and not self._context.traced:
                return GO_ON
            try:
                descriptor = open_path(call.pid, folder, path, follow=follow)
            except OSError:
                return GO_ON  # the kernel knows the error, and the guest's own /proc/self
            owner = self._owner(call, folder, path, descriptor)
        try:
            self._check_reachable(call, folder, path)
            if owner is None:
                return GO_ON
            content = self._status(descriptor, flags, mask, owner)
        finally:
            os.close(descriptor)
        write_memory(call, buffer, content)
        return 0

    def _check_reachable(self, call: Call, folder: int, path: bytes) -> None:
        """Raises EACCES where a user may not search the folders on the way."""
        ids = self._context.restricted(call)
        if ids is None or not path or path.startswith((b"/dev/", b"/proc/", b"/sys/")):
            return
        check_way(ids, call, folder, path)

    def _owner(self, call: Call, folder: int, path: bytes, descriptor: int) -> Owner | None:
        """The owner to show, or None when the kernel's answer is right."""
        try:
            found = read_owner(descriptor)
        except OSError:
            found = None
        if found is not None:
            return found
        status = os.fstat(descriptor)
        if status.st_uid == _UNMAPPED:
            return Owner()
        # Without a user namespace, nothing but the record makes a file root's.
        other = Owner() if self._context.traced else None
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or not path:
            return other
        try:
            parent, name = open_parent(call.pid, folder, path)
        except OSError:
            return other
        try:
            return read_owner(name, dir_fd=parent) or other
        except OSError:
            return other
        finally:
            os.close(parent)

    def _status(self, descriptor: int, flags: int, mask: int | None, owner: Owner) -> bytes:
        arch = self._context.arch
        if mask is not None:
            content = syscalls.statx_into(descriptor, flags, mask)
            # struct statx: uid 20, gid 24, mode 28 (16 bits), rdev 128 and 132.
            struct.pack_into("=II", content, 20, owner.uid, owner.gid)
            if owner.device:
                kind = _device_type(owner) | struct.unpack_from("=H", content, 28)[0] & 0o7777
                struct.pack_into("=H", content, 28, kind)
                struct.pack_into("=II", content, 128, owner.device.major, owner.device.minor)
            return bytes(content)
        buffer = (ctypes.c_char * arch.stat_bytes)()
        syscalls.raw(arch.newfstatat, descriptor, b"", buffer, syscalls.AT_EMPTY_PATH, what="stat")
        content = bytearray(buffer.raw)
        struct.pack_into("=I", content, arch.stat_uid, owner.uid)
        struct.pack_into("=I", content, arch.stat_gid, owner.gid)
        if owner.device:
            mode = struct.unpack_from("=I", content, arch.stat_mode)[0] & 0o7777
            struct.pack_into("=I", content, arch.stat_mode, mode | _device_type(owner))
            number = os.makedev(owner.device.major, owner.device.minor)
            struct.pack_into("=Q", content, arch.stat_rdev, number)
        return bytes(content)


def _device_type(owner: Owner) -> int:
    return stat.S_IFCHR if owner.device and owner.device.kind == "c" else stat.S_IFBLK
