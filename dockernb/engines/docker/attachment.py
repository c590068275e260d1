"""A connection to a container's stdin, stdout and stderr (Docker Engine API, "Hijacking")."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import suppress

from .api import DockerApi
from .output import frames
from .upgrade import upgraded

__all__ = ["Attachment"]

_MOST_READ = 65_536


class Attachment:
    """Attached to a container that is not started yet, so that nothing is missed.

    Raises:
        EngineNotAvailableError: no connection, or it broke.
        EngineError: the daemon does not hand the connection over.
    """

    def __init__(self, api: DockerApi, container_id: str) -> None:
        self._api = api
        path = f"{api.version_path}/containers/{container_id}/attach"
        query = "stream=1&stdin=1&stdout=1&stderr=1"
        self._socket = upgraded(api, f"{path}?{query}", "tcp", "attaching to a container")

    def no_timeout(self) -> None:
        """From now on the other side may be silent for as long as it likes."""
        self._socket.settimeout(None)

    def send(self, data: bytes) -> None:
        """Writes to the container's stdin."""
        try:
            self._socket.sendall(data)
        except OSError as err:
            raise self._api.lost(err) from err

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The output; see `output.frames`. Nothing is read ahead."""
        return frames(self._exactly)

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
