"""A guest's /dev: a tmpfs with the host's few harmless device nodes in it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from . import syscalls
from .supervisor.served import DEVICES

__all__ = ["LINKS", "NODES", "mount_devices"]

LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
#: Nodes that are the host's; ptmx is the guest's own.
NODES = tuple(name for name in DEVICES if name != "ptmx")

_SAFE = syscalls.MS_NOSUID | syscalls.MS_NOEXEC


def mount_devices(dev: str, shm_size: int = 0) -> None:
    """Mounts everything at the folder `dev`.

    Args:
        dev: A path that stays valid when something is mounted on it.
        shm_size: Bytes of /dev/shm; 0 for 64 MB, as in Docker.
    """
    syscalls.mount("tmpfs", dev, "tmpfs", syscalls.MS_NOSUID, "mode=755,size=65536k")
    folder = Path(dev)
    for name in NODES:
        (folder / name).touch()
        syscalls.mount(f"/dev/{name}", f"{dev}/{name}", None, syscalls.MS_BIND)
    for name, target in LINKS.items():
        (folder / name).symlink_to(target)
    for name in ("pts", "shm", "mqueue"):
        (folder / name).mkdir()
    (folder / "ptmx").symlink_to("pts/ptmx")
    _mount_terminals(f"{dev}/pts")
    nothing_special = _SAFE | syscalls.MS_NODEV
    syscalls.mount(
        "shm", f"{dev}/shm", "tmpfs", nothing_special, f"mode=1777,size={shm_size or 1 << 26}"
    )
    with contextlib.suppress(OSError):  # kernels without POSIX message queues
        syscalls.mount("mqueue", f"{dev}/mqueue", "mqueue", nothing_special)


def _mount_terminals(pts: str) -> None:
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        syscalls.mount("devpts", pts, "devpts", _SAFE, options + ",gid=5")
    except OSError:
        # Group 5 does not exist in a user namespace of one ID.
        syscalls.mount("devpts", pts, "devpts", _SAFE, options)
