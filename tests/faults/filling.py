"""Disks that are full up to some bytes."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PIECE = 1 << 20


def fill(folder: Path, left: int) -> Path:
    """Fills the disk of a folder until so many bytes are left; returns the file that does it."""
    ballast = folder / f"ballast-{secrets.token_hex(4)}"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        piece = _PIECE
        while piece:
            try:
                os.write(descriptor, bytes(piece))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                piece //= 2
        os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - left))
    finally:
        os.close(descriptor)
    return ballast


def free(ballast: Path) -> None:
    """Makes room again."""
    ballast.unlink()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory at `folder`, which is made."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
