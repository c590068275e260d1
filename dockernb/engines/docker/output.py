"""The output of a running container and its end."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import requests
import urllib3

from .api import LONG, DockerApi

__all__ = ["ContainerOutput", "exit_code", "frames"]


class ContainerOutput:
    """Attaches to a container that is not started yet, so that nothing is missed."""

    def __init__(self, api: DockerApi, container_id: str) -> None:
        self._api = api
        self._container_id = container_id
        query = {"stream": 1, "stdout": 1, "stderr": 1}
        self._response: requests.Response = api.request(
            "POST", f"/containers/{container_id}/attach", query=query, stream=True, timeout=LONG
        )

    def read(self) -> Iterator[bytes | int]:
        """The payloads, then the exit code."""
        with self._response:
            for _, payload in frames(self._exactly):
                yield payload
        yield exit_code(self._api, self._container_id)

    def close(self) -> None:
        """Gives the connection up, where `read` was never begun."""
        self._response.close()

    def _exactly(self, length: int) -> bytes:
        """`length` bytes, or fewer at the end of the stream."""
        parts: list[bytes] = []
        while length > 0:
            try:
                part: bytes = self._response.raw.read(length)
            except (urllib3.exceptions.HTTPError, OSError) as err:
                raise self._api.lost(err) from err
            if not part:
                break
            parts.append(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def frames(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """Stream number (1 stdout, 2 stderr) and payload of each frame, to the end.

    stdout and stderr come on one connection, in frames of 8 bytes header and a payload (Docker
    Engine API, "Attach to a container"): that is the order in which the daemon read them.

    Args:
        read: Gives as many bytes as it is asked for, or fewer at the end of the stream.
    """
    while len(header := read(8)) == 8:
        stream, length = struct.unpack(">B3xI", header)
        if length:
            yield stream, read(length)


def exit_code(api: DockerApi, container_id: str) -> int:
    """Waits for the end, and tells the exit code.

    The output may end before the command does (a command can close its stdout), so the daemon is
    asked.
    """
    answer = api.request("POST", f"/containers/{container_id}/wait", timeout=LONG).json()
    return int(answer["StatusCode"])
