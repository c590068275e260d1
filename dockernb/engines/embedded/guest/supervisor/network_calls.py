"""bind: done by the kernel; what it is going to refuse is noted, for the reader.

Without real root, a process that uses the host's network cannot have its low ports (ip(7)).
"""

from __future__ import annotations

import socket
import struct

from .context import GO_ON, Context, Handlers
from .notify import Call
from .process import read_memory

__all__ = ["handlers"]

#: Family in the machine's order, port in the network's: alike in sockaddr_in and sockaddr_in6.
_FAMILY, _PORT = struct.Struct("=H"), struct.Struct("!H")


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    return {"bind": lambda call: _bind(context, call)}


def _bind(context: Context, call: Call) -> int:
    if call.args[2] < 4:
        return GO_ON
    address = read_memory(call, call.args[1], 4)
    family, port = _FAMILY.unpack(address[:2])[0], _PORT.unpack(address[2:])[0]
    if family in {socket.AF_INET, socket.AF_INET6} and 0 < port < context.first_port:
        context.warnings.add(
            f"port {port} could not be bound: without root on this machine a RUN gets ports from "
            f"{context.first_port} on. Let the command use another port, or use the docker engine."
        )
    return GO_ON
