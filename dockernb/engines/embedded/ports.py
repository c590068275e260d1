"""Ports of a container that has no network of its own: connections are handed on."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from dockernb.engines.base import Port
from dockernb.errors import EngineError, UnsupportedByEngineError

__all__ = ["forwarded"]

_LOOPBACK = "127.0.0.1"
_PIECE = 1 << 16
_LOOK_SECONDS = 0.2


@contextmanager
def forwarded(ports: Sequence[Port]) -> Iterator[tuple[Port, ...]]:
    """Each port with the number by which it is reached, for the length of the block.

    One that was asked for under no number, or its own, is reached as it is.

    Raises:
        EngineError: a port is taken by another program.
        UnsupportedByEngineError: a UDP port under another number.
    """
    with ExitStack() as stack:
        found = []
        for port in ports:
            if port.host in {0, port.container}:
                found.append(replace(port, host=port.container))
                continue
            if port.protocol == "udp":
                raise UnsupportedByEngineError(
                    f"UDP port {port.container} cannot be reached as {port.host}",
                    rule="The embedded engine hands on TCP connections only.",
                    hint=f"-p {port.container}/udp, or the docker engine: %engine docker",
                )
            forwarder = _Forwarder(port.host, port.container)
            stack.callback(forwarder.close)
            found.append(port)
        yield tuple(found)


class _Forwarder:
    """Listens on one port of the loopback interface; a thread for it, and one a connection."""

    def __init__(self, listen: int, target: int) -> None:
        self._target = target
        self._over = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((_LOOPBACK, listen))
            self._socket.listen()
        except OSError as err:
            self._socket.close()
            raise EngineError(
                f"port {listen} cannot be used: {err.strerror}",
                state="No container is left.",
                hint=f"Name another one: -p OTHER:{target}",
            ) from err
        self._socket.settimeout(_LOOK_SECONDS)
        threading.Thread(target=self._accept, name="dockernb-port", daemon=True).start()

    def close(self) -> None:
        """Nobody is let in any more, and all connections end."""
        self._over.set()

    def _accept(self) -> None:
        with self._socket:
            while not self._over.is_set():
                try:
                    client, _ = self._socket.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                threading.Thread(
                    target=self._serve, args=(client,), name="dockernb-port", daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(None)
        with client, suppress(OSError):
            server = socket.create_connection((_LOOPBACK, self._target), timeout=5)
            server.settimeout(None)
            with server:
                self._hand_on(client, server)

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        """Both ways, until both sides have said all."""
        with selectors.DefaultSelector() as selector:
            selector.register(one, selectors.EVENT_READ, other)
            selector.register(other, selectors.EVENT_READ, one)
            while selector.get_map() and not self._over.is_set():
                for key, _ in selector.select(_LOOK_SECONDS):
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = source.recv(_PIECE)
                    if data:
                        key.data.sendall(data)
                    else:
                        selector.unregister(source)
                        with suppress(OSError):
                            key.data.shutdown(socket.SHUT_WR)
