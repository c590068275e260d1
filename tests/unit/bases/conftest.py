"""A machine of its own for apt: its archives are on loopback, its folders below tmp_path."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dockernb.bases.machine import settings_text


@pytest.fixture(autouse=True)
def apt_is_here() -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this machine has no apt-get")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str] = []  # noqa: RUF012  (emptied by the fixture)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, its address, and the paths that were asked for."""
    root = tmp_path / "served"
    root.mkdir()
    Quiet.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield root, f"http://127.0.0.1:{server.server_port}", Quiet.asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def read_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the machine's apt read these lines of sources.list, and nothing else."""
    etc = tmp_path / "machine"
    for name in ("parts", "sources", "trusted", "state/lists"):
        (etc / name).mkdir(parents=True)
    settings = {
        "Dir::Etc::sourcelist": str(etc / "sources.list"),
        "Dir::Etc::sourceparts": str(etc / "sources"),
        "Dir::Etc::parts": str(etc / "parts"),
        "Dir::Etc::trustedparts": str(etc / "trusted"),
        "Dir::Etc::trusted": str(etc / "trusted.gpg"),
        "Dir::State::lists": str(etc / "state/lists"),
        "Acquire::Retries": "0",
        "Acquire::http::Proxy": "DIRECT",
    }
    (etc / "apt.conf").write_text(settings_text(settings))
    monkeypatch.setenv("APT_CONFIG", str(etc / "apt.conf"))
    return lambda text: (etc / "sources.list").write_text(text) and None
