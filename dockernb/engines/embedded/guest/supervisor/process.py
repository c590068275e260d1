"""Looking into a guest's process that waits in a system call. All that is read is hostile."""

from __future__ import annotations

import errno
import os

from .notify import Call

__all__ = ["read_memory", "read_path", "thread_group", "umask_of", "write_memory"]

_PAGE = 4096
#: PATH_MAX of Linux, its end included.
_MOST_PATH = 4096


def read_memory(call: Call, address: int, length: int) -> bytes:
    """`length` bytes at `address`; EFAULT as the kernel would say."""
    memory = _open_memory(call, os.O_RDONLY)
    try:
        content = os.pread(memory, length, address)
    except (OSError, OverflowError) as error:
        raise OSError(errno.EFAULT, "bad address") from error
    finally:
        os.close(memory)
    if len(content) != length:
        raise OSError(errno.EFAULT, "bad address")
    return content


def read_path(call: Call, address: int) -> bytes:
    """The zero-terminated string at `address`, at most PATH_MAX long."""
    memory = _open_memory(call, os.O_RDONLY)
    found = b""
    try:
        while len(found) < _MOST_PATH:
            # Never across a page that may not be there: the string may end before it.
            part = os.pread(memory, _PAGE - address % _PAGE, address)
            text, end, _ = part.partition(b"\0")
            found += text
            if end:
                return found
            address += len(part)
            if not part:
                break
    except (OSError, OverflowError) as error:
        raise OSError(errno.EFAULT, "bad address") from error
    finally:
        os.close(memory)
    raise OSError(errno.ENAMETOOLONG, "path too long")


def write_memory(call: Call, address: int, content: bytes) -> None:
    """Writes into the guest; EFAULT as the kernel would say."""
    memory = _open_memory(call, os.O_RDWR)
    try:
        os.pwrite(memory, content, address)
    except (OSError, OverflowError) as error:
        raise OSError(errno.EFAULT, "bad address") from error
    finally:
        os.close(memory)


def _open_memory(call: Call, flags: int) -> int:
    memory = os.open(f"/proc/{call.pid}/mem", flags | os.O_CLOEXEC)
    # Only now is it sure that the number was still the caller's (seccomp_unotify(2)).
    if not call.listener.is_waiting(call):
        os.close(memory)
        raise ProcessLookupError(errno.ESRCH, "the caller is gone")
    return memory


def umask_of(pid: int) -> int:
    """The process's umask."""
    return int(_status(pid, b"Umask:"), 8)


def thread_group(pid: int) -> int:
    """The process that a thread belongs to."""
    return int(_status(pid, b"Tgid:"))


def _status(pid: int, field: bytes) -> bytes:
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(field):
                return line[len(field) :].strip()
    raise OSError(errno.ESRCH, "no such process")
