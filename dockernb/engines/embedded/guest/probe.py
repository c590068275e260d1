"""Which rungs work here: each is tried in a child process, nothing is guessed from settings."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from dockernb.oci.private_folder import make_private_folder
from dockernb.oci.temporary import TemporaryFiles

from . import syscalls
from .namespaces import _enter as enter
from .namespaces import mount_overlay, try_in_child
from .proot import proot_program
from .rung import Ladder, Rung, RungReport
from .supervisor import arch
from .supervisor.filter import build_filter
from .supervisor.notify import install_filter

__all__ = ["FORCE_VARIABLE", "INSTALL_PROOT", "probe"]

FORCE_VARIABLE = "DOCKERNB_RUNG"
INSTALL_PROOT = "apt-get install proot"
# Of what is made in the store for a moment.
_PREFIX = ".probe-"
_ROOT_NEEDED = "only root can do this"


def probe(store: Path) -> Ladder:
    """Tries every rung, on the file system of `store` (a folder; made if missing).

    The variable `DOCKERNB_RUNG` (1 to 7) chooses a rung whatever was found.
    """
    make_private_folder(store)
    reports = tuple(_try(rung, store) for rung in Rung)
    forced = os.environ.get(FORCE_VARIABLE, "")
    if forced in {str(rung.value) for rung in Rung}:
        return Ladder(reports, Rung(int(forced)), forced=True)
    return Ladder(reports, next(report.rung for report in reports if report.works))


def _try(rung: Rung, store: Path) -> RungReport:
    is_root = os.geteuid() == 0
    if rung is Rung.NONE:
        return RungReport(rung, works=True)
    if rung in {Rung.OVERLAY_ROOT, Rung.PLAIN_CHROOT} and not is_root:
        return RungReport(rung, works=False, reason=_ROOT_NEEDED, help="start Jupyter as root")
    if rung.is_supervised and platform.machine() not in arch.BY_MACHINE:
        reason = f"the supervisor does not know {platform.machine()} processors"
        return RungReport(rung, works=False, reason=reason)
    for attempt, what in _attempts(rung, store):
        said = try_in_child(attempt)
        if said:
            return RungReport(rung, works=False, reason=f"{what}: {said}", help=_help(what))
    if rung is Rung.PROOT and proot_program() is None:
        # Last: where nothing else is missing, it is sure to help.
        return RungReport(rung, works=False, reason="there is no `proot`", help=INSTALL_PROOT)
    return RungReport(rung, works=True)


def _attempts(rung: Rung, store: Path) -> list[tuple[Callable[[], None], str]]:
    """What a rung needs, each with the words for a reader; all are tried within its namespaces."""

    def within(attempt: Callable[[], None]) -> Callable[[], None]:
        def both() -> None:
            enter(rung)
            attempt()

        return both

    attempts: list[tuple[Callable[[], None], str]] = []
    if rung.in_user_namespace:
        attempts.append((lambda: syscalls.unshare(syscalls.CLONE_NEWUSER), _USER_NAMESPACE))
    if rung.has_mounts:
        attempts.append((within(_bind), _BIND))
    if rung.has_overlay:
        attempts.append((within(lambda: _overlay(store, user=rung.in_user_namespace)), _OVERLAY))
    if rung in {Rung.CHROOT, Rung.PLAIN_CHROOT}:
        attempts.append((within(lambda: os.chroot(store)), _CHROOT))
    if rung.is_supervised:
        attempts.append((within(_listen), _SUPERVISE))
        attempts.append((within(lambda: _attribute(store)), _ATTRIBUTE))
    if rung is Rung.PROOT:
        attempts.append((_trace, _TRACE))
    return attempts


_USER_NAMESPACE = "making a user namespace"
_BIND = "mounting in it"
_OVERLAY = "mounting an overlay on the store's disk"
_CHROOT = "changing the root"
_SUPERVISE = "supervising system calls (seccomp user notification)"
_TRACE = "tracing a process (ptrace)"
_ATTRIBUTE = "keeping owners in extended attributes on the store's disk"

_SWITCHES = (
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "sysctl kernel.unprivileged_userns_clone=1",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def _help(what: str) -> str:
    """What a reader can do about a part that failed."""
    if what in {_USER_NAMESPACE, _BIND, _CHROOT}:
        for path, off, command in _SWITCHES:
            with contextlib.suppress(OSError):
                if Path(path).read_text().strip() == off:
                    return f"as root: `{command}`"
    return {
        _USER_NAMESPACE: "a container needs a seccomp profile that allows user namespaces "
        "(Kubernetes' default, or `--security-opt seccomp=unconfined`)",
        _BIND: "the container's AppArmor profile denies mounts; the next rungs do without",
        _OVERLAY: "keep the store on ext4, xfs, btrfs or tmpfs, not on the container's own disk: "
        "set DOCKERNB_HOME",
        _SUPERVISE: "needs Linux 5.9 or newer",
        _ATTRIBUTE: "keep the store on a file system with user.* attributes: set DOCKERNB_HOME",
    }.get(what, "")


def _bind() -> None:
    with tempfile.TemporaryDirectory() as folder:
        syscalls.mount("/proc", folder, None, syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.umount(folder)


def _overlay(store: Path, *, user: bool) -> None:
    with TemporaryFiles(store, _PREFIX).subfolder() as folder:
        for name in ("lower", "upper", "work", "merged"):
            (folder / name).mkdir()
        (folder / "lower/below").write_bytes(b"")
        parts = (str(folder / name) for name in ("upper", "work", "merged"))
        mount_overlay([str(folder / "lower")], *parts, user=user)
        # A whiteout and a copy-up are what some file systems allow to mount and then refuse.
        (folder / "merged/above").write_bytes(b"")
        (folder / "merged/below").unlink()
        syscalls.umount(str(folder / "merged"))


def _listen() -> None:
    os.close(install_filter(build_filter(arch.native(), served=False)))


def _trace() -> None:
    """As PRoot begins: ptrace(2) is refused in some places."""
    syscalls.trace_me()


def _attribute(store: Path) -> None:
    with TemporaryFiles(store, _PREFIX).file() as (file, _):
        os.setxattr(file, "user.dockernb.probe", b"1")
