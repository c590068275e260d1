"""Connections over a Unix socket, as the SDK makes them, without two of its faults.

Its adapter keeps a pool per URL, so that no connection was ever used twice; and a connection that
fails leaves its socket open.
"""

from __future__ import annotations

import socket
from typing import Any

from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

__all__ = ["UnixAdapter"]

_SECONDS = 60  # each request sets its own


class UnixAdapter(UnixHTTPAdapter):
    """All requests to one socket share one pool."""

    def __init__(self, socket_path: str, connections: int) -> None:
        super().__init__(f"http+unix://{socket_path}", _SECONDS, max_pool_size=connections)
        self._pool = _Pool("http://localhost", socket_path, _SECONDS, connections)

    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:  # noqa: ARG002
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        return _Connection(self.base_url, self.socket_path, _SECONDS)


class _Connection(UnixHTTPConnection):
    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self.unix_socket)
        except BaseException:
            connection.close()
            raise
        self.sock = connection
