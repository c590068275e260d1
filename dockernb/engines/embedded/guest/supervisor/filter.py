"""The seccomp filter, built as bytes without touching the kernel.

Programs of another architecture (32-bit ones on a 64-bit kernel) run unsupervised: they work, see
real ids and cannot chown. The x32 ABI has the same architecture word and other numbers; it gets
ENOSYS, as on kernels built without it.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable

from .arch import NEWER_CALLS, RLIMIT_LOCKS, Arch

__all__ = ["ALLOW", "ENOSYS", "EPERM", "NOTIFY", "build_denying_filter", "build_filter"]

NOTIFY, ALLOW = 0x7FC00000, 0x7FFF0000
ENOSYS = 0x00050000 | errno.ENOSYS
EPERM = 0x00050000 | errno.EPERM

# linux/bpf_common.h; seccomp_data is {int nr; u32 arch; u64 ip; u64 args[6]}.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
#: Only of use where paths are served by the supervisor.
_FOR_SERVED_PATHS = {"readlink", "readlinkat"}
#: Only of use under PRoot.
_FOR_PROOT = {"capget", "chroot", "clone3", "exit", "exit_group"}
#: PRoot 5.1 lets them through with the guest's paths in them.
_UNKNOWN_TO_PROOT = {"statx", "faccessat2", "execveat", "renameat2"}
_OPEN_TREE, _FSOPEN, _FSPICK, _MOUNT_SETATTR, _LANDLOCK = 428, 430, 433, 442, 444
_NEWER_FOR_PROOT = (_OPEN_TREE, _FSOPEN, _FSPICK, _MOUNT_SETATTR, _LANDLOCK)


def build_filter(arch: Arch, *, served: bool, translated: bool = False) -> bytes:
    """The instructions (8 bytes each) for a guest.

    Args:
        served: Whether the supervisor serves paths (rung 4), and so has to see readlink(2) too.
        translated: Whether PRoot translates paths (rung 6): calls that it does not know are denied.
    """
    left_out = set() if served else _FOR_SERVED_PATHS
    left_out = left_out | (_UNKNOWN_TO_PROOT if translated else _FOR_PROOT)
    notified = [number for name, number in arch.calls.items() if name not in left_out]
    missing = [*NEWER_CALLS]
    if translated:
        missing += [arch.calls[name] for name in _UNKNOWN_TO_PROOT] + [*_NEWER_FOR_PROOT]
    program = _calls_of(arch)
    for number in missing:
        program += [_instruction(_JUMP_EQUAL, number, no=1), _instruction(_RETURN, ENOSYS)]
    for number in sorted(notified):
        program += [_instruction(_JUMP_EQUAL, number, no=1), _instruction(_RETURN, NOTIFY)]
    for number, register in arch.limit_calls.values():
        program += [
            _instruction(_JUMP_EQUAL, number, no=4),
            # The low half: both architectures are little-endian, and the argument is an int.
            _instruction(_LOAD, _ARGUMENTS + 8 * register),
            _instruction(_JUMP_EQUAL, RLIMIT_LOCKS, no=1),
            _instruction(_RETURN, NOTIFY),
            _instruction(_RETURN, ALLOW),
        ]
    program.append(_instruction(_RETURN, ALLOW))
    return b"".join(program)


def build_denying_filter(arch: Arch, denied: Iterable[int]) -> bytes:
    """The instructions of a filter that asks nobody: some calls fail with EPERM, all others go on.

    Args:
        denied: Numbers of system calls.
    """
    program = _calls_of(arch)
    for number in sorted(denied):
        program += [_instruction(_JUMP_EQUAL, number, no=1), _instruction(_RETURN, EPERM)]
    program.append(_instruction(_RETURN, ALLOW))
    return b"".join(program)


def _calls_of(arch: Arch) -> list[bytes]:
    """Lets programs of other architectures through, and goes on with the call's number."""
    program = [
        _instruction(_LOAD, _ARCH),
        _instruction(_JUMP_EQUAL, arch.audit, yes=1),
        _instruction(_RETURN, ALLOW),
        _instruction(_LOAD, _NR),
    ]
    if arch.x32_bit:
        program += [_instruction(_JUMP_AT_LEAST, arch.x32_bit, no=1)]
        program += [_instruction(_RETURN, ENOSYS)]
    return program


def _instruction(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """Struct sock_filter: `yes` and `no` are how many instructions a jump leaves out."""
    return struct.pack("=HBBI", code, yes, no, value)
