"""What an ordinary user owns, but may not touch by its mode, opened up for a moment.

In a user namespace root may read and write whatever its mode says. Where there is none, the owner
of a file can only give itself the right and take it back.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

__all__ = ["is_closed", "opened_up"]

_READ_WRITE, _ENTER = 0o600, 0o100


def is_closed(path: str | bytes | int) -> bool:
    """Whether the mode denies its owner reading, writing or, of a folder, entering."""
    mode = os.stat(path).st_mode
    return _opened(mode) != stat.S_IMODE(mode)


@contextlib.contextmanager
def opened_up(path: str | bytes | int) -> Iterator[None]:
    """Gives the owner all rights on a file or folder, links followed, and restores the mode.

    Raises:
        OSError: it is not there, or somebody else's.
    """
    mode = os.stat(path).st_mode
    if _opened(mode) == stat.S_IMODE(mode):
        yield
        return
    os.chmod(path, _opened(mode))
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.chmod(path, stat.S_IMODE(mode))


def _opened(mode: int) -> int:
    return stat.S_IMODE(mode) | _READ_WRITE | (_ENTER if stat.S_ISDIR(mode) else 0)
