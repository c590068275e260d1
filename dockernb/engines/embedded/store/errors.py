"""The operating system's answers about the store, in words for readers."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dockernb.errors import EngineError, StorageFullError

__all__ = ["disk_error", "is_full", "store_errors"]


@contextmanager
def store_errors(doing: str, folder: Path) -> Iterator[None]:
    """What fails on the disk in the block is told as an error of the engine.

    Args:
        doing: What is being done, for example `committing the snapshot`.
    """
    try:
        yield
    except OSError as err:
        raise disk_error(err, doing, folder) from err


def is_full(error: OSError) -> bool:
    """Whether there was no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def disk_error(error: OSError, doing: str, folder: Path) -> EngineError:
    """The error of the engine for one that came while `doing` something below `folder`."""
    if is_full(error):
        return StorageFullError(
            f'{doing}: the disk of "{folder}" is full',
            state="Nothing of this step was kept.",
            hint="Make room with `dockernb prune`, or set DOCKERNB_HOME to a folder on a "
            "larger disk.",
        )
    return EngineError(
        f'{doing} failed in "{folder}": {os.strerror(error.errno or 0)}',
        state="Nothing of this step was kept.",
        hint="Look at the folder's owner and mode, or set DOCKERNB_HOME to another folder.",
    )
