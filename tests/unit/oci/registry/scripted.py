"""A web server on the loopback interface that answers as a test has written it down."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import Descriptor

Answering = Callable[["Handler"], None]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Message
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(frozen=True)
class Reply:
    """An answer.

    Args:
        cut: Close the connection after so many bytes of the body.
        stall: Send nothing after the bytes until the server is closed.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall: bool = False

    def __call__(self, handler: Handler) -> None:
        handler.send_response(self.status)
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(self.body[: self.cut])
        if self.stall:
            handler.scripted.released.wait()
        if self.cut is not None:
            handler.close_connection = True


def in_json(data: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json", **named})


def failing(status: int, code: str, **headers: str) -> Reply:
    """A registry's error, as the distribution specification has it."""
    return in_json({"errors": [{"code": code, "message": "in other words"}]}, status, **headers)


def ranged(body: bytes) -> Answering:
    """The body, or what a Range asks for of it."""

    def answer(handler: Handler) -> None:
        asked = handler.headers.get("Range")
        if asked is None:
            Reply(200, body)(handler)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        where = f"bytes {start}-{len(body) - 1}/{len(body)}"
        Reply(206, body[start:], {"Content-Range": where})(handler)

    return answer


def hang(handler: Handler) -> None:
    """No answer at all until the server is closed."""
    handler.scripted.released.wait()
    handler.close_connection = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    @property
    def scripted(self) -> ScriptedServer:
        return self.server.scripted

    def do_GET(self) -> None:
        if urlsplit(self.path).path in self.scripted.stalling_bodies:
            hang(self)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.scripted.answer(self, Seen(self.command, self.path, self.headers, body))

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *args: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    scripted: ScriptedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests are about."""


class ScriptedServer:
    """Answers by method and path; what is not in the script is a 404.

    The bodies of requests to `stalling_bodies` are not read until the server is closed.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self.stalling_bodies: set[str] = set()
        self._script: dict[tuple[str, str], list[Answering]] = defaultdict(list)
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.scripted = self
        if tls is not None:
            # The handshake is the handler's, at its first read: it must not block the accepting.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        accept = self._server.get_request

        def get_request() -> Any:
            connection, address = accept()
            self._connections.append(connection)
            return connection, address

        self._server.get_request = get_request  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def on(self, method: str, path: str, *answers: Answering) -> None:
        """The answers to requests one after the other; the last one is given again and again."""
        self._script[method, path].extend(answers)

    def answer(self, handler: Handler, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)
            answers = self._script[seen.method, seen.path] or [failing(404, "NAME_UNKNOWN")]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer(handler)

    def requests(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._server.server_close()


def descriptor(
    data: bytes, media_type: str = "application/octet-stream", **more: Any
) -> Descriptor:
    return Descriptor(media_type, sha256_digest(data), len(data), **more)
