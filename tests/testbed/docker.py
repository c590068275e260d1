"""Docker 26 with BuildKit, from Debian 13's packages, in a root and a mount namespace of its own.

It listens on a Unix socket, and on the loopback interface to those who know its CA (tls.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.testbed import api, apt, namespace, network, tls
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
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

PACKAGES = (
    "docker.io",
    "docker-buildx",
    "docker-cli",
    "docker-registry",
    "ca-certificates",
    "iptables",
    "git",  # for ADD of a repository
)
INSTALL = "apt-get update && apt-get install -y --no-install-recommends git"
SOCKET = "/run/dockernb.sock"
#: What the command lines of the daemon and of its containerd hold.
DAEMON_MARKS = ("dockerd", "--pidfile=/run/dockernb.pid")
CONTAINERD_MARKS = ("containerd", "/run/docker/containerd/containerd.toml")


def make_root(layout: Layout) -> None:
    """Make the root file system, unless a complete one is there."""
    if (layout.root / "usr/sbin/dockerd").exists():
        if not (layout.root / "usr/bin/git").exists():  # made before git was needed
            say("installing git in the root")
            run(["chroot", str(layout.root), "sh", "-c", INSTALL])
        return
    log = layout.logs / "debootstrap-root.log"
    apt.debootstrap("trixie", layout.root, layout.debs / "trixie", log, *PACKAGES)


def is_up(layout: Layout) -> bool:
    """Whether the daemon of this testbed runs and answers."""
    running = running_pid(layout.daemon_pid, layout.root, DAEMON_MARKS) is not None
    return running and api.answers(layout.socket)


def up(layout: Layout) -> None:
    """Bring the daemon up; a healthy one stays as it is, a dead one is replaced."""
    if is_up(layout):
        return
    need_root("the testbed's Docker")
    make_root(layout)
    down(layout)
    namespace.give_resolver(layout.root)
    network.make_bridge(layout.bridge)
    log = layout.logs / "dockerd.log"
    say(f"starting Docker (log: {log})")
    daemon = ["/usr/sbin/dockerd", f"--host=unix://{SOCKET}", "--pidfile=/run/dockernb.pid"]
    daemon += [f"--bridge={layout.bridge}", f"--mtu={network.outer_mtu()}", "--group=0"]
    daemon += tls.daemon_options(layout)
    pid = start_daemon(namespace.inside(layout.root, daemon), log)
    wait_until(lambda: is_up(layout) or not is_alive(pid), seconds=60)
    if not is_up(layout):
        down(layout)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise TestbedError(f"Docker does not answer; the end of {log}:\n{tail}")


def up_with_tls(layout: Layout) -> None:
    """Bring the daemon up, and make sure that it listens with TLS, too."""
    up(layout)
    if tls.address(layout) is None:
        raise TestbedError(
            "the testbed's Docker runs, but not with TLS: it was started by an older testbed. "
            "Stop it with `make testbed-down`, then try again"
        )


def down(layout: Layout) -> bool:
    """Stop the daemon and remove its bridge; whether it ran. Its images and caches stay."""
    stopped = stop(layout.daemon_pid, layout.root, DAEMON_MARKS)
    if layout.containerd_pid.exists():
        stop(layout.containerd_pid, layout.root, CONTAINERD_MARKS)
    layout.socket.unlink(missing_ok=True)
    if stopped:
        say("Docker stopped")
    if shutil.which("ip"):
        network.remove_bridge(layout.bridge)
    return stopped


def cli(layout: Layout, *arguments: str, stdin: Path | None = None, timeout: float = 600) -> str:
    """Run the root's own docker command; file arguments are paths inside the root."""
    command = ["chroot", str(layout.root), "docker", f"--host=unix://{SOCKET}", *arguments]
    return run(command, stdin=stdin, environment=system_environment(), timeout=timeout)


def image_id(layout: Layout, name: str) -> str | None:
    """The id of an image of the daemon; None if it has no such image."""
    inspected = api.get(layout.socket, f"/images/{name}/json")
    return str(inspected["Id"]) if inspected else None


def status(layout: Layout) -> dict[str, Any]:
    """What runs, for `status`."""
    info = api.get(layout.socket, "/info") if is_up(layout) else None
    return {
        "running": info is not None,
        "pid": running_pid(layout.daemon_pid, layout.root, DAEMON_MARKS),
        "host": layout.docker_host,
        "root": str(layout.root),
        "version": info["ServerVersion"] if info else None,
        "storage_driver": info["Driver"] if info else None,
    }
