"""A container's command on a terminal: attached to both ways, resized, killed."""

from __future__ import annotations

from contextlib import suppress

from dockernb.engines.base import OnOutput, TerminalSize
from dockernb.errors import EngineError

from .api import LONG, DockerApi
from .attachment import Attachment
from .errors import DaemonError
from .output import exit_code

__all__ = ["DockerTerminal"]


class DockerTerminal:
    """See `Terminal`: it attaches, starts the container and gives the terminal its size.

    Raises:
        DaemonError: the container cannot be started.
    """

    def __init__(self, api: DockerApi, container_id: str, size: TerminalSize) -> None:
        self._api = api
        self._id = container_id
        self._attachment = Attachment(api, container_id, terminal=True)
        try:
            api.request("POST", f"/containers/{container_id}/start", timeout=LONG)
            self._attachment.no_timeout()
            self.resize(size)
        except BaseException:  # also where the daemon is lost
            self._attachment.close()
            raise

    def follow(self, on_output: OnOutput) -> int:
        try:
            for data in self._attachment.stream():
                on_output(data)
            return exit_code(self._api, self._id)
        finally:
            self._attachment.close()

    def send(self, data: bytes) -> None:
        with suppress(EngineError):  # it has ended; `follow` tells how
            self._attachment.send(data)

    def resize(self, size: TerminalSize) -> None:
        query = {"h": size.rows, "w": size.columns}
        with suppress(DaemonError):  # it has ended already
            self._api.request("POST", f"/containers/{self._id}/resize", query=query)

    def close(self) -> None:
        with suppress(EngineError):  # not running, or the daemon is gone
            self._api.request("POST", f"/containers/{self._id}/kill")
