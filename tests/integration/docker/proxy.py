"""A socket in front of the real daemon that can be cut, or made to hang: a daemon that is lost."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class CutProxy:
    """Hands bytes on between a socket of its own and the daemon's.

    The peer of its socket is this process, so the engine cannot find the daemon's disk behind it:
    it is a remote daemon for the engine.
    """

    def __init__(self, docker_host: str, folder: Path) -> None:
        self._daemon = docker_host.removeprefix("unix://")
        self._path = folder / "p.sock"
        self.address = f"unix://{self._path}"
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut()

    def mend(self) -> None:
        """Listens (again) and lets bytes flow (again)."""
        self._flowing.set()
        if self._listener is not None:
            return
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def hang(self) -> None:
        """Connections stay, nothing moves."""
        self._flowing.clear()

    def cut(self) -> None:
        """Ends all connections and takes no new ones."""
        self._flowing.set()
        with self._lock:
            ends, self._open = self._open, []
            if self._listener is not None:
                ends.append(self._listener)
            self._listener = None
            self._path.unlink(missing_ok=True)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            with self._lock:
                if self._listener is not listener:  # cut in between
                    client.close()
                    daemon.close()
                    return
                daemon.connect(self._daemon)
                self._open += [client, daemon]
            for ends in ((client, daemon), (daemon, client)):
                threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
