"""The first process of a guest under PRoot: PRoot's child, whose end only PRoot is told."""

from __future__ import annotations

import fcntl
import os
import signal
import struct

__all__ = ["MainProcess"]

# linux/pidfd.h: PIDFD_GET_INFO with struct pidfd_info of 64 bytes; the exit code since Linux 6.15.
_GET_INFO, _WITH_EXIT = 0xC040FF0B, 1 << 3
_INFO = struct.Struct("=QQ11Ii")
_EXIT_CODE = 13


class MainProcess:
    """See the module.

    Args:
        pid: It must be alive.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.descriptor = os.pidfd_open(pid)

    def code_of_signal(self) -> int:
        """128 + n, to be asked when it was ended by signal n and nobody is left of the guest.

        Where neither we have become its parent, nor the kernel remembers, it is taken for killed:
        that is what a lack of memory does.
        """
        try:
            _, status = os.waitpid(self._pid, 0)
        except ChildProcessError:
            status = self._remembered_status()
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def _remembered_status(self) -> int:
        request = bytearray(_INFO.size)
        struct.pack_into("=Q", request, 0, _WITH_EXIT)
        try:
            fcntl.ioctl(self.descriptor, _GET_INFO, request)
        except OSError:
            return signal.SIGKILL
        fields = _INFO.unpack(request)
        return fields[_EXIT_CODE] if fields[0] & _WITH_EXIT else signal.SIGKILL
