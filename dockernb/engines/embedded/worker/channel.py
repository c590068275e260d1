"""Messages between the processes: JSON with a length before it, and open files beside it."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

__all__ = ["Channel", "ClosedError"]

_LENGTH = struct.Struct("!I")
_MOST_BYTES = 1 << 30
_MOST_FILES = 8

Message = dict[str, Any]


class ClosedError(Exception):
    """The process at the other end is gone."""


class Channel:
    """One end of a socket pair. One thread sends and receives at a time.

    Names that are no UTF-8 travel as surrogate escapes, which JSON can hold.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two channels, connected to each other."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        return cls(one), cls(other)

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Channel:
        """The channel over a socket that somebody handed over."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def send(self, message: Message, files: Sequence[int] = ()) -> None:
        """Sends a message, and open files with it.

        Raises:
            ClosedError: nobody will read it.
        """
        data = json.dumps(message).encode()
        try:
            head = _LENGTH.pack(len(data))
            if files:
                socket.send_fds(self._socket, [head], list(files))
            else:
                self._socket.sendall(head)
            self._socket.sendall(data)
        except OSError as err:
            raise ClosedError from err

    def receive(self) -> tuple[Message, list[int]]:
        """The next message; the open files that came with it are the caller's to close.

        Raises:
            ClosedError: there will be none.
        """
        try:
            head, files, _, _ = socket.recv_fds(self._socket, _LENGTH.size, _MOST_FILES)
            for descriptor in files:
                os.set_inheritable(descriptor, False)
            head += self._exactly(_LENGTH.size - len(head)) if head else b""
            if not head:
                raise ClosedError
            (length,) = _LENGTH.unpack(head)
            if length > _MOST_BYTES:
                raise ClosedError
            message: Message = json.loads(self._exactly(length))
        except OSError as err:
            raise ClosedError from err
        return message, files

    def close(self) -> None:
        """Closes this end."""
        self._socket.close()

    def _exactly(self, length: int) -> bytes:
        parts = []
        while length:
            part = self._socket.recv(min(length, 1 << 20))
            if not part:
                raise ClosedError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)
