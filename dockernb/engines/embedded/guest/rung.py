"""The ladder: ways to run a command in a root file system, best first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Ladder", "Rung", "RungReport"]


class Rung(IntEnum):
    """A way to run a guest; a smaller number is nearer to what Docker does.

    OVERLAY_ROOT: real root, overlay, pivot_root, real ids.
    OVERLAY_USER: user namespace, overlay with `userxattr`, supervisor.
    BIND: user namespace, bind mounts, supervisor.
    CHROOT: user namespace, chroot, no mount at all; the supervisor serves /dev and /proc.
    PLAIN_CHROOT: real root that may not mount: chroot, real ids, /proc is empty.
    PROOT: the program `proot` translates paths by ptrace(2), supervisor; no namespace at all.
    NONE: nothing can run; instructions that only change the image config still work.
    """

    OVERLAY_ROOT = 1
    OVERLAY_USER = 2
    BIND = 3
    CHROOT = 4
    PLAIN_CHROOT = 5
    PROOT = 6
    NONE = 7

    @property
    def has_mounts(self) -> bool:
        """Whether the guest gets mounts of its own."""
        return self <= Rung.BIND

    @property
    def has_overlay(self) -> bool:
        """Whether a root can be an overlay."""
        return self <= Rung.OVERLAY_USER

    @property
    def in_user_namespace(self) -> bool:
        """Whether root in the guest is an ordinary user outside."""
        return Rung.OVERLAY_USER <= self <= Rung.CHROOT

    @property
    def has_real_ids(self) -> bool:
        """Whether owners of files are the kernel's."""
        return self in {Rung.OVERLAY_ROOT, Rung.PLAIN_CHROOT}

    @property
    def has_own_names(self) -> bool:
        """Whether the guest gets a host name of its own."""
        return self <= Rung.CHROOT

    @property
    def is_supervised(self) -> bool:
        """Whether owners and ids are kept by the supervisor instead of the kernel."""
        return self.in_user_namespace or self is Rung.PROOT


@dataclass(frozen=True)
class RungReport:
    """What was found when a rung was tried.

    Args:
        reason: Why it does not work, for a reader; empty when it does.
        help: What would make it work; empty when nothing is known.
    """

    rung: Rung
    works: bool
    reason: str = ""
    help: str = ""


@dataclass(frozen=True)
class Ladder:
    """All rungs with what was found, best first.

    Args:
        best: The rung to use.
        forced: Whether `DOCKERNB_RUNG` chose it, working or not.
    """

    reports: tuple[RungReport, ...]
    best: Rung
    forced: bool = False
