"""A connection to the daemon that becomes a plain two-way stream (HTTP's `Upgrade`).

`requests` has no way to write to such a one, so this speaks the few lines of HTTP itself.
"""

from __future__ import annotations

import socket

from dockernb.errors import EngineError

from .api import DockerApi

__all__ = ["upgraded"]

_SECONDS = 10.0  # for the daemon to answer
_MOST_HEADER = 16_384


def upgraded(api: DockerApi, path: str, protocol: str, what: str) -> socket.socket:
    """A connection of one's own that speaks `protocol`; its time-out is 10 seconds.

    Args:
        path: With the API version and the query.
        what: What is wanted, for the error: "no WHAT: ...".

    Raises:
        EngineNotAvailableError: no connection, or it broke.
        EngineError: the daemon does not hand the connection over.
    """
    if api.dial is None:
        raise EngineError(f'no {what} at "{api.endpoint.address}"')
    try:
        connection = api.dial(_SECONDS)
    except OSError as err:
        raise api.lost(err) from err
    try:
        _upgrade(connection, path, protocol, what)
    except OSError as err:
        connection.close()
        raise api.lost(err) from err
    except BaseException:
        connection.close()
        raise
    return connection


def _upgrade(connection: socket.socket, path: str, protocol: str, what: str) -> None:
    """The answer's header is read byte by byte: what follows belongs to the stream."""
    request = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Connection: Upgrade\r\nUpgrade: {protocol}\r\nContent-Length: 0\r\n\r\n"
    )
    connection.sendall(request.encode())
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(header) > _MOST_HEADER:
            raise EngineError(f"no {what}: the daemon ended the connection")
        header += byte
    status = header.split(b"\r\n")[0]
    if status.split()[1:2] not in ([b"101"], [b"200"]):
        raise EngineError(f"no {what}: {status.decode('latin-1')}")
