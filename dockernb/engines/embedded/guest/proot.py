"""The program PRoot (https://proot-me.github.io): how it is started, and how it is ended.

It translates the paths of a guest by ptrace(2), and needs nothing that a container's default
profile denies. Owners and ids are the supervisor's, as in a user namespace; PRoot's own `-0` is not
used: it takes every file for the user's own.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import signal
import stat
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .command import GuestCommand
from .inside import Inside
from .killing import descendants

__all__ = [
    "end_traced",
    "find_program",
    "has_guests",
    "proot_command",
    "proot_environment",
    "proot_program",
    "stop_tracer",
]

_HOST_FOLDERS = ("/proc", "/sys")
_LEFT_BEHIND = "/tmp/prooted-{pid}-*"  # noqa: S108 (PRoot's choice)
_PATIENCE = 1.0


def proot_program() -> str | None:
    """Where it is installed."""
    return shutil.which("proot")


def proot_command(
    program: str, root: str, working_dir: str, binds: Mapping[str, str], argv: Sequence[str]
) -> list[str]:
    """The command line that runs `argv` in `root`.

    Args:
        binds: Path of the host -> path in the guest, besides /proc and /sys.
    """
    pairs = [(folder, folder) for folder in _HOST_FOLDERS] + list(binds.items())
    options = [word for source, target in pairs for word in ("-b", f"{source}:{target}")]
    return [program, "-v", "-1", "-r", root, *options, "-w", working_dir, *argv]


def proot_environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with what PRoot is told; the supervisor takes it out before the guest sees it.

    Without PRoot's own seccomp filter: the answer of ours, to ask the supervisor, comes before its
    answer, to stop the process, and paths would go by untranslated.
    """
    return {**env, "PROOT_NO_SECCOMP": "1"}


def find_program(inside: Inside, command: GuestCommand, path: str) -> str:
    """The guest's path of the program that `command` names, as runc looks for it.

    PRoot would say in its own words what it cannot execute.

    Raises:
        FileNotFoundError, PermissionError: it is not there, or cannot be executed.
    """
    name = command.argv[0]
    if "/" in name:
        found = os.path.join(command.working_dir, name)
        if not _is_executable(inside, found):
            raise PermissionError(errno.EACCES, "permission denied")
        return found
    denied = False
    for folder in path.split(":"):
        candidate = os.path.join(command.working_dir, folder, name)
        with contextlib.suppress(OSError):
            if _is_executable(inside, candidate):
                return candidate
            denied = True
    if denied:
        raise PermissionError(errno.EACCES, "permission denied")
    raise FileNotFoundError(errno.ENOENT, "executable file not found in $PATH")


def _is_executable(inside: Inside, path: str) -> bool:
    try:
        descriptor = inside.open(path)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0)) from error
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return is_file and os.access(f"/proc/self/fd/{descriptor}", os.X_OK)
    finally:
        os.close(descriptor)


def has_guests(tracer: int) -> bool:
    """Whether any process but PRoot lives below this one."""
    return bool(_living_guests(tracer))


def stop_tracer(tracer: int) -> None:
    """Stops PRoot: from then on a process of its guest gets past no system call, so none forks."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(tracer, signal.SIGSTOP)


def end_traced(tracer: int) -> None:
    """Kills all that PRoot traces, and then PRoot: guests without it would run on the host's paths.

    What PRoot has left behind in /tmp is removed.
    """
    stop_tracer(tracer)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        living = _living_guests(tracer)
        if not living:
            break
        for pid in living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.kill(tracer, signal.SIGKILL)
    for left in glob.glob(_LEFT_BEHIND.format(pid=tracer)):
        shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(left)


def _living_guests(tracer: int) -> list[int]:
    return [pid for pid in descendants(os.getpid()) if pid != tracer and _is_living(pid)]


def _is_living(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return text.rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
