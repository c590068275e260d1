"""A terminal for a guest: the pair of devices, and how the engine gets its end.

Where the guest has a /dev/pts of its own, the pair is made there, so that its programs find the
name of their terminal; elsewhere it is the machine's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import termios

__all__ = ["TERMINAL_MESSAGE", "hand_over_terminal", "make_terminal", "set_size", "take_terminal"]

#: What comes with the descriptor of the terminal's end.
TERMINAL_MESSAGE = b"terminal"
# asm-generic/ioctls.h: unlock the pair; open the other end without its name (Linux 4.13).
_UNLOCK, _OTHER_END = 0x40045431, 0x5441


def make_terminal(size: tuple[int, int], owner: int | None) -> tuple[int, int]:
    """The engine's end and the guest's.

    Args:
        size: Rows and columns.
        owner: Whose the guest's end shall be, so that it can be opened by its name.
    """
    ours = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(ours, _UNLOCK, struct.pack("i", 0))
    theirs = fcntl.ioctl(ours, _OTHER_END, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    set_size(ours, *size)
    if owner is not None:
        with contextlib.suppress(OSError):
            os.fchown(theirs, owner, -1)
    return ours, theirs


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Tells a terminal its size; its programs get SIGWINCH."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def hand_over_terminal(ours: int, to: int) -> None:
    """Sends the engine's end over the socket `to`, and keeps none."""
    with socket.socket(fileno=os.dup(to)) as channel:
        socket.send_fds(channel, [TERMINAL_MESSAGE], [ours])
    os.close(ours)


def take_terminal(theirs: int) -> None:
    """Makes it the terminal of this session, which must be new, and descriptors 0 to 2."""
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(theirs, number)
    os.close(theirs)
