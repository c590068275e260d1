"""An ssh agent, insecure commands, and the time of an image: on both engines."""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.errors import UnsupportedByEngineError
from dockernb.session import Session, SessionOptions
from tests.conformance.busybox import busybox_base

# BusyBox has nothing that talks to a Unix socket, Debian has perl.
LOOK = "RUN --mount=type=ssh,required test -S $SSH_AUTH_SOCK && echo there"
ASK = (
    "RUN --mount=type=ssh perl -MIO::Socket::UNIX "
    "-e 'print IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK})->getline'"
)


@pytest.fixture(params=["docker", pytest.param("embedded", marks=pytest.mark.embedded)])
def session(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path / "home"))
    if request.param == "docker":
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_host"))
    else:
        engine = EmbeddedEngine(tmp_path / "home/store")
        engine.tag(busybox_base(engine).id, "busybox:noconfig")
        engine.close()
    args = {"SOURCE_DATE_EPOCH": "1600000000"}
    session = Session(SessionOptions(engine=request.param, context=tmp_path, build_args=args))
    yield session
    session.close()


def run(session: Session, text: str) -> str:
    (result,) = session.run_cell(
        text, cell_id=None, order=None, listener=lambda event: None, cancel=threading.Event()
    )
    return result.log.text


@contextmanager
def agent(folder: Path) -> Iterator[Path]:
    """A socket that greets."""
    path = folder / "agent"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def greet() -> None:
            with suppress(OSError):
                while True:
                    with listening.accept()[0] as connection:
                        connection.sendall(b"an agent\n")

        thread = threading.Thread(target=greet)
        thread.start()
        yield path
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_image_says_the_time_of_source_date_epoch(session: Session) -> None:
    run(session, "FROM busybox:noconfig")
    run(session, "RUN true")
    run(session, "ENV A=1")
    config = session.image_of().config
    assert config.created == "2020-09-13T12:26:40Z"
    assert [entry.created for entry in config.history[-2:]] == [config.created] * 2


def test_insecure_is_refused_by_the_embedded_engine(session: Session) -> None:
    run(session, "FROM busybox:noconfig")
    text = "RUN --security=insecure mkdir /m && mount -t tmpfs t /m && echo mounted"
    if session.engine_name() == "docker":
        assert run(session, text) == "mounted\n"
        return
    with pytest.raises(UnsupportedByEngineError, match="insecure") as caught:
        run(session, text)
    assert "docker buildx build" in (caught.value.hint or "")


def test_ssh_agent_answers_a_command(
    session: Session, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_docker = session.engine_name() == "docker"
    folder = tmp_path
    if is_docker:  # the daemon has a root of its own: one path for both
        name = f"dockernb-agent-{secrets.token_hex(4)}"
        folder = Path(tempfile.gettempdir(), name)
        seen = request.getfixturevalue("docker_root") / "tmp" / name
        seen.mkdir()
        folder.symlink_to(seen)
        request.addfinalizer(lambda: (folder.unlink(), shutil.rmtree(seen)))
    run(session, "FROM debian:bookworm-slim" if is_docker else "FROM busybox:noconfig")
    with agent(folder) as path:
        session.set_flags(["--ssh", f"default={path}"])
        assert run(session, LOOK) == "there\n"
        if is_docker:
            assert run(session, ASK) == "an agent\n"
