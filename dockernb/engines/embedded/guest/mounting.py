"""The mounts of a guest on rungs 1 to 3, made by its first process in its own mount namespace."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from . import syscalls
from .command import GuestMount
from .devices import mount_devices
from .inside import Inside
from .owners import Owner, write_owner
from .rung import Rung

__all__ = ["Mounter", "change_root"]

_SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
_BIND = syscalls.MS_BIND | syscalls.MS_REC
#: Docker's masked and read-only parts of /proc: real root could change the host through them.
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_MASKED = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/sys/firmware")


class Mounter:
    """Makes the mounts below a root.

    Args:
        root: Absolute path of the folder; it is made a mount of its own.
        network: "none" if this process is in a network namespace of its own.
        own_proc: Whether this process is in a pid namespace that may have its own /proc.
    """

    def __init__(self, root: str, rung: Rung, network: str, *, own_proc: bool) -> None:
        self._rung = rung
        self._network = network
        self._own_proc = own_proc
        syscalls.mount(root, root, None, _BIND)
        self._root = root
        self._inside = Inside(root)

    def mount_all(
        self, files: Mapping[str, bytes], mounts: tuple[GuestMount, ...], shm_size: int
    ) -> None:
        """Mounts /proc, /dev, /sys, read-only `files` (path -> content), and `mounts` in order."""
        all_files = [
            GuestMount("file", path, content=content, read_only=True)
            for path, content in files.items()
        ]
        all_files += [mount for mount in mounts if mount.kind in {"file", "secret"}]
        contents = self._write_files(all_files)
        self._mount_system(shm_size)
        for path in files:
            self._put(contents[path], path, read_only=True)
        for mount in mounts:
            self._mount(mount, contents)
        for held in contents.values():
            os.close(held)

    def _write_files(self, mounts: list[GuestMount]) -> dict[str, int]:
        """Each file's content in a tmpfs, held open by descriptors (target -> descriptor).

        The tmpfs is mounted where /proc will be and stays below it: a bind needs its mount.
        """
        target = self._target("/proc")
        syscalls.mount("tmpfs", target, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=700")
        held = {}
        for number, mount in enumerate(mounts):
            path = Path(target, str(number))
            path.write_bytes(mount.content)
            path.chmod(mount.permissions)
            self._own(str(path), mount)
            held[mount.target] = os.open(path, os.O_PATH | os.O_CLOEXEC)
        return held

    def _own(self, path: str, mount: GuestMount) -> None:
        if not (mount.uid or mount.gid):
            return
        if self._rung is Rung.OVERLAY_ROOT:
            os.chown(path, mount.uid, mount.gid)
            return
        with contextlib.suppress(OSError):  # tmpfs has user.* attributes since Linux 6.6
            write_owner(path, Owner(mount.uid, mount.gid))

    def _mount_system(self, shm_size: int) -> None:
        if self._own_proc:
            syscalls.mount("proc", self._target("/proc"), "proc", _SAFE)
        else:
            syscalls.mount("/proc", self._target("/proc"), None, _BIND)
        mount_devices(self._target("/dev"), shm_size)
        self._mount_sys()
        if self._rung is Rung.OVERLAY_ROOT:
            self._protect_host()

    def _mount_sys(self) -> None:
        """The host's; without network one of its own, which shows no device but "lo"."""
        target = self._target("/sys")
        if self._network == "none":
            try:
                syscalls.mount("sysfs", target, "sysfs", _SAFE | syscalls.MS_RDONLY)
            except OSError:  # refused where the host's /sys has something mounted over it
                pass
            else:
                return
        syscalls.mount("/sys", target, None, _BIND)
        with contextlib.suppress(OSError):
            syscalls.restrict_mount(self._target("/sys"), recursive=True)

    def _protect_host(self) -> None:
        for path in _READ_ONLY:
            if self._inside.exists(path):
                target = self._target(path)
                syscalls.mount(target, target, None, _BIND)
                syscalls.restrict_mount(self._target(path), recursive=False)
        for path in _MASKED:
            if not self._inside.exists(path):
                continue
            if stat.S_ISDIR(os.stat(self._target(path)).st_mode):
                syscalls.mount("tmpfs", self._target(path), "tmpfs", syscalls.MS_RDONLY)
            else:
                syscalls.mount("/dev/null", self._target(path), None, syscalls.MS_BIND)

    def _mount(self, mount: GuestMount, contents: Mapping[str, int]) -> None:
        if mount.kind in {"file", "secret"}:
            self._put(contents[mount.target], mount.target, read_only=mount.read_only)
            return
        if mount.kind == "tmpfs":
            self._inside.make(mount.target, folder=True)
            options = f"mode={mount.permissions:o}" + (f",size={mount.size}" if mount.size else "")
            target = self._target(mount.target)
            syscalls.mount("tmpfs", target, "tmpfs", _SAFE, options)
            self._own(self._target(mount.target), mount)
            if mount.read_only:
                syscalls.restrict_mount(self._target(mount.target), recursive=False)
            return
        self._inside.make(mount.target, folder=Path(mount.source).is_dir())
        syscalls.mount(mount.source, self._target(mount.target), None, _BIND)
        if mount.read_only:
            syscalls.restrict_mount(self._target(mount.target), recursive=True)

    def _put(self, held: int, path: str, *, read_only: bool) -> None:
        self._inside.make(path, folder=False)
        source = f"/proc/self/fd/{held}"
        syscalls.mount(source, self._target(path), None, syscalls.MS_BIND)
        if read_only:
            syscalls.restrict_mount(self._target(path), recursive=False)

    def _target(self, path: str) -> str:
        """A path of the host for what is at `path` in the guest, whatever links lead there."""
        descriptor = self._inside.open(path)
        try:
            return os.readlink(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)


def change_root(root: str) -> None:
    """Makes `root` (a mount) the root; the host's tree is out of reach after it."""
    os.chdir(root)
    try:
        syscalls.pivot_root(".", ".")
        syscalls.umount(".")
    except OSError:
        # pivot_root(2) has AppArmor and seccomp rules of its own.
        os.chroot(".")
    os.chdir("/")
