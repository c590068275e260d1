"""What is put into a root before a command, and taken out after it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

from ....errors import UnsupportedByEngineError
from .command import GuestCommand, GuestMount
from .devices import LINKS, NODES
from .inside import Inside
from .network_files import HOSTNAME, hosts_file, resolver_file
from .opened_up import opened_up
from .owners import Owner
from .placing import Placing
from .rung import Rung
from .secrets import Secrets
from .stubs import Stubs
from .supervisor.served import MemoryFile, Served

__all__ = ["Preparation"]

_TERMINALS = "/dev/pts"
_SYSTEM = ("/proc", "/sys", "/dev")
_TABLE = b"overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
#: A root that is no mount has an empty table, on which df and others give up.
_MOUNT_TABLES = {
    "/proc/mounts": _TABLE,
    "/proc/self/mounts": _TABLE,
    "/proc/self/mountinfo": b"1 0 0:1 / / rw,relatime - overlay overlay rw\n"
    b"2 1 0:2 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n",
}
_NUMBERS = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
    "tty": (5, 0), "ptmx": (5, 2),
}  # fmt: skip


class Preparation:
    """Mount points, and on rungs without mounts what stands in for mounts.

    Args:
        root: Absolute path of the root.
    """

    def __init__(self, root: Path, rung: Rung, command: GuestCommand, inside: Inside) -> None:
        self._root = root
        self._rung = rung
        self._command = command
        self._inside = inside
        self._stubs = Stubs(inside)
        self._placing = Placing(root, inside, real_ids=rung.has_real_ids)
        self._made_nodes: list[str] = []
        self._memory: dict[bytes, MemoryFile] = {}
        self.files = {
            "/etc/hosts": hosts_file(command.hosts, hostname=self._hostname()),
            "/etc/resolv.conf": resolver_file(),
        }
        self.served: Served | None = None
        self.secrets = Secrets()

    @property
    def binds(self) -> Mapping[str, str]:
        """What PRoot shows besides the tree: path of the host -> path in the guest."""
        devices = (*(f"/dev/{name}" for name in (*NODES, "ptmx")), _TERMINALS)
        return {**{path: path for path in devices}, **self.secrets.binds}

    def _hostname(self) -> str:
        """Only root that may mount, or a user namespace, can give the machine another name."""
        if not self._rung.has_own_names:
            return socket.gethostname() or HOSTNAME
        return HOSTNAME

    def make(self) -> None:
        """Makes everything; call `undo` whether or not this raises."""
        if self._command.beside:
            self._serve_files()
            return
        with self._opened():
            self._make()

    def _opened(self) -> contextlib.ExitStack:
        """What mode closes to its owner, where no user namespace gives root's rights."""
        stack = contextlib.ExitStack()
        if self._rung is Rung.PROOT:
            stack.enter_context(opened_up(str(self._root)))
            if (etc := self._root / "etc").is_dir() and not etc.is_symlink():
                stack.enter_context(opened_up(str(etc)))
        return stack

    def _make(self) -> None:
        self._stubs.make_all(_SYSTEM, self.files)
        for mount in self._command.mounts:
            if self._rung.has_mounts:
                self._make_mount_point(mount)
            else:
                self._place(mount)
        if self._rung.has_mounts:
            return
        self._make_devices()
        if self._rung is Rung.CHROOT:
            self._serve_files()
        else:
            for path, content in self.files.items():
                self._placing.place(GuestMount("file", path, content=content))

    def _serve_files(self) -> None:
        """Files that are nowhere in the tree: the supervisor hands them out."""
        if self._rung is not Rung.CHROOT:
            return
        for path, content in {**self.files, **_MOUNT_TABLES}.items():
            file = GuestMount("secret", path, content=content, mode=0o644, read_only=True)
            self._keep_in_memory(file)
        self.served = Served(self._memory, self._root / "proc")

    def undo(self) -> tuple[str, ...]:
        """Takes everything out; returns the mount points that had to stay."""
        if self._command.beside:
            self._close_memory()
            return ()
        with self._opened():
            return self._undo()

    def _close_memory(self) -> None:
        for file in self._memory.values():
            os.close(file.descriptor)
        self._memory.clear()

    def _undo(self) -> tuple[str, ...]:
        self._close_memory()
        self.secrets.remove()
        self._placing.undo()
        for path in reversed(self._made_nodes):
            self._remove_node(path)
        self._clean_proc()
        return self._stubs.remove()

    def _make_mount_point(self, mount: GuestMount) -> None:
        if any(mount.target == top or mount.target.startswith(top + "/") for top in _SYSTEM):
            return  # in a mount of our own, made with it
        is_folder = mount.kind == "tmpfs" or (mount.kind == "bind" and Path(mount.source).is_dir())
        self._stubs.make(mount.target, folder=is_folder)

    def _place(self, mount: GuestMount) -> None:
        if mount.kind == "secret" and self._rung is Rung.PLAIN_CHROOT:
            raise UnsupportedByEngineError(
                f'the secret at "{mount.target}" cannot be kept off the disk',
                rule="Root without the right to mount has no file system in memory.",
                state="The command was not started.",
                hint="Use the docker engine for this step: %engine docker",
            )
        self._stubs.make(os.path.dirname(mount.target) or "/", folder=True)
        if mount.kind == "secret":
            self._stubs.make(mount.target, folder=False)
            if self._rung is Rung.PROOT:
                self.secrets.add(mount)
            else:
                self._keep_in_memory(mount)
        else:
            self._placing.place(mount)

    def _keep_in_memory(self, mount: GuestMount) -> None:
        descriptor = os.memfd_create("dockernb", os.MFD_CLOEXEC)
        os.fchmod(descriptor, mount.permissions)
        view = memoryview(mount.content)
        while view:
            view = view[os.write(descriptor, view) :]
        target = os.fsencode(os.path.normpath(mount.target))
        owner = Owner(mount.uid, mount.gid)
        self._memory[target] = MemoryFile(descriptor, owner, mount.read_only)

    def _make_devices(self) -> None:
        """Nodes where root may make them, else empty files whose names the supervisor serves."""
        self._placing.place(GuestMount("tmpfs", "/dev/shm"))  # noqa: S108
        for name in (*NODES, "ptmx"):
            self._make_node(f"/dev/{name}", name)
        if self._rung is Rung.PROOT:
            self._stubs.make(_TERMINALS, folder=True)
        with self._inside.parent("/dev/fd") as (parent, _):
            for name, target in LINKS.items():
                with contextlib.suppress(FileExistsError):
                    os.symlink(target, name, dir_fd=parent)
                    self._made_nodes.append(f"/dev/{name}")

    def _make_node(self, path: str, name: str) -> None:
        kind = stat.S_IFCHR if self._rung is Rung.PLAIN_CHROOT else stat.S_IFREG
        with self._inside.parent(path) as (parent, base), contextlib.suppress(FileExistsError):
            os.mknod(base, kind | 0o666, os.makedev(*_NUMBERS[name]), dir_fd=parent)
            os.chmod(f"/proc/self/fd/{parent}/{base}", 0o666)  # noqa: S103 (as everywhere)
            self._made_nodes.append(path)

    def _remove_node(self, path: str) -> None:
        with contextlib.suppress(OSError), self._inside.parent(path) as (parent, name):
            os.unlink(name, dir_fd=parent)

    def _clean_proc(self) -> None:
        """Links to programs that the supervisor made in the empty /proc."""
        if self.served is None:
            return
        for entry in (self._root / "proc").glob(".[0-9]*"):
            if entry.is_symlink():
                entry.unlink()
