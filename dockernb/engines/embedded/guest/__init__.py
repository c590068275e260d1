"""Running a command in a root file system, without a daemon and without root.

    ladder = probe(store)
    enter_namespaces(ladder.best)            # once, in a single-threaded process
    who = resolve_user(root, "bob")
    end = run_guest(root, ladder.best, GuestCommand(("sh", "-c", "id"), credentials=who), ...)

What this isolates: nothing against malice. A guest has the rights of the user who runs it.
"""

from __future__ import annotations

from .cgroups import MOST_PROCESSES_OF_ROOT, groups_here
from .command import Credentials, GuestCommand, GuestEnd, GuestMount, Limits
from .namespaces import enter_namespaces, mount_overlay, own_mounts, unmount
from .owners import Device, Owner, read_owner, write_owner
from .probe import INSTALL_PROOT, probe
from .run import run_guest
from .rung import Ladder, Rung, RungReport
from .users import resolve_user

__all__ = [
    "INSTALL_PROOT",
    "MOST_PROCESSES_OF_ROOT",
    "Credentials",
    "Device",
    "GuestCommand",
    "GuestEnd",
    "GuestMount",
    "Ladder",
    "Limits",
    "Owner",
    "Rung",
    "RungReport",
    "enter_namespaces",
    "groups_here",
    "mount_overlay",
    "own_mounts",
    "probe",
    "read_owner",
    "resolve_user",
    "run_guest",
    "unmount",
    "write_owner",
]
