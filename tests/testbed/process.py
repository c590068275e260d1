"""Running commands, waiting with a deadline, and stopping only what the testbed started."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.testbed.errors import TestbedError

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def say(text: str) -> None:
    """Tell the person at the terminal what goes on; standard output stays for results."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)


def system_environment() -> dict[str, str]:
    """A small environment for programs in the testbed's root: proxies are kept, little else."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() in {"http_proxy", "https_proxy", "no_proxy", "term"}
    }
    fixed = {"PATH": SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8"}
    return kept | fixed | {"DEBIAN_FRONTEND": "noninteractive"}


def run(
    command: Sequence[str],
    *,
    stdin: Path | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> str:
    """Run a command and return its standard output; failing, raise with what it printed.

    With `log`, both streams go to that file instead, and its tail is quoted on failure.
    """
    nothing = Path(os.devnull)
    with (stdin or nothing).open("rb") as source, (log or nothing).open("wb") as sink:
        try:
            done = subprocess.run(
                list(command),
                stdin=source,
                stdout=sink if log else subprocess.PIPE,
                stderr=subprocess.STDOUT if log else subprocess.PIPE,
                env=dict(environment) if environment is not None else None,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError as missing:
            raise TestbedError(f"{command[0]} is not installed") from missing
        except subprocess.TimeoutExpired as late:
            raise TestbedError(f"no end after {timeout:g} s: {shlex.join(command)}") from late
    if done.returncode != 0:
        said = log.read_bytes() if log else (done.stdout or b"") + (done.stderr or b"")
        tail = "\n".join(said.decode(errors="replace").splitlines()[-40:])
        raise TestbedError(f"exit code {done.returncode}: {shlex.join(command)}\n{tail}")
    return "" if log else done.stdout.decode(errors="replace")


def start_daemon(command: Sequence[str], log: Path) -> int:
    """Start a program that outlives this process, in a session of its own; returns its pid.

    A shell in between makes it no child of ours, so that nobody has to wait for its end.
    """
    with log.open("ab") as sink:
        done = subprocess.run(
            ["sh", "-c", 'exec 3>&1 >&2; "$@" 3>&- & echo $! >&3', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sink,
            env=system_environment(),
            start_new_session=True,
            check=True,
        )
    return int(done.stdout)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        # Not from cmdline: that is empty for a moment while a living process becomes another.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Poll until the condition holds; whether it did before the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def running_pid(pid_file: Path, root: Path, marks: Sequence[str]) -> int | None:
    """The pid in the file, if that process has this root and every mark in its command line.

    A pid file can outlive its process and its number be given to another one, even to a daemon of
    the same name that somebody else started; the root and the command line tell them apart.
    """
    try:
        pid = int(pid_file.read_text().strip())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        ours = Path(f"/proc/{pid}/root").samefile(root)
    except (OSError, ValueError):
        return None
    return pid if ours and command and all(mark in command for mark in marks) else None


def stop(pid_file: Path, root: Path, marks: Sequence[str], *, patience: float = 30) -> bool:
    """End the process of a pid file, if it is still the one we started; whether there was one."""
    pid = running_pid(pid_file, root, marks)
    if pid is None:
        pid_file.unlink(missing_ok=True)
        return False
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            break
        if wait_until(lambda: running_pid(pid_file, root, marks) != pid, patience):
            break
    else:
        raise TestbedError(f"process {pid} ({' '.join(marks)}) does not end")
    pid_file.unlink(missing_ok=True)
    return True


def need_root(what: str) -> None:
    """Say plainly what an ordinary user cannot do here."""
    if os.geteuid() != 0:
        raise TestbedError(
            f"{what} needs root (mounts, a network bridge and Debian's package manager): "
            "run it as root or with sudo, or point DOCKERNB_TEST_DOCKER_HOST at an engine "
            "of your own that has the images debian:bookworm-slim and busybox:latest"
        )
