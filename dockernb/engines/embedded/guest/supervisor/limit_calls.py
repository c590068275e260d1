"""The resource limit RLIMIT_LOCKS, which the supervisor uses itself: it looks unlimited.

PAM sets every limit when a session begins; that must not take a process's ids away.
"""

from __future__ import annotations

from .context import Context, Handlers
from .notify import Call
from .process import write_memory

__all__ = ["handlers"]

_UNLIMITED = b"\xff" * 16


def handlers(context: Context) -> Handlers:  # noqa: ARG001 (all handler modules are called alike)
    """By name of the call."""
    return {
        "getrlimit": lambda call: _show(call, call.args[1]),
        "setrlimit": lambda _: 0,
        "prlimit64": lambda call: _show(call, call.args[3]),
    }


def _show(call: Call, address: int) -> int:
    if address:
        write_memory(call, address, _UNLIMITED)
    return 0
