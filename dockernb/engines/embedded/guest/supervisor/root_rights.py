"""Root's right to what its own modes close, where no user namespace gives it: under PRoot.

All paths are absolute, and the host's. A call is done here only where the kernel would refuse it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from ..opened_up import is_closed, opened_up
from .context import GO_ON
from .notify import Call
from .process import read_path, umask_of

__all__ = ["change_as_root", "open_as_root"]

_AT_REMOVEDIR = 0x200

Action = Callable[[Call, list[bytes]], None]


def _unlinkat(call: Call, paths: list[bytes]) -> None:
    (os.rmdir if call.args[2] & _AT_REMOVEDIR else os.unlink)(paths[0])


def _link(register: int) -> Action:
    def action(call: Call, paths: list[bytes]) -> None:
        os.link(read_path(call, call.args[register]), paths[0], follow_symlinks=False)

    return action


def _mkdir(register: int) -> Action:
    def action(call: Call, paths: list[bytes]) -> None:
        os.mkdir(paths[0], 0o700)
        os.chmod(paths[0], call.args[register] & 0o1777 & ~umask_of(call.pid))

    return action


def _symlink(call: Call, paths: list[bytes]) -> None:
    os.symlink(read_path(call, call.args[0]), paths[0])


_ACTIONS: dict[str, Action] = {
    "unlink": lambda _, paths: os.unlink(paths[0]),
    "rmdir": lambda _, paths: os.rmdir(paths[0]),
    "unlinkat": _unlinkat,
    "rename": lambda _, paths: os.rename(*paths),
    "renameat": lambda _, paths: os.rename(*paths),
    "link": _link(0),
    "linkat": _link(1),
    "mkdir": _mkdir(1),
    "mkdirat": _mkdir(2),
    "symlink": _symlink,
    "symlinkat": _symlink,
}


def change_as_root(name: str, call: Call, registers: list[int]) -> int:
    """The call `name`, which puts a name into a folder or takes one out.

    Args:
        registers: Where the paths are whose folders change.
    """
    action = _ACTIONS.get(name)
    if action is None:
        return GO_ON
    paths = [read_path(call, call.args[register]) for register in registers]
    folders = [os.path.dirname(path) for path in paths]
    try:
        if not any(map(is_closed, folders)):
            return GO_ON
    except OSError:
        return GO_ON
    with contextlib.ExitStack() as stack:
        for folder in folders:
            stack.enter_context(opened_up(folder))
        action(call, paths)
    return 0


def open_as_root(call: Call, path: bytes, flags: int, mode: int) -> int | None:
    """A descriptor of what `path` names, to hand over; None where the kernel can open it."""
    is_new = bool(flags & os.O_CREAT) and not os.path.lexists(path)
    closed = os.path.dirname(path) if is_new else path
    try:
        if flags & os.O_PATH or os.path.islink(closed) or not is_closed(closed):
            return None
        with opened_up(closed):
            opened = os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if is_new:
        os.fchmod(opened, mode & 0o7777 & ~umask_of(call.pid))
    return opened
