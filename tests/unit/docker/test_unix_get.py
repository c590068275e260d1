"""Short questions over a Unix socket, to real servers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from dockernb.engines.docker.unix_get import UnixGet


class Daemon(socketserver.ThreadingUnixStreamServer):
    """Answers with the path; knows how many connections there were."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.connections: list[object] = []
        self.asked: list[str] = []
        self.agents: list[str | None] = []
        super().__init__(str(path), _Handler)

    def cut_off(self) -> None:
        """Ends all connections, as a daemon's end does."""
        for connection in self.connections:
            self.shutdown_request(connection)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Daemon

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.request)

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.agents.append(self.headers["X-Agent"])
        if self.path == "/silent":
            self.rfile.read(1)
            return
        body = self.path.encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(path: Path) -> Iterator[Daemon]:
    with Daemon(path) as daemon:
        thread = threading.Thread(target=daemon.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield daemon
        finally:
            daemon.cut_off()
            daemon.shutdown()
            thread.join()
            path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def get(path: Path) -> Iterator[UnixGet]:
    get = UnixGet(str(path), {"X-Agent": "test"})
    yield get
    get.close()


def test_a_connection_is_used_again(path: Path, get: UnixGet) -> None:
    with serving(path) as daemon:
        assert get.get("/one", 5) == (200, "OK", b"/one")
        assert get.get("/missing", 5) == (404, "Not Found", b"/missing")
        assert len(daemon.connections) == 1
        assert daemon.agents == ["test", "test"]


def test_a_connection_that_the_daemon_ends_is_not_used_again(path: Path, get: UnixGet) -> None:
    with serving(path) as daemon:
        get.get("/last", 5)
        assert get.get("/one", 5)[2] == b"/one"
        assert len(daemon.connections) == 2


def test_a_daemon_that_was_started_anew_is_found(path: Path, get: UnixGet) -> None:
    for _ in range(2):
        with serving(path):
            assert get.get("/one", 5)[2] == b"/one"


def test_an_answer_after_the_close_leaves_no_connection(path: Path, get: UnixGet) -> None:
    with serving(path) as daemon:
        get.close()
        assert get.get("/one", 5)[2] == b"/one"
        assert get.get("/two", 5)[2] == b"/two"
        assert len(daemon.connections) == 2


def test_a_missing_daemon_is_an_error_of_the_system(get: UnixGet) -> None:
    with pytest.raises(FileNotFoundError):
        get.get("/one", 5)


def test_a_silent_daemon_is_asked_once(path: Path, get: UnixGet) -> None:
    with serving(path) as daemon:
        get.get("/one", 5)
        with pytest.raises(TimeoutError):
            get.get("/silent", 0.05)
        assert daemon.asked == ["/one", "/silent"]
        assert get.get("/two", 5)[2] == b"/two"


def test_several_threads_ask_at_once(path: Path, get: UnixGet) -> None:
    answers: list[bytes] = []

    def ask(number: int) -> None:
        answers.extend(get.get(f"/{number}", 5)[2] for _ in range(5))

    with serving(path), ExitStack() as stack:
        for number in range(6):
            thread = threading.Thread(target=ask, args=(number,))
            stack.callback(thread.join)
            thread.start()
    assert sorted(answers) == sorted(f"/{number}".encode() for number in range(6) for _ in range(5))
