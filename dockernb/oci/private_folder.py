"""Folders that are their owner's alone: what lies in them decides what runs."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["make_private_folder"]


def make_private_folder(folder: Path) -> None:
    """Makes the folder and what is missing above it, 0700 whatever the umask.

    A folder of ours that others may enter (an image's setuid programs would be theirs to run) is
    closed to them.

    Raises:
        PermissionError: it is there and somebody else's, who could put anything into it. Root may
            use what it is told to.
        OSError: it cannot be made.
    """
    if folder.parent != folder and not folder.parent.exists():
        make_private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if os.geteuid() not in {0, found.st_uid}:
        raise PermissionError(errno.EPERM, "it belongs to another user", os.fspath(folder))
    if found.st_uid == os.geteuid() and found.st_mode & 0o077:
        folder.chmod(stat.S_IMODE(found.st_mode) & 0o700)
