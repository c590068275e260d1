"""Linux system calls that Python has no function for, by ctypes.

Numbers of calls newer than Linux 5.1 are the same on all architectures; older ones are in `arch`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

__all__ = [
    "clone",
    "close_on_exec_from",
    "drop_bounding_set",
    "mount",
    "mount_step_by_step",
    "openat2",
    "pivot_root",
    "prctl",
    "raw",
    "restrict_mount",
    "statx_into",
    "sync_file_system",
    "trace_me",
    "umount",
    "unshare",
]

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = 32, 4096, 16384, 1 << 18, 1 << 19
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x02, 0x08, 0x10
AT_EMPTY_PATH = 0x1000

#: Of a call during which others rename and mount: one in eight fails where they do nothing else.
_MOST_TRIES = 10_000
_OPENAT2, _CLOSE_RANGE, _MOUNT_SETATTR = 437, 436, 442
_MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT = 429, 430, 431, 432
# linux/mount.h: enum fsconfig_command.
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6
_NUMBERS = {
    "x86_64": {"clone": 56, "pivot_root": 155, "statx": 332, "seccomp": 317, "ptrace": 101},
    "aarch64": {"clone": 220, "pivot_root": 41, "statx": 291, "seccomp": 277, "ptrace": 117},
}
#: What Docker leaves in the capability bounding set: chown, dac_override, fowner, fsetid, kill,
#: setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
DOCKER_CAPABILITIES = 0xA80425FB

_libc = ctypes.CDLL(None, use_errno=True)
# Holds the interpreter lock during the call: a child of clone(2) must not have to take it.
_locked = ctypes.PyDLL(None, use_errno=True)


def _number(name: str) -> int:
    return _NUMBERS[platform.machine()][name]


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _bytes(value: str | bytes | None) -> bytes | None:
    return None if value is None else os.fsencode(value)


def raw(number: int, *arguments: object, what: str = "system call") -> int:
    """Any system call: pointers and integers as ctypes takes them."""
    return _checked(int(_libc.syscall(ctypes.c_long(number), *arguments)), what)


def seccomp(operation: int, flags: int, pointer: object) -> int:
    """The system call seccomp."""
    return raw(_number("seccomp"), operation, flags, pointer, what="seccomp")


def mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str = ""
) -> None:
    """Mounts something; the arguments are those of the system call."""
    result = _libc.mount(
        _bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data or None)
    )
    what = kind or source
    _checked(result, f"mount {what} on {target}" if what else f"change the mount at {target}")


def mount_step_by_step(kind: str, options: Sequence[tuple[str, str | None]], target: str) -> None:
    """Mounts a file system by fsopen(2), which takes any number of options, each of 255 bytes.

    Args:
        options: In this order; None for an option without a value.
    """
    cloexec, at_fdcwd, of_the_descriptor_itself = 1, -100, 4
    context = raw(_FSOPEN, _bytes(kind), cloexec, what="fsopen")
    try:
        for name, value in options:
            action = _SET_FLAG if value is None else _SET_STRING
            what = f"mount {kind}: {name}"
            raw(_FSCONFIG, context, action, _bytes(name), _bytes(value), 0, what=what)
        raw(_FSCONFIG, context, _CREATE, None, None, 0, what=f"mount {kind} on {target}")
        made = raw(_FSMOUNT, context, cloexec, 0, what=f"mount {kind} on {target}")
    finally:
        os.close(context)
    try:
        arguments = (made, b"", at_fdcwd, _bytes(target), of_the_descriptor_itself)
        raw(_MOVE_MOUNT, *arguments, what=f"mount {kind} on {target}")
    finally:
        os.close(made)


def sync_file_system(descriptor: int) -> None:
    """Waits until all that was written to the descriptor's file system is on its disk (syncfs)."""
    _checked(_libc.syncfs(descriptor), "syncfs")


def umount(target: str, flags: int = MNT_DETACH) -> None:
    """Takes a mount away."""
    _checked(_libc.umount2(_bytes(target), flags), f"umount {target}")


def unshare(flags: int) -> None:
    """Leaves the namespaces in `flags` for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def pivot_root(new_root: str, put_old: str) -> None:
    """Swaps the root mount."""
    raw(_number("pivot_root"), _bytes(new_root), _bytes(put_old), what="pivot_root")


def prctl(option: int, value: int) -> None:
    """One prctl option with one argument."""
    arguments = (ctypes.c_ulong(word) for word in (value, 0, 0, 0))
    _checked(_libc.prctl(option, *arguments), f"prctl {option}")


def trace_me() -> None:
    """Lets the parent trace this process (ptrace(2), PTRACE_TRACEME)."""
    raw(_number("ptrace"), 0, 0, 0, 0, what="ptrace")


def restrict_mount(target: str, *, recursive: bool) -> None:
    """Makes a mount (and what is mounted below it) read-only, nosuid left as it is.

    mount_setattr(2) of Linux 5.12; before, only the mount itself can be changed.
    """
    at_fdcwd, read_only, at_recursive = -100, 1, 0x8000
    attributes = struct.pack("QQQQ", read_only, 0, 0, 0)
    flags = at_recursive if recursive else 0
    try:
        raw(_MOUNT_SETATTR, at_fdcwd, _bytes(target), flags, attributes, len(attributes))
    except OSError:
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def drop_bounding_set(keep: int = DOCKER_CAPABILITIES) -> None:
    """Takes all capabilities that are not in the mask `keep` from what execve(2) may give."""
    for capability in range(64):
        if not keep >> capability & 1:
            try:
                prctl(PR_CAPBSET_DROP, capability)
            except OSError:
                return  # past the last capability of this kernel, or not allowed to drop any


def close_on_exec_from(first: int) -> None:
    """Marks all descriptors from `first` on close-on-exec."""
    try:
        raw(_CLOSE_RANGE, first, ctypes.c_uint(0xFFFFFFFF), 4)
    except OSError:
        for name in os.listdir("/proc/self/fd"):
            if int(name) >= first:
                _without_inheritance(int(name))


def _without_inheritance(descriptor: int) -> None:
    try:
        os.set_inheritable(descriptor, False)
    except OSError:
        return  # the listing's own descriptor


def openat2(folder: int, path: bytes, flags: int, resolve: int, mode: int = 0) -> int:
    """An open descriptor, close-on-exec, with restrictions on how the path is resolved.

    Where anything on the machine is renamed or mounted while the kernel goes up through "..", it
    says EAGAIN, because it cannot tell whether that led out (openat2(2)): it is asked again.
    """
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, mode, resolve)
    arguments = (_OPENAT2, folder, path, how, len(how))
    for _ in range(_MOST_TRIES - 1):
        try:
            return raw(*arguments, what=os.fsdecode(path))
        except BlockingIOError:
            continue
    return raw(*arguments, what=os.fsdecode(path))


def statx_into(descriptor: int, flags: int, mask: int) -> bytearray:
    """Struct statx (256 bytes) of an open descriptor."""
    buffer = (ctypes.c_char * 256)()
    flags = flags & 0x6000 | AT_EMPTY_PATH  # AT_STATX_SYNC_TYPE is the caller's
    raw(_number("statx"), descriptor, b"", flags, ctypes.c_uint(mask), buffer, what="statx")
    return bytearray(buffer.raw)


def clone(flags: int) -> int:
    """fork(2) into new namespaces: the child's pid, or 0 in the child.

    Only for a single-threaded process. The child is the first process of a new pid namespace right
    away, which unshare(2) cannot do, and so needs no second fork.
    """
    sigchld = 17
    ctypes.pythonapi.PyOS_BeforeFork()
    zero = ctypes.c_long(0)
    number, word = ctypes.c_long(_number("clone")), ctypes.c_long(flags | sigchld)
    pid = int(_locked.syscall(number, word, zero, zero, zero, zero))
    code = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(code, f"clone: {os.strerror(code)}")
    return pid
