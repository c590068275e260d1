"""A registry on the loopback interface, with the base images in it.

It is Debian's docker-registry, from the testbed's root. Plain HTTP: a Docker daemon takes any
registry at 127.0.0.0/8 without TLS, and the daemon shares this machine's network.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed import docker, images
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
from tests.testbed.ports import free_port, kept_port
from tests.testbed.process import (
    is_alive,
    need_root,
    run,
    running_pid,
    say,
    start_daemon,
    stop,
    system_environment,
    wait_until,
)

CONFIG = """\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {data}
  delete:
    enabled: true
http:
  addr: {address}
"""
PASSWORD_CONFIG = """\
auth:
  htpasswd:
    realm: dockernb-testbed
    path: {htpasswd}
"""


@dataclass(frozen=True)
class Server:
    """One registry process: `name` tells its files in the root apart from another one's."""

    layout: Layout
    folder: Path
    name: str

    @property
    def config(self) -> str:
        """The config file as a path inside the root."""
        return f"/etc/{self.name}.yml"

    @property
    def data(self) -> str:
        """Where the images lie, as a path inside the root."""
        return f"/var/lib/{self.name}"

    @property
    def pid_file(self) -> Path:
        """The pid file, outside the root."""
        return self.folder / f"{self.name}.pid"

    @property
    def marks(self) -> tuple[str, ...]:
        """What the command line of this registry holds."""
        return ("docker-registry", "serve", self.config)

    def start(self, port: int, extra_config: str = "") -> str:
        """Start it and wait until it answers; returns HOST:PORT."""
        address = f"127.0.0.1:{port}"
        text = CONFIG.format(data=self.data, address=address) + extra_config
        inside(self.layout, self.config).write_text(text)
        log = self.layout.logs / f"{self.name}.log"
        chroot = ["chroot", str(self.layout.root), "/usr/bin/docker-registry"]
        pid = start_daemon([*chroot, "serve", self.config], log)
        self.pid_file.write_text(f"{pid}\n")
        wait_until(lambda: answers(address) or not is_alive(pid), seconds=60)
        if not is_alive(pid) or not answers(address):
            self.stop()
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise TestbedError(f"the registry does not answer; the end of {log}:\n{tail}")
        return address

    def stop(self) -> bool:
        """Stop it; whether it ran."""
        return stop(self.pid_file, self.layout.root, self.marks)


def inside(layout: Layout, path: str) -> Path:
    """A path inside the root, seen from outside."""
    return layout.root / path.lstrip("/")


def main_server(layout: Layout) -> Server:
    """The registry that holds the base images."""
    return Server(layout, layout.registry, "dockernb-registry")


def address(layout: Layout) -> str | None:
    """HOST:PORT of the registry if it runs and answers."""
    server = main_server(layout)
    try:
        found = (layout.registry / "address").read_text().strip()
    except OSError:
        return None
    runs = running_pid(server.pid_file, layout.root, server.marks) is not None
    return found if runs and answers(found) else None


def up(layout: Layout) -> None:
    """Bring the registry up and push the base images that it does not have."""
    images.up(layout)
    found = address(layout)
    if found is None:
        need_root("the testbed's registry")
        server = main_server(layout)
        server.stop()
        say("starting the registry")
        found = server.start(kept_port(layout.registry / "address"))
        (layout.registry / "address").write_text(found + "\n")
    _push_base_images(layout, found)


def down(layout: Layout) -> bool:
    """Stop the registry; what was pushed stays for the next time."""
    stopped = main_server(layout).stop()
    if stopped:
        say("registry stopped")
    return stopped


def status(layout: Layout) -> dict[str, Any]:
    """What runs, for `status`."""
    found = address(layout)
    server = main_server(layout)
    pid = running_pid(server.pid_file, layout.root, server.marks)
    return {"running": found is not None, "address": found, "pid": pid}


@contextlib.contextmanager
def with_password(layout: Layout, user: str, password: str) -> Iterator[str]:
    """Another, empty registry that asks for a user and a password; yields HOST:PORT."""
    need_root("a registry with a password")
    docker.make_root(layout)
    with tempfile.TemporaryDirectory(dir=layout.registry, prefix="login-") as work:
        folder = Path(work)
        server = Server(layout, folder, f"dockernb-{folder.name}")
        htpasswd = f"/etc/{server.name}.htpasswd"
        # The root has no htpasswd program; its perl knows the C library's bcrypt.
        program = 'print crypt($ARGV[0], q($2y$05$) . "testbedsaltof22charsab")'
        chroot = ["chroot", str(layout.root), "perl", "-e", program, password]
        hashed = run(chroot, environment=system_environment())
        inside(layout, htpasswd).write_text(f"{user}:{hashed}\n")
        try:
            yield server.start(free_port(), PASSWORD_CONFIG.format(htpasswd=htpasswd))
        finally:
            server.stop()
            left = [inside(layout, path) for path in (htpasswd, server.config, server.data)]
            run(["rm", "-rf", *map(str, left)])


def answers(host: str) -> bool:
    """Whether a registry answers, even if only to ask who we are."""
    response = request(host, "GET", "/v2/")
    return response in (http.client.OK, http.client.UNAUTHORIZED)


def request(host: str, method: str, path: str) -> int | None:
    """The status code of a request without a body; None if nothing answers."""
    connection = http.client.HTTPConnection(host, timeout=5)
    accept = "application/vnd.docker.distribution.manifest.v2+json"
    try:
        connection.request(method, path, headers={"Accept": accept})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _push_base_images(layout: Layout, host: str) -> None:
    """Push each base image once; the local name goes again, so that a pull is a real one."""
    record = layout.registry / "pushed.json"
    pushed: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    for image in images.BASE_IMAGES:
        held = docker.image_id(layout, image.name)
        repository, _, tag = image.name.partition(":")
        there = request(host, "HEAD", f"/v2/{repository}/manifests/{tag}") == http.client.OK
        if held is None or (there and pushed.get(image.name) == held):
            continue
        say(f"pushing {image.name}")
        name = f"{host}/{image.name}"
        docker.cli(layout, "tag", image.name, name)
        docker.cli(layout, "push", "--quiet", name)
        docker.cli(layout, "rmi", name)
        pushed[image.name] = held
        record.write_text(json.dumps(pushed, indent=1) + "\n")
