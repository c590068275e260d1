"""Names of working containers, which say whose they are.

A label would do too, but labels of a container end up in the image that is committed from it
(trap T4). The name is `dockernb-HOST-BOOT-PID-START-RANDOM`: a machine, its boot, a process of it
with its start time (a pid alone is used again), and a random part.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Owner", "this_process"]


@dataclass(frozen=True)
class Owner:
    """A process on some machine."""

    host: str
    boot: str
    pid: int
    start: int

    def new_name(self) -> str:
        """A container name that no other container has."""
        return f"{self.mark}-{secrets.token_hex(4)}"

    @property
    def mark(self) -> str:
        """What the names of all containers of this process begin with."""
        return f"dockernb-{self.host}-{self.boot}-{self.pid}-{self.start}"

    @classmethod
    def of_name(cls, name: str) -> Owner | None:
        """Who made a container with this name (or mark); None if dockernb did not."""
        parts = name.removeprefix("/").split("-")
        if len(parts) not in {5, 6} or parts[0] != "dockernb":
            return None
        try:
            return cls(parts[1], parts[2], int(parts[3]), int(parts[4]))
        except ValueError:
            return None

    def is_dead(self) -> bool:
        """Whether this process surely runs no more. One of another machine never surely does."""
        here = this_process()
        if self.host != here.host:
            return False
        if self.boot != here.boot:
            return True
        return _start_time(self.pid) != self.start


def this_process() -> Owner:
    """The owner of what this process makes. Asked anew after a fork."""
    return Owner(_host(), _boot(), os.getpid(), _start_time(os.getpid()) or 0)


@cache
def _host() -> str:
    """A machine and its view of processes.

    The network card's address tells copies of a virtual machine apart; the PID namespace tells
    containers apart, in which the same pid is another process.
    """
    node = uuid.getnode()
    card = "" if node >> 40 & 1 else str(node)  # the multicast bit marks an invented address
    facts = [socket.gethostname(), card, _text("/etc/machine-id")]
    try:
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        facts.append("")
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]


@cache
def _boot() -> str:
    boot = _text("/proc/sys/kernel/random/boot_id")
    return hashlib.sha256(boot.encode()).hexdigest()[:8]


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> int | None:
    """Start of a process in clock ticks since boot (field 22 of proc(5) stat); None: it is gone.

    Where there is no /proc, 0 stands for every process that lives.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_without_proc(pid)
    except ProcessLookupError:
        return None
    fields = stat.rpartition(b")")[2].split()  # the name before may hold blanks and brackets
    return None if fields[0] in {b"Z", b"X"} else int(fields[19])


def _start_without_proc(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return 0
