"""Which process has which ids, kept by the kernel itself.

The resource limit RLIMIT_LOCKS has had no effect since Linux 2.4, belongs to a process with all its
threads, and is inherited by fork and exec at the very moment they happen. The supervisor writes the
number of an entry of its table there; no process is ever mistaken for another, however quickly its
parent ends. Guests do not see it: `limit_calls` answers what they ask of this limit.
"""

from __future__ import annotations

import errno
import resource

from .arch import RLIMIT_LOCKS
from .ids import Ids

__all__ = ["IdTable"]

_FIRST_TAG = 0x646E62000000
_MOST_ENTRIES = 4096


class IdTable:
    """The ids of all processes of a guest; those never changed have the ids it started with."""

    def __init__(self, initial: Ids) -> None:
        self._entries = [initial]
        self._numbers = {initial: 0}
        self.only_root = _is_root(initial)

    def of(self, pid: int) -> Ids:
        """The ids of a process or of a thread's process."""
        if len(self._entries) == 1:
            return self._entries[0]
        tag = resource.prlimit(pid, RLIMIT_LOCKS)[0] - _FIRST_TAG
        return self._entries[tag if 0 <= tag < len(self._entries) else 0]

    def set(self, pid: int, ids: Ids) -> None:
        """Gives a process other ids; EAGAIN when there are too many different ones."""
        number = self._numbers.get(ids)
        if number is None:
            number = len(self._entries)
            if number >= _MOST_ENTRIES:
                raise OSError(errno.EAGAIN, "too many different ids")
            self._entries.append(ids)
            self._numbers[ids] = number
            self.only_root = self.only_root and _is_root(ids)
        limit = resource.prlimit(pid, RLIMIT_LOCKS)[1]
        resource.prlimit(pid, RLIMIT_LOCKS, (_FIRST_TAG + number, limit))


def _is_root(ids: Ids) -> bool:
    return ids.capable and ids.user.file_system == 0 and ids.group.file_system == 0
