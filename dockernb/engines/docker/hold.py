"""A program that does nothing, for a container that has to run for nothing but its mounts.

The daemon keeps a tmpfs volume only as long as some running container uses it. The image of a
notebook may hold no program at all, so this one is brought along: an ELF file of one segment. It
reads its stdin until that ends, which it does with our connection: so a killed process leaves no
running container, and nothing in memory.
"""

from __future__ import annotations

import struct

__all__ = ["PATH", "program"]

PATH = "/.dockernb-hold"

_LOAD_ADDRESS = 0x400000
_HEADERS = 64 + 56

# ELF machine number and code: while (read(0, stack, 64) > 0); exit(0)
_MACHINES = {
    "amd64": (62, bytes.fromhex("31c0 31ff 4889e6 ba40000000 0f05 85c0 7fee b83c000000 31ff 0f05")),
    "arm64": (
        183,
        struct.pack(
            "<10I",
            0xD2800000,  # mov x0, #0
            0x910003E1,  # mov x1, sp
            0xD2800802,  # mov x2, #64
            0xD28007E8,  # mov x8, #63
            0xD4000001,  # svc #0
            0xF100001F,  # cmp x0, #0
            0x54FFFF4C,  # b.gt to the first
            0xD2800000,  # mov x0, #0
            0xD2800BA8,  # mov x8, #93
            0xD4000001,  # svc #0
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
