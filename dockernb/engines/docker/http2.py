"""As much of HTTP/2 (RFC 9113) as one short question after another needs.

Headers of an answer are not looked at, so they need not be decompressed: whoever asks must know a
right answer by its content.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

__all__ = ["Http2", "Http2Error"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = (
    0, 1, 3, 4, 6, 7, 8, 9,
)  # fmt: skip
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 1, 1, 4, 8
# The largest frame that we say we take, which is what a peer may assume (6.5.2).
_LARGEST_FRAME = 1 << 14
_WINDOW = (1 << 31) - 1
_SETTING_INITIAL_WINDOW = 4


class Http2Error(OSError):
    """The other side does not speak HTTP/2, or ends the stream or the connection."""


class _Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes


class Http2:
    """One connection. Its questions are asked one at a time.

    Args:
        connection: Both sides have agreed on HTTP/2.

    Raises:
        OSError: it broke.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._stream = -1
        settings = struct.pack(">HI", _SETTING_INITIAL_WINDOW, _WINDOW)
        connection.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, settings))

    def post(self, headers: list[tuple[str, str]], body: bytes, limit: int) -> bytes:
        """The body of the answer to a POST.

        Args:
            headers: Pseudo-headers first; each name and value shorter than 127 bytes.
            limit: The most bytes that are taken.

        Raises:
            OSError: the connection broke; it cannot be used any more.
        """
        self._stream += 2
        fields = b"".join(_field(name, value) for name, value in headers)
        self._socket.sendall(
            _frame(_HEADERS, _END_HEADERS, self._stream, fields)
            + _frame(_DATA, _END_STREAM, self._stream, body)
        )
        found, ended = bytearray(), False
        while not ended:
            frame = self._next()
            if frame.stream != self._stream:
                self._serve(frame)
            elif frame.kind == _DATA:
                found += _content(frame)
                if len(found) > limit:
                    raise Http2Error(f"an answer of more than {limit} bytes")
                self._socket.sendall(_frame(_WINDOW_UPDATE, 0, 0, _count(len(frame.payload))))
                ended = bool(frame.flags & _END_STREAM)
            elif frame.kind == _HEADERS:
                ended = bool(frame.flags & _END_STREAM)
                self._skip_headers(frame)
            elif frame.kind == _RST_STREAM:
                ended = True
        return bytes(found)

    def close(self) -> None:
        self._socket.close()

    def _serve(self, frame: _Frame) -> None:
        """What concerns the whole connection."""
        if frame.kind == _SETTINGS and not frame.flags & _ACK:
            self._socket.sendall(_frame(_SETTINGS, _ACK, 0))
        elif frame.kind == _PING and not frame.flags & _ACK:
            self._socket.sendall(_frame(_PING, _ACK, 0, frame.payload))
        elif frame.kind == _GOAWAY:
            raise Http2Error("the daemon ends the connection")

    def _skip_headers(self, frame: _Frame) -> None:
        while not frame.flags & _END_HEADERS:
            frame = self._next()
            if frame.kind != _CONTINUATION:
                raise Http2Error("headers without an end")

    def _next(self) -> _Frame:
        head = self._exactly(9)
        length = int.from_bytes(head[:3], "big")
        if length > _LARGEST_FRAME:
            raise Http2Error(f"a frame of {length} bytes")
        stream = int.from_bytes(head[5:], "big") & _WINDOW
        return _Frame(head[3], head[4], stream, self._exactly(length))

    def _exactly(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = self._socket.recv(length - len(found))
            if not part:
                raise Http2Error("the daemon ended the connection")
            found += part
        return found


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _field(name: str, value: str) -> bytes:
    """A header as a literal that is not indexed, plain (RFC 7541, 6.2.2)."""
    parts = (name.encode(), value.encode())
    return b"\0" + b"".join(bytes([len(part)]) + part for part in parts)


def _count(value: int) -> bytes:
    return struct.pack(">I", value)


def _content(frame: _Frame) -> bytes:
    if not frame.flags & _PADDED:
        return frame.payload
    return frame.payload[1 : len(frame.payload) - frame.payload[0]]
