"""Secrets for a guest under PRoot, which can only show files that have a name: in shared memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ....errors import UnsupportedByEngineError
from .command import GuestMount
from .owners import Owner, write_owner

__all__ = ["SECRETS", "Secrets"]

_MEMORY = Path("/dev/shm")  # noqa: S108 (its files go into a folder of their own)
#: How the paths of all secrets begin.
SECRETS = f"{_MEMORY}/dockernb-"


class Secrets:
    """The secrets of one command, in a folder that only this user may enter."""

    def __init__(self) -> None:
        self.folder: str | None = None
        #: Path of the host -> path in the guest.
        self.binds: dict[str, str] = {}

    def add(self, mount: GuestMount) -> None:
        """Puts a secret there.

        Raises:
            UnsupportedByEngineError: this machine has no shared memory.
        """
        if not _is_in_memory(_MEMORY):
            raise UnsupportedByEngineError(
                f'the secret at "{mount.target}" cannot be kept off the disk',
                rule=f"PRoot can only show a file, and {_MEMORY} is no file system in memory.",
                state="The command was not started.",
                hint="Use the docker engine for this step: %engine docker",
            )
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix=os.path.basename(SECRETS), dir=_MEMORY)
        path = os.path.join(self.folder, str(len(self.binds)))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(mount.content)
            write_owner(descriptor, Owner(mount.uid, mount.gid))
        # Its owner is this user, whoever it is for: the supervisor asks the recorded one.
        os.chmod(path, mount.permissions)
        self.binds[path] = mount.target

    def remove(self) -> None:
        """Takes all away."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None
        self.binds.clear()


def _is_in_memory(folder: Path) -> bool:
    try:
        lines = Path("/proc/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    return any(line.split()[1:3] == [str(folder), "tmpfs"] for line in lines)
