"""A connection to a container's stdin, stdout and stderr (Docker Engine API, "Hijacking")."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress

from .api import DockerApi
from .output import frames
from .upgrade import upgraded

__all__ = ["Attachment"]

_MOST_READ = 65_536

# Bytes that end an attachment when they are typed. Docker's own, Ctrl-P Ctrl-Q, would hold each
# Ctrl-P back; these are in no UTF-8 text. An empty word does it for Podman.
_NO_DETACHING, _PODMAN_NO_DETACHING = "%FF,%FF", ""


class Attachment:
    """Attached to a container that is not started yet, so that nothing is missed.

    One thread may read while another one writes.

    Args:
        terminal: The container has a terminal: its output is no frames, see `stream`.

    Raises:
        EngineNotAvailableError: no connection, or it broke.
        EngineError: the daemon does not hand the connection over.
    """

    def __init__(self, api: DockerApi, container_id: str, *, terminal: bool = False) -> None:
        self._api = api
        self._turn = threading.Lock()
        path = f"{api.version_path}/containers/{container_id}/attach"
        query = "stream=1&stdin=1&stdout=1&stderr=1"
        if terminal:
            keys = _PODMAN_NO_DETACHING if api.is_podman else _NO_DETACHING
            query += f"&detachKeys={keys}"
        self._socket = upgraded(api, f"{path}?{query}", "tcp", "attaching to a container")

    def no_timeout(self) -> None:
        """From now on the other side may be silent for as long as it likes."""
        self._socket.settimeout(None)

    def send(self, data: bytes) -> None:
        """Writes to the container's stdin."""
        try:
            with self._turn if self._is_tls else nullcontext():
                self._socket.sendall(data)
        except OSError as err:
            raise self._api.lost(err) from err

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The output; see `output.frames`. Nothing is read ahead."""
        return frames(self._exactly)

    def stream(self) -> Iterator[bytes]:
        """The output of a terminal, as it comes."""
        while data := self._next():
            yield data

    def is_quiet(self) -> bool:
        """Whether the connection stands and nothing waits in it."""
        try:
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):  # closed
            return False

    def close(self) -> None:
        """Ends the connection; a thread that reads from it gets its end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @property
    def _is_tls(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def _next(self) -> bytes:
        try:
            if not self._is_tls:
                return self._socket.recv(_MOST_READ)
            return self._next_of_tls()
        except (OSError, ValueError):  # closed from here, or the daemon is gone: `exit_code` tells
            return b""

    def _next_of_tls(self) -> bytes:
        """A TLS connection is one thing for both ways: reading must not begin while it waits."""
        connection = self._socket
        assert isinstance(connection, ssl.SSLSocket)  # noqa: S101
        if not connection.pending():
            select.select([connection], [], [])
        with self._turn:
            return connection.recv(_MOST_READ)

    def _exactly(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length > 0:
            try:
                part = self._socket.recv(min(length, _MOST_READ))
            except OSError as err:
                raise self._api.lost(err) from err
            if not part:
                break
            parts.append(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
