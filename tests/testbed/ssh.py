"""An ssh server on the loopback interface, in the root of Docker 26: a Docker that is far away.

Port, keys and configuration are its own; the machine's ssh is left alone. Whoever runs `docker`
over it speaks to the testbed's Docker.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.testbed import apt, docker
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
from tests.testbed.ports import kept_port
from tests.testbed.process import (
    is_alive,
    run,
    running_pid,
    say,
    start_daemon,
    stop,
    wait_until,
)

#: In the root.
FOLDER = "/etc/dockernb-ssh"
MARKS = ("sshd", f"{FOLDER}/sshd_config")

SERVER = f"""\
ListenAddress 127.0.0.1
Port {{port}}
HostKey {FOLDER}/host_key
AuthorizedKeysFile {FOLDER}/user_key.pub
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 100
SetEnv DOCKER_HOST=unix://{docker.SOCKET}
"""
CLIENT = """\
Host 127.0.0.1
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
"""
#: Found on the PATH before the machine's own: ssh looks for its files in no other way.
PROGRAM = """\
#!/bin/sh
exec {ssh} -F {folder}/config "$@"
"""


def programs(layout: Layout) -> Path:
    """The folder of an `ssh` that knows the keys, to be put on the PATH."""
    return layout.state / "ssh"


def up(layout: Layout) -> None:
    """Bring the server up; one that answers stays as it is."""
    docker.up(layout)
    if address(layout) is not None:
        return
    down(layout)
    client = apt.install("ssh", "openssh-client")
    apt.install_in(layout.root, "/usr/sbin/sshd", "openssh-server")
    port = kept_port(programs(layout) / "port")
    _write_files(layout, client, port)
    log = layout.logs / "sshd.log"
    say(f"starting an ssh server (log: {log})")
    (layout.root / "run/sshd").mkdir(exist_ok=True)
    chroot = ["chroot", str(layout.root), "/usr/sbin/sshd"]
    pid = start_daemon([*chroot, "-D", "-e", "-f", f"{FOLDER}/sshd_config"], log)
    _pid_file(layout).write_text(f"{pid}\n")
    wait_until(lambda: not is_alive(pid) or _answers(layout, port), seconds=30)
    if not is_alive(pid) or not _answers(layout, port):
        down(layout)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise TestbedError(f"the ssh server does not answer; the end of {log}:\n{tail}")


def down(layout: Layout) -> bool:
    """Stop it; whether it ran."""
    stopped = stop(_pid_file(layout), layout.root, MARKS)
    if stopped:
        say("ssh server stopped")
    return stopped


def address(layout: Layout) -> str | None:
    """The address in the form that DOCKER_HOST takes; None if it does not run."""
    if running_pid(_pid_file(layout), layout.root, MARKS) is None:
        return None
    port = (programs(layout) / "port").read_text().strip()
    return f"ssh://root@127.0.0.1:{port}"


def _pid_file(layout: Layout) -> Path:
    return layout.state / "sshd.pid"


def _answers(layout: Layout, port: int) -> bool:
    program = str(programs(layout) / "ssh")
    try:
        run([program, "-o", "BatchMode=yes", "-p", str(port), "root@127.0.0.1", "true"])
    except TestbedError:
        return False
    return True


def _write_files(layout: Layout, client: str, port: int) -> None:
    """Keys once; the rest anew each time."""
    ours, theirs = programs(layout), layout.root / FOLDER.lstrip("/")
    ours.mkdir(exist_ok=True)
    theirs.mkdir(exist_ok=True)
    for key in (ours / "user_key", theirs / "host_key"):
        if not key.exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dockernb", "-f", str(key)])
    shutil.copy(ours / "user_key.pub", theirs)
    host_key = (theirs / "host_key.pub").read_text()
    (ours / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (ours / "config").write_text(CLIENT.format(folder=ours))
    (ours / "ssh").write_text(PROGRAM.format(folder=ours, ssh=client))
    (ours / "ssh").chmod(0o755)
    (theirs / "sshd_config").write_text(SERVER.format(port=port))
