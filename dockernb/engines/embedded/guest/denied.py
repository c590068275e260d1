"""The system calls that a command run by real root is denied, as Docker denies them.

Docker's default profile (moby profiles/seccomp) lets through a list of calls; most of what it
leaves out the kernel denies anyway to root without CAP_SYS_ADMIN. Denied here are those that reach
the kernel of the host: modules, keys, clocks, mounts, namespaces, events of other processes.
"""

from __future__ import annotations

from dockernb.engines.embedded.guest.supervisor.arch import AARCH64, X86_64, Arch
from dockernb.engines.embedded.guest.supervisor.filter import build_denying_filter

__all__ = ["denying_program"]

# Numbers: the kernel's syscall_64.tbl (x86-64) and include/uapi/asm-generic/unistd.h.
_DENIED = {
    X86_64.machine: {
        "acct": 163, "add_key": 248, "bpf": 321, "clock_adjtime": 305, "clock_settime": 227,
        "delete_module": 176, "finit_module": 313, "init_module": 175, "ioperm": 173, "iopl": 172,
        "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250, "mount": 165,
        "open_by_handle_at": 304, "perf_event_open": 298, "pivot_root": 155, "quotactl": 179,
        "reboot": 169, "request_key": 249, "setns": 308, "settimeofday": 164, "swapoff": 168,
        "swapon": 167, "umount2": 166, "unshare": 272, "userfaultfd": 323,
    },
    AARCH64.machine: {
        "acct": 89, "add_key": 217, "bpf": 280, "clock_adjtime": 266, "clock_settime": 112,
        "delete_module": 106, "finit_module": 273, "init_module": 105, "kexec_file_load": 294,
        "kexec_load": 104, "keyctl": 219, "mount": 40, "open_by_handle_at": 265,
        "perf_event_open": 241, "pivot_root": 41, "quotactl": 60, "reboot": 142,
        "request_key": 218, "setns": 268, "settimeofday": 170, "swapoff": 225, "swapon": 224,
        "umount2": 39, "unshare": 97, "userfaultfd": 282,
    },
}  # fmt: skip


def denying_program(arch: Arch) -> bytes:
    """The seccomp filter; denied calls fail with EPERM."""
    return build_denying_filter(arch, _DENIED[arch.machine].values())
