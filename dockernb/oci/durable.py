"""Bytes that are on the disk before anything says so."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

from .temporary import TemporaryFiles

__all__ = ["ASIDE", "sync_file", "sync_folder", "write_atomically"]

#: How the names of files begin that are not whole yet, where they lie beside whole ones.
ASIDE = "."


def sync_file(file: IO[bytes]) -> None:
    """Everything written to `file` is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """What was renamed into `folder`, or removed from it, stays so after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as err:
        # Some network file systems know no fsync of a folder; they do it by themselves.
        if err.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def write_atomically(file: Path, data: bytes) -> None:
    """Replaces the content of `file`; a crash at any moment leaves the old or the new one.

    What a killed process leaves beside it is a stray of `TemporaryFiles(folder, ASIDE)`.
    """
    with TemporaryFiles(file.parent, ASIDE).file() as (aside, handle):
        handle.write(data)
        sync_file(handle)
        aside.replace(file)
    sync_folder(file.parent)
