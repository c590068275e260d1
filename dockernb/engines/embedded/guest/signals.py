"""Signals for the first process of a guest, asked for through a pipe."""

from __future__ import annotations

import contextlib
import os
import signal

__all__ = ["pass_signal_on"]


def pass_signal_on(requests: int, pid: int) -> bool:
    """Takes a request from a descriptor that is readable or hung up, and does it.

    A byte is the number of a signal. As the first process of a pid namespace, the guest ignores a
    signal that it has no handler for (pid_namespaces(7)), as in a container of Docker.

    Returns:
        False if the other end is closed or the byte is no signal: the guest is to be killed.
    """
    number = os.read(requests, 1)
    if not number or number[0] not in signal.valid_signals():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number[0])
    return True
