"""Numbers and layouts that differ between processor architectures.

Sources: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h,
include/uapi/linux/audit.h, arch/x86/include/uapi/asm/stat.h, include/uapi/asm-generic/stat.h.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["AARCH64", "BY_MACHINE", "NEWER_CALLS", "RLIMIT_LOCKS", "X86_64", "Arch", "native"]


@dataclass(frozen=True)
class Arch:
    """An architecture.

    Args:
        audit: What seccomp calls it (AUDIT_ARCH_*).
        calls: Name of a system call -> number; names it does not have are absent.
        stat_bytes: Length of struct stat; mode, uid, gid and rdev are offsets in it.
        newfstatat: The number of newfstatat(2).
        limit_calls: Name -> number, and the register that says which resource limit is meant.
        x32_bit: Bit in the number that marks the x32 ABI, or 0.
    """

    machine: str
    audit: int
    calls: Mapping[str, int]
    stat_bytes: int
    stat_mode: int
    stat_uid: int
    stat_gid: int
    stat_rdev: int
    newfstatat: int
    limit_calls: Mapping[str, tuple[int, int]]
    x32_bit: int = 0


#: The resource limit in which `id_table` keeps its tags.
RLIMIT_LOCKS = 10
# Numbered alike everywhere.
_COMMON = {"clone3": 435, "faccessat2": 439}
#: Calls without a handler that would lead around the supervisor: programs fall back when the kernel
#: says ENOSYS. io_uring_setup, openat2, fchmodat2, setxattrat, getxattrat, listxattrat,
#: removexattrat, file_setattr.
NEWER_CALLS = (425, 437, 452, 463, 464, 465, 466, 469)


def _numbered(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True)) | _COMMON


X86_64 = Arch(
    "x86_64",
    0xC000003E,
    _numbered("""
        open 2  stat 4  fstat 5  lstat 6  access 21  bind 49  execve 59  exit 60  truncate 76
        chdir 80  rename 82  mkdir 83  rmdir 84  creat 85  link 86  unlink 87  symlink 88
        readlink 89  chmod 90  fchmod 91  chown 92  fchown 93  lchown 94  getuid 102  getgid 104
        setuid 105  setgid 106  geteuid 107  getegid 108  setreuid 113  setregid 114
        getgroups 115  setgroups 116  setresuid 117  getresuid 118  setresgid 119  getresgid 120
        setfsuid 122  setfsgid 123  capget 125  capset 126  mknod 133  chroot 161  listxattr 194
        llistxattr 195  flistxattr 196  exit_group 231  openat 257  mkdirat 258  mknodat 259
        fchownat 260  newfstatat 262  unlinkat 263  renameat 264  linkat 265  symlinkat 266
        readlinkat 267  fchmodat 268  faccessat 269  utimensat 280  renameat2 316  execveat 322
        statx 332
    """),
    stat_bytes=144,
    stat_mode=24,
    stat_uid=28,
    stat_gid=32,
    stat_rdev=40,
    newfstatat=262,
    limit_calls={"getrlimit": (97, 0), "setrlimit": (160, 0), "prlimit64": (302, 1)},
    x32_bit=0x40000000,
)

AARCH64 = Arch(
    "aarch64",
    0xC00000B7,
    _numbered("""
        listxattr 11  llistxattr 12  flistxattr 13  mknodat 33  mkdirat 34  unlinkat 35
        symlinkat 36  linkat 37  renameat 38  truncate 45  faccessat 48  chdir 49  chroot 51
        fchmod 52  fchmodat 53  fchownat 54  fchown 55  openat 56  readlinkat 78  newfstatat 79
        fstat 80  utimensat 88  capget 90  capset 91  exit 93  exit_group 94  setregid 143
        setgid 144  setreuid 145  setuid 146  setresuid 147  getresuid 148  setresgid 149
        getresgid 150  setfsuid 151  setfsgid 152  getgroups 158  setgroups 159  getuid 174
        geteuid 175  getgid 176  getegid 177  bind 200  execve 221  renameat2 276  execveat 281
        statx 291
    """),
    stat_bytes=128,
    stat_mode=16,
    stat_uid=24,
    stat_gid=28,
    stat_rdev=32,
    newfstatat=79,
    limit_calls={"getrlimit": (163, 0), "setrlimit": (164, 0), "prlimit64": (261, 1)},
)

BY_MACHINE = {arch.machine: arch for arch in (X86_64, AARCH64)}


def native() -> Arch:
    """The architecture of this machine; KeyError if the supervisor does not know it."""
    return BY_MACHINE[platform.machine()]
