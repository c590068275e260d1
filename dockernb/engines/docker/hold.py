"""A program that does nothing, for a container that has to run for nothing but its mounts.

The daemon keeps a tmpfs volume only as long as some running container uses it. The image of a
notebook may hold no program at all, so this one is brought along: an ELF file of one segment, with
a loop around a system call that waits for a signal.
"""

from __future__ import annotations

import struct

__all__ = ["PATH", "program"]

PATH = "/.dockernb-hold"

_LOAD_ADDRESS = 0x400000
_HEADERS = 64 + 56

# ELF machine number and the loop: pause() on x86-64; on arm64, which has none, ppoll() of nothing.
_MACHINES = {
    "amd64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    "arm64": (
        183,
        struct.pack(
            "<8I",
            *(0xD2800000 | register for register in range(5)),  # mov x0..x4, #0
            0xD2800928,  # mov x8, #73
            0xD4000001,  # svc #0
            0x17FFFFF9,  # b to the first
        ),
    ),
}


def program(architecture: str) -> bytes | None:
    """The file for a machine (Docker's name of it), or None."""
    if architecture not in _MACHINES:
        return None
    machine, code = _MACHINES[architecture]
    entry, size = _LOAD_ADDRESS + _HEADERS, _HEADERS + len(code)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x1000)
    return ident + header + segment + code
