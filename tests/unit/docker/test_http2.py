"""Questions over HTTP/2: what a peer may send, and what it must not."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from dockernb.engines.docker.http2 import Http2, Http2Error

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
ASKED = [(":method", "POST"), (":path", "/x")]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield ours, theirs


def answer(ends: tuple[socket.socket, socket.socket], *frames: bytes, limit: int = 100) -> bytes:
    ours, theirs = ends
    theirs.sendall(b"".join(frames))
    theirs.shutdown(socket.SHUT_WR)
    return Http2(ours).post(ASKED, b"question", limit)


def test_the_body_is_gathered_and_headers_are_passed_over(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    found = answer(
        ends,
        frame(SETTINGS, 0, 0),
        frame(HEADERS, 0, 1, b"\x88"),
        frame(CONTINUATION, 4, 1, b"more"),
        frame(DATA, 0, 1, b"one "),
        frame(PING, 0, 0, b"12345678"),
        frame(DATA, 8, 1, b"\x02two??"),  # padded
        frame(HEADERS, 1 | 4, 1, b"trailers"),
    )
    assert found == b"one two"
    sent = ends[1].recv(1 << 16)
    assert sent.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert frame(HEADERS, 4, 1, b"\0\x07:method\x04POST\0\x05:path\x02/x") in sent
    assert frame(DATA, 1, 1, b"question") in sent
    assert frame(SETTINGS, 1, 0) in sent
    assert frame(PING, 1, 0, b"12345678") in sent


def test_a_stream_that_is_reset_has_what_came_before(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    assert answer(ends, frame(DATA, 0, 1, b"part"), frame(RST_STREAM, 0, 1, bytes(4))) == b"part"


@pytest.mark.parametrize(
    "frames",
    [
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [frame(DATA, 0, 1, b"x" * 101)],
        [frame(GOAWAY, 0, 0, bytes(8))],
        [frame(HEADERS, 0, 1, b""), frame(DATA, 1, 1, b"")],
        [frame(DATA, 0, 1, b"and then the end")],
        [b"\xff\xff\xff\0\0\0\0\0\1"],
    ],
    ids=["another protocol", "too much", "goaway", "headers without end", "cut", "huge frame"],
)
def test_anything_else_is_an_error(
    ends: tuple[socket.socket, socket.socket], frames: list[bytes]
) -> None:
    with pytest.raises(Http2Error):
        answer(ends, *frames)
