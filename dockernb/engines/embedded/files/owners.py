"""Who owns a file, and what stands for a device: by the disk, or by notes beside the files.

Where we are root, the disk itself says it. In a user namespace there is one real user, and the
supervisor (guest/) plays the others: what it would have set is noted in extended attributes.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Protocol

from dockernb.engines.embedded.guest.owners import Device, Owner, read_owner, write_owner

__all__ = ["NOTED", "REAL", "Owners", "Ownership"]


@dataclass(frozen=True)
class Ownership:
    """What the image says of an entry that the disk may not.

    Args:
        type: `S_IFMT` bits; of a device also where a file stands for it.
        device: Major and minor number of a device.
    """

    uid: int
    gid: int
    type: int
    device: tuple[int, int] = (0, 0)


class Owners(Protocol):
    """How owners and devices are kept in trees. Names are looked up in an open folder."""

    @property
    def opaque(self) -> str:
        """The extended attribute by which overlay marks opaque folders."""

    @property
    def is_user(self) -> bool:
        """Whether trees belong to a user namespace."""

    def read(self, folder: int, name: str, status: os.stat_result) -> Ownership: ...

    def write(self, folder: int, name: str, uid: int, gid: int) -> None:
        """Sets the owner; of a link, not of what it leads to. To be done before the mode."""

    def make_device(self, folder: int, name: str, what: Ownership) -> None:
        """Makes the device `what`, or what stands for it, with its owner."""


class _Real:
    opaque = "trusted.overlay.opaque"
    is_user = False

    def read(self, folder: int, name: str, status: os.stat_result) -> Ownership:  # noqa: ARG002
        kind = stat.S_IFMT(status.st_mode)
        numbers = (os.major(status.st_rdev), os.minor(status.st_rdev))
        return Ownership(status.st_uid, status.st_gid, kind, numbers if status.st_rdev else (0, 0))

    def write(self, folder: int, name: str, uid: int, gid: int) -> None:
        os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)

    def make_device(self, folder: int, name: str, what: Ownership) -> None:
        os.mknod(name, what.type | 0o600, os.makedev(*what.device), dir_fd=folder)
        self.write(folder, name, what.uid, what.gid)


class _Noted:
    opaque = "user.overlay.opaque"
    is_user = True

    def read(self, folder: int, name: str, status: os.stat_result) -> Ownership:
        noted = read_owner(name, dir_fd=folder) or Owner()
        if noted.device is None:
            return Ownership(noted.uid, noted.gid, stat.S_IFMT(status.st_mode))
        kind = stat.S_IFCHR if noted.device.kind == "c" else stat.S_IFBLK
        return Ownership(noted.uid, noted.gid, kind, (noted.device.major, noted.device.minor))

    def write(self, folder: int, name: str, uid: int, gid: int) -> None:
        write_owner(name, Owner(uid, gid), dir_fd=folder)

    def make_device(self, folder: int, name: str, what: Ownership) -> None:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=folder))
        device = Device("c" if what.type == stat.S_IFCHR else "b", *what.device)
        write_owner(name, Owner(what.uid, what.gid, device), dir_fd=folder)


REAL: Owners = _Real()
NOTED: Owners = _Noted()
