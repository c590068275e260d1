"""The first process of a guest, from its birth to the command's execve(2)."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import resource
import signal
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from . import syscalls
from .command import GuestCommand
from .denied import denying_program
from .inside import Inside
from .mounting import Mounter, change_root
from .network_files import HOSTNAME
from .proot import find_program, proot_command, proot_environment, proot_program
from .rung import Rung
from .supervisor.arch import BY_MACHINE, native
from .supervisor.notify import deny, install_filter

__all__ = ["LISTENER_MESSAGE", "Start", "become_guest"]

#: What comes with the listener's descriptor over the control socket.
LISTENER_MESSAGE = b"listener"
#: Docker's default when the image says nothing.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_BYTES = 4096
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


@dataclass(frozen=True)
class Start:
    """What a guest's first process is made from.

    Args:
        own_proc: It is in a pid namespace and may mount its own /proc.
        files: Read-only files of the network (path -> content), where there are mounts.
        program: The seccomp filter, on a supervised rung.
        binds: What PRoot shows besides the tree: path of the host -> path in the guest.
    """

    root: str
    rung: Rung
    command: GuestCommand
    stdout: int
    stderr: int
    own_proc: bool
    files: Mapping[str, bytes]
    program: bytes | None
    binds: Mapping[str, str] = field(default_factory=dict)


def become_guest(start: Start, control: socket.socket) -> NoReturn:
    """Makes this process the guest's command; says what failed on `control`, as JSON.

    Args:
        control: Tells as JSON what control groups limit, once this process is in them.
    """
    what, limited = "starting the command", None
    try:
        _take_streams(start, control)
        _forget_signals()
        os.setsid()
        what = "setting up the root file system"
        _enter_root(start)
        what = f'entering the working directory "{start.command.working_dir}"'
        _enter_working_dir(start)
        what = "setting user, limits and filter"
        if start.rung is Rung.OVERLAY_ROOT and platform.machine() in BY_MACHINE:
            deny(denying_program(native()))
        limited = set(json.loads(control.recv(_MOST_BYTES)))
        _take_credentials(start, limited)
        _execute(start, control)
    except OSError as error:
        if limited is None:
            control.recv(_MOST_BYTES)  # left unread, it would be a broken connection over there
        said = {"what": what, "errno": error.errno or 0, "error": error.strerror or str(error)}
        if error.filename:
            said["path"] = str(error.filename)
        control.sendall(json.dumps(said).encode())
    finally:
        os._exit(_NOT_EXECUTABLE)


def _take_streams(start: Start, control: socket.socket) -> None:
    """Descriptors 0, 1 and 2, and no others past execve(2)."""
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    high = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (start.stdout, start.stderr)]
    if control.fileno() < 3:
        raise OSError(errno.EBADF, "descriptors 0 to 2 must be open")
    os.dup2(null, 0)
    os.dup2(high[0], 1)
    os.dup2(high[1], 2)
    syscalls.close_on_exec_from(3)


def _forget_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            continue  # a number that libc keeps for itself
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _enter_root(start: Start) -> None:
    if start.rung.has_own_names:
        socket.sethostname(HOSTNAME)
    if start.command.network == "none":
        _raise_loopback()
    if start.rung.has_mounts:
        mounter = Mounter(start.root, start.rung, start.command.network, own_proc=start.own_proc)
        mounter.mount_all(start.files, start.command.mounts, start.command.shm_size)
        change_root(start.root)
        os.dup2(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), 0)  # the root's own
    elif start.rung is not Rung.PROOT:
        os.chroot(start.root)
    os.umask(0o022)
    os.chdir("/")


def _enter_working_dir(start: Start) -> None:
    path = start.command.working_dir
    if start.rung is not Rung.PROOT:
        os.chdir(path)
        return
    inside = Inside(start.root)  # PRoot would go to "/" if it were not there
    try:
        os.close(inside.open_folder(path))
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0)) from error


def _raise_loopback() -> None:
    """Sets IFF_UP on "lo" (netdevice(7)); a new network namespace has it down."""
    siocgifflags, siocsifflags, is_up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, siocgifflags, request), 16)[0]
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sH22x", b"lo", flags | is_up))


def _take_credentials(start: Start, limited: set[str]) -> None:
    limits, who = start.command.limits, start.command.credentials
    for name, value, controller in (
        (resource.RLIMIT_DATA, limits.memory, "memory"),
        (resource.RLIMIT_NPROC, limits.processes, "pids"),
    ):
        if value is not None and controller not in limited:
            resource.setrlimit(name, (value, value))
    for named, (soft, hard) in start.command.ulimits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{named.upper()}"), (soft, hard))
    syscalls.drop_bounding_set()
    if not start.rung.is_supervised:
        os.setgroups(sorted({who.gid, *who.groups}))
        os.setresgid(who.gid, who.gid, who.gid)
        os.setresuid(who.uid, who.uid, who.uid)
    # Changing ids clears it: last.
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def _supervise(start: Start, control: socket.socket) -> None:
    if start.program is None:
        return
    listener = install_filter(start.program)
    # From here on, calls in the filter wait for the supervisor; sendmsg(2) is not one of them.
    socket.send_fds(control, [LISTENER_MESSAGE], [listener])
    os.close(listener)


def _execute(start: Start, control: socket.socket) -> NoReturn:
    command = start.command
    env = dict(command.env)
    if not env.get("HOME"):
        env["HOME"] = command.credentials.home
    try:
        # Before the filter, which the lookup in a tree that is not "/" would not get through.
        launch = _traced_launch(start, env) if start.rung is Rung.PROOT else None
    except OSError as error:
        _give_up(command.argv[0], error)
    _supervise(start, control)
    try:
        path = _find(command.argv[0], env.get("PATH", _PATH)) if launch is None else launch[0]
        os.execve(*(launch or (path, command.argv, env)))  # noqa: S606 (the guest's command)
    except OSError as error:
        _give_up(command.argv[0], error)


def _give_up(name: str, error: OSError) -> NoReturn:
    missing = isinstance(error, FileNotFoundError)
    _say(name, error, in_path="/" not in name)
    os._exit(_NOT_FOUND if missing else _NOT_EXECUTABLE)


def _traced_launch(
    start: Start, env: Mapping[str, str]
) -> tuple[str, tuple[str, ...], Mapping[str, str]]:
    """PRoot with the command: program, arguments, environment."""
    command, program = start.command, proot_program()
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "PRoot is gone")
    path = find_program(Inside(start.root), command, env.get("PATH", _PATH))
    # PRoot finds it again by the same PATH; the name that the program gets for itself stays.
    name = command.argv[0] if env.get("PATH") and not command.argv[0].startswith("-") else path
    argv = (name, *command.argv[1:])
    words = proot_command(program, start.root, command.working_dir, start.binds, argv)
    return program, tuple(words), proot_environment(env)


def _find(name: str, path: str) -> str:
    """The program, as runc looks for it."""
    if "/" in name:
        return name
    denied = False
    for folder in path.split(":"):
        candidate = f"{folder or '.'}/{name}"
        if os.path.isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            denied = True
    if denied:
        raise PermissionError(errno.EACCES, "permission denied")
    raise FileNotFoundError(errno.ENOENT, "executable file not found in $PATH")


def _say(name: str, error: OSError, *, in_path: bool) -> None:
    reason = error.strerror or ""
    reason = reason[:1].lower() + reason[1:]
    shown = json.dumps(name)
    text = f"exec: {shown}: {reason}" if in_path else f"exec: {shown}: stat {name}: {reason}"
    os.write(2, f"{text}\n".encode())
