"""Runs a program for which fsync and its kin do nothing: `python nosync.py COMMAND...`.

What tests write need not outlive the machine, and waiting for the disk takes a large part of their
time. The calls are answered by a seccomp filter, so children and programs without a C library (Go)
are covered too. Whatever runs is the same program; only a loss of power would tell the difference.

A file of its own with nothing but the standard library: it is started by its path.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Sequence

#: Machine -> its number in <linux/audit.h>, and fsync, fdatasync, sync, sync_file_range, syncfs.
CALLS = {
    "x86_64": (0xC000003E, (74, 75, 162, 277, 306)),
    "aarch64": (0xC00000B7, (82, 83, 81, 84, 267)),
}
_PR_SET_SECCOMP, _FILTER = 22, 2
# Instructions of classic BPF, and what a filter may answer (<linux/seccomp.h>).
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ANSWER_0 = 0x7FFF0000, 0x00050000


def program(audit: int, calls: Sequence[int]) -> bytes:
    """The filter: 0 for `calls` of this machine, everything else as ever."""
    count = len(calls)
    steps = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 0, count + 1, audit), (_LOAD, 0, 0, 0)]
    steps += [(_JUMP_IF_EQUAL, count - index, 0, call) for index, call in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ANSWER_0)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def install() -> bool:
    """Puts the filter on this process and its children; False: not possible here."""
    if platform.machine() not in CALLS:
        return False
    code = program(*CALLS[platform.machine()])
    buffer = ctypes.create_string_buffer(code, len(code))
    fields = len(code) // 8, ctypes.addressof(buffer)
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", *fields))  # struct sock_fprog
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(head), 0, 0) == 0)


if __name__ == "__main__":
    install()
    os.execvp(sys.argv[1], sys.argv[1:])
