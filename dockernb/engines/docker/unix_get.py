"""Short questions over a Unix socket, without the layers between it and the SDK.

A cell whose step is cached asks the daemon up to three times, and the processor time that
`requests` takes for a request is five times that of the bare protocol: it was most of what such a
cell cost.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

__all__ = ["Answer", "UnixGet"]

_KEPT = 4

#: Status, reason and body.
Answer = tuple[int, str, bytes]


class UnixGet:
    """GET requests whose answers are read at once. For all threads of the process.

    Args:
        headers: Sent with each request.
    """

    def __init__(self, socket_path: str, headers: Mapping[str, str]) -> None:
        self._socket_path = socket_path
        self._headers = dict(headers)
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._closed = False

    def get(self, path: str, seconds: float) -> Answer:
        """The answer.

        A connection that was kept may be dead, because the daemon was started anew: then the others
        are, too, and the question is asked once more on a new one.

        Args:
            seconds: To wait for the next bytes.

        Raises:
            OSError, HTTPException: there is no connection, or it broke.
        """
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._ask(kept, path, seconds)
            except TimeoutError:
                raise
            except (OSError, HTTPException):
                self._end_idle()
        return self._ask(_Connection(self._socket_path), path, seconds)

    def close(self) -> None:
        """Ends the connections; one that is in use ends when its answer is read."""
        self._closed = True
        self._end_idle()

    def _end_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, connection: _Connection, path: str, seconds: float) -> Answer:
        try:
            connection.wait_at_most(seconds)
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            answer = response.status, response.reason, response.read()
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if connection.sock and not self._closed and len(self._idle) < _KEPT:
                self._idle.append(connection)
                return answer
        connection.close()
        return answer


class _Connection(HTTPConnection):
    def __init__(self, socket_path: str) -> None:
        super().__init__("localhost")
        self._socket_path = socket_path

    def wait_at_most(self, seconds: float) -> None:
        """Also where it is open already."""
        self.timeout = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self._socket_path)
        except BaseException:
            connection.close()
            raise
        self.sock = connection
