"""Just enough of the Docker Engine API to ask a socket whether an engine answers."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of to a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def get(path: Path | str, resource: str, *, timeout: float = 5) -> Any:
    """Ask the engine behind a Unix socket; None if it gives no good answer."""
    connection = UnixConnection(str(path), timeout)
    try:
        connection.request("GET", resource)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if response.status != http.client.OK:
        return None
    kind = response.headers.get_content_type()
    return json.loads(body) if kind == "application/json" else body.decode(errors="replace")


def answers(path: Path | str) -> bool:
    """Whether a Docker engine answers behind the Unix socket."""
    return bool(get(path, "/_ping", timeout=3) == "OK")


def users_engine() -> str | None:
    """The address of a Docker engine that the person at this machine already has.

    One named in DOCKER_HOST is taken at its word when it is not a Unix socket.
    """
    named = os.environ.get("DOCKER_HOST")
    if named:
        address = urlsplit(named)
        return named if address.scheme != "unix" or answers(address.path) else None
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    for path in ("/var/run/docker.sock", f"{runtime}/docker.sock"):
        if answers(path):
            return f"unix://{path}"
    return None
