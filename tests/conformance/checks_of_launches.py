"""What every engine promises of a container that runs an image as `docker run` does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dockernb.engines.base import ContainerSpec, Health, Image, Port, RunningContainer, StartSpec
from dockernb.oci.config import Healthcheck, RuntimeConfig
from tests.conformance.bench import PATH, Bench, next_config

_SECONDS = 20.0
# Says who and where it is; then waits for the signal.
_SERVICE = """
echo "$GREETING from $(id -u) in $(pwd): $*"
echo errors too >&2
trap 'echo stopping; exit 7' USR1
echo ready
while :; do sleep 0.05; done
"""
_STUBBORN = """
trap '' TERM
ls /mine || touch /mine
echo ready
while :; do sleep 1000; done
"""
# Serves a page until it is asked to stop: then the page is gone, but not the server.
_SERVER = """
mkdir /tmp/www && echo served > /tmp/www/index.html
trap 'rm /tmp/www/index.html' USR1
httpd -f -h /tmp/www -p $1 &
echo ready
while :; do sleep 0.05; done
"""
_NOTHING = ContainerSpec()


@dataclass
class Followed:
    """A running container, and a thread that follows it."""

    container: RunningContainer
    output: bytearray = field(default_factory=bytearray)
    exit_code: int | None = None
    said: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self) -> None:
        self.exit_code = self.container.follow(self.hear)

    def hear(self, data: bytes) -> None:
        with self.said:
            self.output += data
            self.said.notify_all()

    def wait_for(self, text: bytes) -> None:
        with self.said:
            assert self.said.wait_for(lambda: text in self.output, _SECONDS), bytes(self.output)

    def end(self) -> int | None:
        self.thread.join(_SECONDS)
        assert not self.thread.is_alive()
        return self.exit_code


@contextlib.contextmanager
def launched(bench: Bench, image: Image, **spec: object) -> Iterator[Followed]:
    container = bench.engine.launch(image.id, StartSpec(**spec))  # type: ignore[arg-type]
    try:
        followed = Followed(container)
        yield followed
    finally:
        container.remove()
        followed.end()


def configured(bench: Bench, **runtime: object) -> Image:
    """The base with a /home/app of user 1000, and this config."""
    base = bench.step(bench.base, "mkdir -p /home/app && chown 1000 /home/app")
    config = RuntimeConfig(env=(f"PATH={PATH}",), **runtime)  # type: ignore[arg-type]
    with bench.engine.create(base.id, _NOTHING) as container:
        wanted = replace(next_config(base, "CMD", layer=False), runtime=config)
        return bench.commit(container, wanted, layer=False)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer_of(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
        connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
        return answer


def check_an_image_runs_with_its_config_until_its_stop_signal(bench: Bench) -> None:
    image = configured(
        bench,
        user="1000",
        working_dir="/home/app",
        entrypoint=("/bin/sh", "-c", _SERVICE, "service"),
        cmd=("not", "these"),
        stop_signal="SIGUSR1",
    )
    with launched(bench, image, arguments=("a", "b c"), env={"GREETING": "hello"}) as running:
        running.wait_for(b"ready\n")
        assert b"hello from 1000 in /home/app: a b c\n" in running.output
        running.wait_for(b"errors too\n")
        assert running.container.health() is None
        running.container.stop(_SECONDS)
        assert running.end() == 7
        assert b"stopping\n" in running.output
        running.container.stop(_SECONDS)  # nothing is left to stop or kill
        running.container.kill()


def check_several_run_at_a_time_and_what_ignores_the_stop_signal_is_killed(bench: Bench) -> None:
    command = ("/bin/sh", "-c", _STUBBORN)
    with (
        launched(bench, bench.base, arguments=command) as one,
        launched(bench, bench.base, arguments=command) as other,
    ):
        for running in (one, other):
            running.wait_for(b"ready\n")
            assert b"No such file" in running.output
            running.container.stop(0)
            assert running.end() == 137
    assert bench.diff("ls /mine 2>&1 | grep -q 'No such file'") == []


def check_a_port_is_reached_by_the_asked_number_and_health_is_told(bench: Bench) -> None:
    inside, outside = free_port(), free_port()
    check = f"wget -q -O - http://127.0.0.1:{inside}/index.html > /tmp/checked"
    image = configured(
        bench,
        cmd=("/bin/sh", "-c", _SERVER, "server", str(inside)),
        exposed_ports=(f"{inside}/tcp",),
        healthcheck=Healthcheck(("CMD-SHELL", check), interval=100_000_000, retries=2),
        stop_signal="10",
    )
    with launched(bench, image, ports=(Port(inside, outside),)) as running:
        assert running.container.ports == (Port(inside, outside),)
        running.wait_for(b"ready\n")
        await_health(running, "healthy")
        answer = answer_of(outside)
        assert b"200 OK" in answer
        assert answer.endswith(b"served\n")
        running.container.stop(_SECONDS)
        await_health(running, "unhealthy")
        running.container.kill()
        assert running.end() == 137


def await_health(running: Followed, wanted: Health) -> None:
    pause = threading.Event()
    while running.container.health() != wanted:
        assert running.exit_code is None
        pause.wait(0.05)
